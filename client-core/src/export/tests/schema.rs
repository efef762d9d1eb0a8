//! As much of JSON Schema (draft 2020-12) as `docs/export.schema.json` uses; what it does not know
//! fails.

use serde_json::Value;

/// Why `value` is not as `schema` says, with the path to it; empty if it is.
pub(super) fn faults(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let good = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" => true,
            "$ref" => {
                let name = rule.as_str().and_then(|name| name.strip_prefix("#/$defs/"));
                let target = &root["$defs"][name.expect("a local reference")];
                assert!(target.is_object(), "{rule} leads nowhere");
                found.extend(faults(root, target, value, path));
                true
            }
            "const" => value == rule,
            "enum" => rule.as_array().expect("a list").contains(value),
            "type" => match rule {
                Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind)),
                kind => is(value, kind),
            },
            "minimum" => value
                .as_i64()
                .is_none_or(|number| number >= rule.as_i64().unwrap()),
            "pattern" => value
                .as_str()
                .is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            "required" => value.as_object().is_none_or(|object| {
                let names = rule.as_array().unwrap();
                names
                    .iter()
                    .all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "additionalProperties" => value.as_object().is_none_or(|object| {
                object
                    .keys()
                    .all(|key| schema["properties"].get(key).is_some())
            }),
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        found.extend(faults(root, rule, value, &format!("{path}/{name}")));
                    }
                }
                true
            }
            "items" => {
                for (number, value) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(root, rule, value, &format!("{path}/{number}")));
                }
                true
            }
            other => panic!("{other} is not known here"),
        };
        if !good {
            found.push(format!("{path}: {keyword} {rule} does not hold of {value}"));
        }
    }
    found
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().expect("a kind") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is not known here"),
    }
}

/// The few patterns that there are, by hand.
fn matches(pattern: &str, text: &str) -> bool {
    let hexadecimal = |length| {
        text.len() == length
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match pattern {
        "^[0-9a-f]{32}$" => hexadecimal(32),
        "^[0-9a-f]{64}$" => hexadecimal(64),
        "^files/[^/]+$" => text
            .strip_prefix("files/")
            .is_some_and(|name| !name.is_empty() && !name.contains('/')),
        "^-?[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$" => text.parse::<jiff::Timestamp>().is_ok(),
        other => panic!("{other} is not known here"),
    }
}
