//! The record as Markdown and as a page of its own.

use super::Record;

const NOT_STATED: &str = "NOT STATED";

/// What stands at the top: name and text.
fn head(record: &Record) -> Vec<(&'static str, String)> {
    let said = &record.said;
    let given = |text: &str| {
        if text.is_empty() {
            NOT_STATED.to_owned()
        } else {
            text.to_owned()
        }
    };
    let list = |list: &[String], empty: &str| {
        if list.is_empty() {
            empty.to_owned()
        } else {
            list.join("; ")
        }
    };
    let officer = said.data_protection_officer.as_deref();
    vec![
        ("Controller", given(&said.controller)),
        ("Contact", given(&said.contact)),
        (
            "Data protection officer",
            officer.unwrap_or("none").to_owned(),
        ),
        ("Purposes", list(&said.purposes, NOT_STATED)),
        ("Whose data", list(&said.data_subjects, NOT_STATED)),
        (
            "Transfers to third countries",
            list(&said.transfers, "none"),
        ),
        ("Security measures", list(&said.security_measures, "none")),
        ("Generated", said.generated.to_string()),
    ]
}

/// Of a category: name and text.
fn facts(category: &sealwire_audit::predicate::DataCategory) -> Vec<(&'static str, String)> {
    let or = |text: String, empty: &str| {
        if text.is_empty() {
            empty.to_owned()
        } else {
            text
        }
    };
    let days = category.retention_days;
    vec![
        ("Legal basis", or(category.legal_basis.clone(), NOT_STATED)),
        ("Recipients", or(category.recipients.join("; "), "nobody")),
        ("Place", or(category.location.clone(), NOT_STATED)),
        (
            "Kept",
            days.map_or_else(
                || "until it is removed, as the ledger tells".to_owned(),
                |days| format!("{days} days at most"),
            ),
        ),
    ]
}

/// The record as Markdown.
pub(crate) fn markdown(record: &Record) -> String {
    let mut page = String::from("# Record of processing activities (GDPR Art. 30)\n\n");
    for (name, text) in head(record) {
        page.push_str(&format!("* **{name}:** {text}\n"));
    }
    for category in &record.said.categories {
        page.push_str(&format!("\n## {}\n\n", category.name));
        for (name, text) in facts(category) {
            page.push_str(&format!("* **{name}:** {text}\n"));
        }
        page.push_str("\n| field | what it tells |\n|---|---|\n");
        for told in record
            .fields
            .iter()
            .filter(|told| told.category == category.name)
        {
            page.push_str(&format!("| {} | {} |\n", told.field, told.tells));
        }
    }
    page
}

/// The record as one page that needs nothing else.
pub(crate) fn html(record: &Record) -> String {
    let mut page = String::from(concat!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
        "style-src 'unsafe-inline'\">\n<title>Record of processing activities</title>\n",
        "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}",
        "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;",
        "border-bottom:1px solid;padding:.25rem .5rem}</style>\n</head>\n<body>\n",
        "<h1>Record of processing activities (GDPR Art. 30)</h1>\n"
    ));
    table(&mut page, &head(record));
    for category in &record.said.categories {
        page.push_str(&format!("<h2>{}</h2>\n", escaped(&category.name)));
        table(&mut page, &facts(category));
        let fields = record
            .fields
            .iter()
            .filter(|told| told.category == category.name);
        let rows: Vec<(&str, String)> = fields
            .map(|told| (told.field.as_str(), told.tells.clone()))
            .collect();
        table(&mut page, &rows);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn table(page: &mut String, rows: &[(&str, String)]) {
    page.push_str("<table>\n");
    for (name, text) in rows {
        let (name, text) = (escaped(name), escaped(text));
        page.push_str(&format!(
            "<tr><th scope=\"row\">{name}</th><td>{text}</td></tr>\n"
        ));
    }
    page.push_str("</table>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use sealwire_audit::predicate::Time;

    use super::*;
    use crate::config::Config;

    #[test]
    fn what_is_missing_is_seen_and_text_is_no_markup() {
        let mut config = Config::default();
        config.processing.controller = "Acme <script>".into();
        let record = Record::of(&config, Time::from_millis(0).expect("a time"));
        let text = markdown(&record);
        assert!(text.contains("* **Contact:** NOT STATED"), "{text}");
        assert!(
            text.contains("| handle | name of a person or bot, as they chose it |"),
            "{text}"
        );
        let page = html(&record);
        assert!(
            page.contains("Acme &lt;script&gt;") && !page.contains("<script"),
            "{page}"
        );
    }
}
