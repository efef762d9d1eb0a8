use proptest::prelude::*;

use super::*;
use crate::merkle::empty_root;
use crate::note::{FalseSignature, KeyName, Signed};
use crate::testing::key;

/// The example of the text, whose keys are not published.
const EXAMPLE: &str = "example.com/behind-the-sofa\n\
                       20852163\n\
                       CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn log() -> SignerKey {
    key(1, "example.com/behind-the-sofa", KeyKind::Note)
}

fn witness() -> SignerKey {
    key(2, "witness.example.com/w1", KeyKind::Cosignature)
}

#[test]
fn the_example_is_read_and_written() {
    let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
    assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
    assert_eq!(checkpoint.size(), 20_852_163);
    assert_eq!(checkpoint.to_string(), EXAMPLE);
    let more = format!("{EXAMPLE}more\nand more\n");
    assert_eq!(Checkpoint::parse(&more).unwrap().to_string(), more);
}

/// Signatures are deterministic; the snapshot holds the bytes still.
#[test]
fn a_log_signs_and_a_witness_cosigns() {
    let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
    let mut note = checkpoint.sign(&log()).unwrap();
    note.add(checkpoint.cosign(&witness(), 1_679_315_147).unwrap())
        .unwrap();
    assert_eq!(note.signed_by(log().verifier()), Ok(Some(Signed::Plain)));
    let at = Ok(Some(Signed::At(1_679_315_147)));
    assert_eq!(note.signed_by(witness().verifier()), at);
    insta::assert_snapshot!(note.to_string());
}

#[test]
fn the_newest_cosignature_counts() {
    let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
    let mut note = checkpoint.sign(&log()).unwrap();
    for time in [200, 300, 100] {
        note.add(checkpoint.cosign(&witness(), time).unwrap())
            .unwrap();
    }
    let at = Ok(Some(Signed::At(300)));
    assert_eq!(note.signed_by(witness().verifier()), at);
}

#[test]
fn a_cosignature_covers_its_time_and_extension_lines() {
    let more = Checkpoint::parse(&format!("{EXAMPLE}more\n")).unwrap();
    let note = more.sign(&log()).unwrap();
    let line = more.cosign(&witness(), 7).unwrap();
    let mut later = line.signature().to_vec();
    later[7] = 8;
    let name = witness().verifier().name().clone();
    let refused = Err(FalseSignature("witness.example.com/w1".to_owned()));
    let id = witness().verifier().id();
    let mut forged = note.clone();
    forged.add(relined(&name, id, &later)).unwrap();
    assert_eq!(forged.signed_by(witness().verifier()), refused);
    let other = Checkpoint::parse(EXAMPLE).unwrap();
    let mut moved = other.sign(&log()).unwrap();
    moved.add(line).unwrap();
    assert_eq!(moved.signed_by(witness().verifier()), refused);
}

fn relined(name: &KeyName, id: u32, signature: &[u8]) -> SignatureLine {
    let bytes = [&id.to_be_bytes(), signature].concat();
    let line = format!("— {name} {}", data_encoding::BASE64.encode(&bytes));
    SignatureLine::parse(&line).unwrap()
}

#[test]
fn a_key_signs_only_what_it_is_for() {
    let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
    let other = key(1, "example.com/other", KeyKind::Note);
    assert!(checkpoint.sign(&other).is_err());
    assert!(checkpoint.sign(&witness()).is_err());
    assert!(checkpoint.cosign(&log(), 1).is_err());
    assert!(checkpoint.cosign(&witness(), u64::MAX).is_err());
    // A witness whose key is used for a plain note has not cosigned.
    let mut note = checkpoint.sign(&log()).unwrap();
    note.add(witness().sign(EXAMPLE)).unwrap();
    assert!(note.signed_by(witness().verifier()).is_err());
}

#[test]
fn what_is_no_checkpoint() {
    for wrong in [
        "",
        "a\n",
        "a\n1\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore",
        "cosignature/v1\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "sealwire v1 policy\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
    ] {
        assert!(Checkpoint::parse(wrong).is_err(), "{wrong:?}");
    }
    assert!(Checkpoint::parse(&format!("{EXAMPLE}{}", "x\n".repeat(3_000))).is_err());
    assert!(Checkpoint::new(&"a".repeat(256), 0, empty_root()).is_err());
    assert!(Checkpoint::new("two\nlines", 0, empty_root()).is_err());
    assert!(Checkpoint::new("a", 1 << 63, empty_root()).is_err());
}

proptest! {
    #[test]
    fn what_is_read_as_a_checkpoint_is_written_so(
        head in "[a-z]{0,3}\n[0-9]{0,3}\n", root: [u8; 32], tail in "\n?[ -~\n]{0,8}"
    ) {
        let text = format!("{head}{}{tail}", Hash(root));
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }

    #[test]
    fn every_checkpoint_is_read_back(origin in "[a-z./ é]{1,40}", size in 0..=i64::MAX as u64, root: [u8; 32]) {
        let checkpoint = Checkpoint::new(&origin, size, Hash(root)).unwrap();
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint));
    }

    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        let _ = Checkpoint::parse(&text);
    }
}
