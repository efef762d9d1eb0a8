//! What a release says, and what is none.

use serde_json::json;

use super::*;

fn build() -> Build {
    Build {
        version: "0.1.0".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        source: Some("git+https://git.example/sealwire".to_owned()),
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        lock: Hex([7; 32]),
        toolchain: "rustc 1.95.0".to_owned(),
        flags: String::new(),
        started: Time::from_millis(1_700_000_000_000).unwrap(),
        finished: Time::from_millis(1_700_000_600_000).unwrap(),
    }
}

fn statement() -> Statement {
    let program = Subject::of("sealwire", b"a program");
    build().to_statement(vec![program]).unwrap()
}

#[test]
fn a_build_is_told_in_the_words_of_slsa() {
    insta::assert_snapshot!(String::from_utf8(statement().to_json().unwrap()).unwrap());
    assert_eq!(Build::of(&statement()), Ok(build()));
    let nowhere = Build {
        source: None,
        ..build()
    };
    let said = nowhere.to_statement(statement().subjects().to_vec());
    assert_eq!(Build::of(&said.unwrap()), Ok(nowhere));
}

#[test]
fn other_predicates_are_no_provenance_of_ours() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut predicate = statement().predicate().clone();
        change(&mut predicate);
        let subjects = statement().subjects().to_vec();
        Build::of(&Statement::new(subjects, PROVENANCE, predicate).unwrap())
    };
    // Unknown members are passed over, but not among the parameters that decide.
    assert!(with(&|said| said["runDetails"]["byproducts"] = json!([])).is_ok());
    let definition = "buildDefinition";
    let changes: [&dyn Fn(&mut Value); 7] = [
        &|said| said[definition]["externalParameters"]["features"] = json!("backdoor"),
        &|said| said[definition]["externalParameters"]["command"] = json!("make"),
        &|said| said[definition]["buildType"] = json!("https://other.example/"),
        &|said| said["runDetails"]["builder"]["id"] = json!("https://other.example/"),
        &|said| said[definition]["resolvedDependencies"][0]["digest"]["gitCommit"] = json!("main"),
        &|said| said[definition]["resolvedDependencies"] = json!([]),
        &|said| said["runDetails"]["metadata"]["startedOn"] = json!("yesterday"),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        assert!(with(change).is_err(), "{place}");
    }
    let other = Statement::new(
        statement().subjects().to_vec(),
        "https://slsa.dev/provenance/v0.2",
        statement().predicate().clone(),
    );
    assert!(Build::of(&other.unwrap()).is_err());
}

#[test]
fn a_bill_of_materials_is_that_of_its_program() {
    let bom = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {"component": {"name": "sealwire", "version": "0.1.0"}},
        "components": [{"name": "serde"}, {"name": "sqlx"}],
    });
    assert_eq!(check_bom(&bom, "sealwire", "0.1.0"), Ok(2));
    assert!(check_bom(&bom, "sealwire-relay", "0.1.0").is_err());
    assert!(check_bom(&bom, "sealwire", "0.2.0").is_err());
    for member in ["bomFormat", "specVersion", "metadata", "components"] {
        let mut less = bom.clone();
        less.as_object_mut().unwrap().remove(member);
        assert!(check_bom(&less, "sealwire", "0.1.0").is_err(), "{member}");
    }
}

#[test]
fn a_package_is_named_after_its_program() {
    assert!(is_program(DESKTOP));
    assert_eq!(program_of(DESKTOP), "sealwire-desktop");
    assert_eq!(program_of("sealwire"), "sealwire");
    for strange in ["", ".deb", "x.deb.deb", "x.rpm", "../x.deb", "X.deb"] {
        assert!(!is_program(strange), "{strange}");
    }
    let bom = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {"component": {"name": "sealwire-desktop", "version": "0.1.0"}},
        "components": [{"name": "tauri"}],
    });
    assert_eq!(check_bom(&bom, DESKTOP, "0.1.0"), Ok(1));
    assert!(check_bom(&bom, "sealwire.deb", "0.1.0").is_err());
}
