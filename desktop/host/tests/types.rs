//! What the front end takes for the types of calls is what they are.

use std::{fs, path::Path};

#[test]
fn the_front_end_has_the_types_of_today() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/api/generated");
    let made = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let types = [
        ("core.ts", sealwire_desktop_host::types::core()),
        ("host.ts", sealwire_desktop_host::types::host()),
    ];
    for (name, now) in &types {
        fs::write(made.join(name), now).expect("what they would be");
    }
    for (name, now) in &types {
        let kept = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            kept == *now,
            "{name} is old: `cargo xtask types` makes it anew; what it would be is in {}",
            made.display()
        );
    }
}
