//! `sealwire search`.

use clap::{Args, ValueEnum};
use sealwire_core::search::{
    Filter, Has, Is, LARGEST_PAGE, SearchHit, SearchPage, SearchRequest, Snippet, Sort, When,
};

use crate::{
    chat::{resolve, short_id},
    context::Context,
    exit::{Failure, Outcome},
    output::{DIM, FOUND, Line, NAME, Page},
    time::minute,
};

const LANGUAGE: &str = "\
What a query can say (put it in '…', or your shell takes quotation marks and
stars for itself):
  word other       both words, in any order; accents and case do not matter
  \"a phrase\"       these words one after the other
  wor*             words that begin so
  -word            without this; also -\"a phrase\" and -from:bob
  今天             any part of a text in Chinese, Japanese, Korean, Thai …
  from:bob         written by; from:me for your own
  in:Team          in a conversation; in:\"Two words\"
  before:2026-03   before that month began; also a day or a year
  after:yesterday  after that day had ended
  on:today         on that day, in that month or year
  has:link         also file, image, audio, video, mention
  is:own           also edited, reply, important
With several of from:, in: or on: one has to fit, of everything else all.
Where a word with a minus stands by itself, put -- before the query:
  sealwire search -- hello -bob";

/// Options of `search`.
#[derive(Debug, Args)]
#[command(after_help = LANGUAGE)]
pub(crate) struct Search {
    /// What to look for
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    /// Only in this conversation: its name, its id, or the beginning of the id
    #[arg(long = "in", value_name = "CHAT")]
    chats: Vec<String>,
    /// Only written by this person, or `me`
    #[arg(long, value_name = "HANDLE")]
    from: Vec<String>,
    /// Only before this day, month or year
    #[arg(long, value_name = "DAY", value_parser = day)]
    before: Option<When>,
    /// Only after this day, month or year
    #[arg(long, value_name = "DAY", value_parser = day)]
    after: Option<When>,
    /// Only on this day, in this month or year
    #[arg(long, value_name = "DAY", value_parser = day)]
    on: Option<When>,
    /// Only with something in it
    #[arg(long, value_name = "WHAT", value_parser = has)]
    has: Vec<Has>,
    /// Only of a kind
    #[arg(long, value_name = "KIND", value_parser = is)]
    is: Vec<Is>,
    /// Show at most so many hits
    #[arg(long, default_value = "20", value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(LARGEST_PAGE)))]
    limit: u32,
    /// What comes first
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    sort: Order,
    /// Go on where the page before ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// End with exit code 1 if nothing is found
    #[arg(long)]
    exit_empty: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    Newest,
    Relevance,
}

fn day(text: &str) -> Result<When, String> {
    When::parse(text)
        .ok_or_else(|| "write 2026-03-05, 2026-03, 2026, today or yesterday".to_owned())
}

fn has(text: &str) -> Result<Has, String> {
    Has::parse(text).ok_or_else(|| format!("it can be one of: {}", Has::words().join(", ")))
}

fn is(text: &str) -> Result<Is, String> {
    Is::parse(text).ok_or_else(|| format!("it can be one of: {}", Is::words().join(", ")))
}

/// Runs the command.
pub(crate) async fn run(context: &Context, options: Search) -> Outcome {
    let client = context.open().await?;
    let mut filters: Vec<Filter> = options.from.into_iter().map(Filter::From).collect();
    for chat in &options.chats {
        filters.push(Filter::In(resolve(&client, chat).await?.to_string()));
    }
    filters.extend(options.before.map(Filter::Before));
    filters.extend(options.after.map(Filter::After));
    filters.extend(options.on.map(Filter::On));
    filters.extend(options.has.into_iter().map(Filter::Has));
    filters.extend(options.is.into_iter().map(Filter::Is));
    let request = SearchRequest {
        query: options.query.join(" "),
        typing: false,
        filters,
        sort: match options.sort {
            Order::Newest => Sort::Newest,
            Order::Relevance => Sort::Relevance,
        },
        limit: options.limit,
        cursor: options.cursor,
    };
    let mut found = client.search(&request).await?;
    if !found.complete {
        context
            .out
            .note("taking in older history; this happens once…");
        client.finish_search_index().await?;
        found = client.search(&request).await?;
    }
    client.shutdown().await;
    context.out.result(&found, |page| print(page, &found))?;
    if let Some(ranked) = found.ranked_newest {
        context.out.note(&format!(
            "there are more: only the newest {ranked} were compared with each other"
        ));
    }
    if let Some(next) = &found.next {
        context.out.note(&format!("more with --cursor {next}"));
    }
    if found.hits.is_empty() && options.exit_empty {
        return Err(Failure::Empty);
    }
    Ok(())
}

