//! Each predicate against its example and against its schema in `docs/predicates/`.

mod examples;

use std::fs;

use serde_json::{Value, json};

use super::*;
use examples::{examples, statement, written};

fn schema(name: &str) -> jsonschema::Validator {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/predicates");
    let text = fs::read_to_string(format!("{docs}/{name}.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

fn parse(value: &Value) -> Result<Known, Malformed> {
    Known::parse(&Statement::parse(value.to_string().as_bytes())?)
}

/// Whether the members have the right names and forms, whatever they say together.
fn has_form(name: &str, predicate: &Value) -> bool {
    fn is<T: Predicate>(predicate: &Value) -> bool {
        T::deserialize(predicate).is_ok()
    }
    match name {
        "access-export" => is::<AccessExport>(predicate),
        "config-snapshot" => is::<ConfigSnapshot>(predicate),
        "erasure" => is::<Erasure>(predicate),
        "incident" => is::<Incident>(predicate),
        "key-directory" => is::<KeyDirectory>(predicate),
        "legal-hold" => is::<LegalHold>(predicate),
        "restore-drill" => is::<RestoreDrill>(predicate),
        "retention-run" => is::<RetentionRun>(predicate),
        "ropa" => is::<Ropa>(predicate),
        "storage-census" => is::<StorageCensus>(predicate),
        "subject-request" => is::<SubjectRequest>(predicate),
        _ => panic!("{name}"),
    }
}

/// The paths of all members and elements, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut into = |key: &str, value: &Value| {
        let path = format!("{at}/{key}");
        places(value, &path, found);
        found.push(path);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| into(key, value)),
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                into(&place.to_string(), value);
            }
        }
        _ => {}
    }
}

/// `value` with one place removed, changed, or something added beside it.
fn changed(value: &Value, path: &str) -> Vec<Value> {
    let (parent, key) = path.rsplit_once('/').unwrap();
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Value)| {
        let mut other = value.clone();
        change(other.pointer_mut(parent).unwrap());
        all.push(other);
    };
    if let Some(Value::Object(_)) = value.pointer(parent) {
        with(&|parent| drop(parent.as_object_mut().unwrap().remove(key)));
        with(&|parent| parent["unknown"] = json!(1));
    }
    for new in [
        json!(null),
        json!(true),
        json!(false),
        json!(-1),
        json!(0),
        json!(7),
        json!(7.25),
        json!("x"),
        json!("2026-11-25T23:00:00.250Z"),
        json!("AB".repeat(32)),
        json!("ab".repeat(32)),
        json!([]),
        json!({}),
    ] {
        with(&|parent| match parent {
            Value::Array(values) => values[key.parse::<usize>().unwrap()] = new.clone(),
            _ => parent[key] = new.clone(),
        });
    }
    all
}

#[test]
fn every_predicate_has_an_example() {
    let names: Vec<&str> = examples().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, Known::NAMES);
    let mut all = String::new();
    for (name, predicate) in examples() {
        let value = statement(name, &predicate);
        let known = parse(&value).unwrap();
        assert_eq!(known.name(), name);
        let again = written(&known);
        assert_eq!(again.predicate(), &predicate, "{name}");
        assert_eq!(again.predicate_type(), format!("{BASE}{name}/v1"));
        let said = serde_json::to_string_pretty(&value).unwrap();
        all += &format!("{name}, signed by the {}\n{said}\n\n", known.signer());
    }
    insta::assert_snapshot!(all);
}

#[test]
fn schemas_and_types_say_the_same() {
    for (name, predicate) in examples() {
        let schema = schema(name);
        let valid = |predicate: &Value| schema.is_valid(&statement(name, predicate));
        assert!(valid(&predicate), "{name}");
        let mut paths = Vec::new();
        places(&predicate, "", &mut paths);
        let mut refused = 0;
        for path in &paths {
            for other in changed(&predicate, path) {
                let form = has_form(name, &other);
                assert_eq!(valid(&other), form, "{name} {path}: {other}");
                refused += usize::from(!form);
            }
        }
        assert!(refused > paths.len() * 5, "{name}: {refused}");
    }
}

#[test]
fn a_schema_is_for_one_type() {
    for (name, predicate) in examples() {
        let good = statement(name, &predicate);
        for (member, new) in [
            ("_type", json!("https://in-toto.io/Statement/v0.1")),
            ("predicateType", json!(format!("{BASE}{name}/v2"))),
            ("subject", json!([])),
            ("subject", json!([{"name": "relay"}])),
            ("subject", json!([{"digest": {"sha256": "00"}}])),
            ("predicate", json!(null)),
        ] {
            let mut other = good.clone();
            other[member] = new;
            assert!(!schema(name).is_valid(&other), "{name}: {member}");
            assert!(parse(&other).is_err(), "{name}: {member}");
        }
    }
}

#[test]
fn members_must_fit_together() {
    let early = json!("2026-11-25T22:59:59Z");
    for (name, path, new) in [
        ("access-export", "/completed", early.clone()),
        ("erasure", "/completed", early.clone()),
        ("erasure", "/steps/1/at", early.clone()),
        ("erasure", "/devices/told", json!(8)),
        ("incident", "/clocks/0/due", early.clone()),
        ("key-directory", "/to", early.clone()),
        (
            "key-directory",
            "/accounts",
            json!(9_007_199_254_740_992_u64),
        ),
        ("restore-drill", "/ended", early.clone()),
        ("restore-drill", "/ok", json!(true)),
        ("restore-drill", "/incarnation/old", json!("08".repeat(16))),
        ("retention-run", "/ended", early),
        ("retention-run", "/removed/0/removed", json!(0)),
        (
            "retention-run",
            "/removed/0/newest",
            json!("2026-10-26T21:59:59Z"),
        ),
        ("ropa", "/purposes", json!([])),
        ("storage-census", "/unparsedTotal", json!(0)),
        ("storage-census", "/stored/0/count", json!(4)),
        ("storage-census", "/stored/0/sizeBuckets/0/upTo", json!(512)),
        (
            "subject-request",
            "/answered",
            json!("2026-11-25T22:59:59Z"),
        ),
        ("subject-request", "/due", json!("2026-11-25T22:59:59Z")),
    ] {
        let mut examples = examples().into_iter();
        let (_, mut predicate) = examples.find(|one| one.0 == name).unwrap();
        *predicate.pointer_mut(path).unwrap() = new;
        assert!(has_form(name, &predicate), "{name} {path}");
        let kind = format!("{BASE}{name}/v1");
        let subjects = vec![Subject::of("relay", b"")];
        let statement = Statement::new(subjects, &kind, predicate).unwrap();
        assert!(Known::parse(&statement).is_err(), "{name} {path}");
    }
}

#[test]
fn the_page_names_every_predicate() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/predicates/README.md");
    let page = fs::read_to_string(docs).unwrap();
    for (name, predicate) in examples() {
        let known = parse(&statement(name, &predicate)).unwrap();
        assert!(page.contains(&format!("\n## {name}\n")), "{name}");
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| [{name}](#{name}) |")));
        assert!(row.unwrap().ends_with(&format!("| {} |", known.signer())));
    }
}
