//! How the client behaves; tests shorten its waits. Read here and nowhere else.

use sealwire_core::{KdfParams, Result, api::Options};
use serde::Deserialize;

use crate::exit::usage;

/// Not in the help: for tests only.
const VARIABLE: &str = "SEALWIRE_TEST_OPTIONS";

/// What tests may change.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TestOptions {
    welcome_delay_max_ms: Option<u64>,
    key_package_target: Option<u32>,
    clock_offset_s: Option<i64>,
    passed_s: Option<u64>,
    reconnect_ms: Option<u64>,
    kdf_memory_kib: Option<u32>,
}

/// What a client is opened with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    pub(crate) kdf: KdfParams,
}

impl Settings {
    /// The defaults, changed by what the environment says.
    pub(crate) fn from_env() -> Result<Self> {
        match std::env::var(VARIABLE) {
            Ok(text) => Self::with_tests(&text),
            Err(std::env::VarError::NotPresent) => Self::with_tests("{}"),
            Err(std::env::VarError::NotUnicode(_)) => Err(refused("it is not text")),
        }
    }

    fn with_tests(json: &str) -> Result<Self> {
        let tests: TestOptions =
            serde_json::from_str(json).map_err(|error| refused(&error.to_string()))?;
        let mut options = Options::default();
        let mut kdf = KdfParams::DEFAULT;
        if let Some(value) = tests.welcome_delay_max_ms {
            options.welcome_delay_max_ms = value;
        }
        if let Some(value) = tests.key_package_target {
            options.key_package_target = value;
            options.key_package_low = options.key_package_low.min(value);
        }
        if let Some(value) = tests.clock_offset_s {
            options.clock_offset_s = value;
        }
        if let Some(value) = tests.passed_s {
            options.passed_s = value;
        }
        if let Some(value) = tests.reconnect_ms {
            options.reconnect_ms = value;
        }
        if let Some(value) = tests.kdf_memory_kib {
            kdf.memory_kib = value;
            kdf.passes = 1;
        }
        Ok(Self { options, kdf })
    }
}

fn refused(why: &str) -> sealwire_core::CoreError {
    usage(
        "bad_test_options",
        format!("{VARIABLE} is set, but cannot be read: {why}"),
        format!("unset {VARIABLE}: it is for tests only"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_changes_nothing() {
        let settings = Settings::with_tests("{}").unwrap();
        assert_eq!(settings.options.welcome_delay_max_ms, 60_000);
        assert_eq!(settings.kdf.memory_kib, KdfParams::DEFAULT.memory_kib);
    }

    #[test]
    fn what_is_said_is_done() {
        let json = r#"{"welcome_delay_max_ms":0,"key_package_target":5,"kdf_memory_kib":64}"#;
        let settings = Settings::with_tests(json).unwrap();
        assert_eq!(settings.options.welcome_delay_max_ms, 0);
        assert_eq!(settings.options.key_package_target, 5);
        assert!(settings.options.key_package_low <= 5);
        assert_eq!(settings.kdf.memory_kib, 64);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for json in ["", "7", "{\"typo\":1}", "{\"reconnect_ms\":-1}"] {
            assert_eq!(
                Settings::with_tests(json).unwrap_err().code,
                "bad_test_options"
            );
        }
    }
}