fn print(page: &mut Page, found: &SearchPage) {
    for hit in &found.hits {
        page.line(heading(hit));
        page.marked("  ", &pieces(&hit.snippet));
        for file in &hit.files {
            page.marked("  file: ", &pieces(file));
        }
    }
}

fn heading(hit: &SearchHit) -> Line {
    Line::new()
        .styled(DIM, minute(hit.at_ms))
        .plain("  ")
        .styled(NAME, &hit.sender)
        .plain("  ")
        .plain(&hit.conversation_name)
        .plain(" ")
        .styled(
            DIM,
            format!("{}@{}", short_id(&hit.conversation), hit.position),
        )
}

/// A snippet in pieces that are found or not.
fn pieces(snippet: &Snippet) -> Vec<(anstyle::Style, String)> {
    let dots = |cut: bool| (DIM, if cut { "…" } else { "" }.to_owned());
    let mut chars = snippet.text.chars();
    let mut pieces = vec![dots(snippet.cut_before)];
    let mut at = 0;
    for range in &snippet.highlights {
        let before: String = chars.by_ref().take(range.start - at).collect();
        let found: String = chars.by_ref().take(range.len()).collect();
        pieces.push((anstyle::Style::new(), before));
        pieces.push((FOUND, found));
        at = range.end;
    }
    pieces.push((anstyle::Style::new(), chars.collect()));
    pieces.push(dots(snippet.cut_after));
    pieces
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn hit(text: &str, highlights: impl IntoIterator<Item = (usize, usize)>) -> SearchHit {
        SearchHit {
            conversation: "1f3a22bc".repeat(4),
            conversation_name: "Team\nx".into(),
            id: "0a".repeat(16),
            position: 7,
            sender: "bob@acme".into(),
            sender_kind: sealwire_core::api::DeviceKind::Person,
            own: false,
            at_ms: 1_795_478_580_000,
            snippet: Snippet {
                text: text.into(),
                highlights: highlights
                    .into_iter()
                    .map(|(start, end)| start..end)
                    .collect(),
                cut_before: true,
                cut_after: false,
            },
            files: Vec::new(),
        }
    }

    fn page(hit: SearchHit) -> String {
        let found = SearchPage {
            query: Default::default(),
            hits: vec![hit],
            next: None,
            ranked_newest: None,
            complete: true,
        };
        let mut page = Page::new(Some(80));
        print(&mut page, &found);
        page.styled().to_owned()
    }

    #[test]
    fn what_was_found_stands_out_and_lines_fit() {
        let text = "word ".repeat(29);
        let styled = page(hit(&text, [(5, 9), (70, 74)]));
        let mark = format!("{FOUND}word{FOUND:#}");
        assert_eq!(styled.matches(&mark).count(), 2, "{styled}");
        let plain = anstream::adapter::strip_str(&styled).to_string();
        assert!(plain.lines().all(|line| line.width() <= 80), "{plain}");
        assert!(plain.lines().nth(1).unwrap().starts_with("  …word word"));
        assert_eq!(plain.matches("word").count(), 29);
        assert!(plain.contains("bob@acme  Team\\nx 1f3a22bc@7"));
    }

    #[test]
    fn right_to_left_text_stays_in_one_piece() {
        let styled = page(hit("שלום עולם", [(5, 9)]));
        let plain = anstream::adapter::strip_str(&styled).to_string();
        assert!(plain.contains("\u{2068}…שלום עולם\u{2069}"), "{plain:?}");
    }

    #[test]
    fn a_hit_cannot_steer_the_terminal() {
        let styled = page(hit("a\u{1b}[2J\u{202e}b\rc", [(0, 2)]));
        let plain = anstream::adapter::strip_str(&styled).to_string();
        assert!(!plain.contains(['\u{1b}', '\u{202e}', '\r']), "{plain:?}");
        assert!(plain.contains("\\u{1b}"));
    }
}
