//! Tantivy, with jieba for Chinese words, as a peer of the benchmark `search`. Its files are not
//! encrypted. As in Sealwire's own index, there are no texts in it.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod query;
mod tokenizer;

use std::path::Path;
use std::process::ExitCode;

use query::Fields;
use sealwire_peer::{ALL, Engine, Message, PAGE, Result, STEP};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Query};
use tantivy::schema::{
    FAST, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, IndexReader, IndexWriter, Order, TantivyDocument};

const TOKENIZER: &str = "jieba";
/// Memory of its writer, bytes, for all threads.
const WRITER: usize = 200_000_000;

struct Tantivy {
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

impl Engine for Tantivy {
    fn index(folder: &Path, mode: &str, messages: &[Message]) -> Result<Self> {
        if mode != TOKENIZER {
            return Err(format!("there is no mode {mode}, only {TOKENIZER}").into());
        }
        let (schema, fields) = schema();
        let index = Index::create_in_dir(folder, schema)?;
        index.tokenizers().register(TOKENIZER, tokenizer::Words);
        let mut writer: IndexWriter = index.writer(WRITER)?;
        for step in messages.chunks(STEP) {
            for message in step {
                writer.add_document(document(fields, message))?;
            }
            writer.commit()?;
        }
        writer.wait_merging_threads()?;
        let reader = index.reader()?;
        Ok(Self {
            index,
            reader,
            fields,
        })
    }

    fn say(&self, _: &str, text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn newest(&self, said: &str) -> Result<Vec<u64>> {
        self.ask(&*self.fields.query(&self.index, said)?, PAGE)
    }

    fn all(&self, said: &str, chat: u64) -> Result<Vec<u64>> {
        let query = self.fields.query(&self.index, said)?;
        let both = BooleanQuery::intersection(vec![query, self.fields.in_chat(chat)]);
        self.ask(&both, ALL)
    }
}

impl Tantivy {
    /// Newest first: ids rise with time.
    fn ask(&self, query: &dyn Query, limit: usize) -> Result<Vec<u64>> {
        let newest = TopDocs::with_limit(limit).order_by_u64_field("id", Order::Desc);
        let hits = self.reader.searcher().search(query, &newest)?;
        Ok(hits.into_iter().filter_map(|(id, _)| id).collect())
    }
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default().set_indexing_options(indexing);
    let fields = Fields {
        id: schema.add_u64_field("id", FAST),
        text: schema.add_text_field("text", text),
        sender: schema.add_text_field("sender", STRING),
        chat: schema.add_u64_field("chat", INDEXED),
        at_ms: schema.add_i64_field("at_ms", FAST),
        link: schema.add_bool_field("link", INDEXED),
    };
    (schema.build(), fields)
}

fn document(fields: Fields, message: &Message) -> TantivyDocument {
    let link = ["http://", "https://"];
    let link = link.iter().any(|start| message.text.contains(start));
    let sender = message.sender.split('@').next().unwrap_or_default();
    let mut document = TantivyDocument::new();
    document.add_u64(fields.id, message.id);
    document.add_text(fields.text, &message.text);
    document.add_text(fields.sender, sender);
    document.add_u64(fields.chat, message.chat);
    document.add_i64(fields.at_ms, message.at_ms);
    document.add_bool(fields.link, link);
    document
}

fn main() -> ExitCode {
    sealwire_peer::run::<Tantivy>()
}
