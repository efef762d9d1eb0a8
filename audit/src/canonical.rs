//! Canonical JSON (RFC 8785), so that a value has one spelling and one hash.

use serde_json::Value;

use crate::Malformed;

const WHAT: &str = "canonical JSON";
/// Largest whole number that every JSON reader holds exactly: 2^53 - 1 (RFC 7493 §2.2).
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// The one spelling of `value`.
///
/// # Errors
/// [`Malformed`] for a number beyond 2^53 - 1 either way: others would read and write
/// another one. Put such numbers into strings.
pub fn to_canonical(value: &Value) -> Result<Vec<u8>, Malformed> {
    if !exact(value) {
        return Err(Malformed::new(WHAT, "holds a number beyond 2^53 - 1"));
    }
    serde_json_canonicalizer::to_vec(value)
        .map_err(|_| Malformed::new(WHAT, "the value has no canonical spelling"))
}

/// Reads a value in its one spelling: without spaces, repeated keys or keys out of
/// order. At most 128 levels deep.
///
/// # Errors
/// [`Malformed`] for anything else.
pub fn from_canonical(bytes: &[u8]) -> Result<Value, Malformed> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|_| Malformed::new(WHAT, "is not JSON"))?;
    if to_canonical(&value)? != bytes {
        return Err(Malformed::new(WHAT, "is spelled in another way"));
    }
    Ok(value)
}

fn exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => number
            .as_f64()
            .is_some_and(|number| number.abs() <= LARGEST_EXACT),
        Value::Array(values) => values.iter().all(exact),
        Value::Object(members) => members.values().all(exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// As the library spells it, numbers beyond 2^53 - 1 included.
    fn spelled(json: &str) -> String {
        let value: Value = serde_json::from_str(json).unwrap();
        serde_json_canonicalizer::to_string(&value).unwrap()
    }

    /// The examples of RFC 8785 §3.2.2 and §3.2.3.
    #[test]
    fn the_examples_of_the_text() {
        let example = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        assert_eq!(
            spelled(example),
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        let sorting = r#"{
            "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        let order: Vec<_> = spelled(sorting)
            .split("\":\"")
            .skip(1)
            .map(|rest| rest[..3].to_owned())
            .collect();
        assert_eq!(order, ["Car", "One", "Con", "Lat", "Eur", "Emo", "Heb"]);
    }

    /// A sample of RFC 8785, appendix B.
    #[test]
    fn numbers_are_spelled_as_in_the_text() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
        ] {
            let value = json!(f64::from_bits(bits));
            let spelled = serde_json_canonicalizer::to_string(&value).unwrap();
            assert_eq!(spelled, expected, "{bits:x}");
        }
    }

    #[test]
    fn numbers_must_be_exact() {
        let largest = b"[-9007199254740991,9007199254740991]";
        assert!(from_canonical(largest).is_ok());
        for wrong in [
            "1e+30",
            "9007199254740992",
            "[{\"a\":-9007199254740992}]",
            "18446744073709551615",
        ] {
            let value = serde_json::from_str(wrong).unwrap();
            assert!(to_canonical(&value).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        assert_eq!(
            from_canonical(br#"{"a":1,"b":[]}"#),
            Ok(json!({"a": 1, "b": []}))
        );
        for wrong in [
            r#"{"a":1, "b":[]}"#,
            r#"{"b":[],"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"a":1}x"#,
            "",
        ] {
            assert!(from_canonical(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(from_canonical("[".repeat(100_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(texts in prop::collection::btree_map("(?s).{0,6}", any::<i32>(), 0..5), float: f32) {
            let mut value = serde_json::to_value(&texts).unwrap();
            value["float"] = json!(float);
            prop_assume!(exact(&value));
            let bytes = to_canonical(&value).unwrap();
            let read = from_canonical(&bytes).unwrap();
            prop_assert_eq!(to_canonical(&read).unwrap(), bytes);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = from_canonical(&bytes);
        }
    }
}
