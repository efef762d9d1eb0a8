//! The command line as data: one behaviour per file under `cmd/`, with its exact output.

#[test]
fn command_line() {
    // A home that does not exist: nothing here may depend on who runs the tests.
    let home = tempfile::tempdir().expect("a temporary directory");
    trycmd::TestCases::new()
        .case("tests/cmd/*.toml")
        .env("SEALWIRE_HOME", home.path().to_string_lossy())
        .env("TZ", "UTC");
}
