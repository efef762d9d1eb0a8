//! What the front end takes for the types of calls is what they are.

use std::{fs, path::Path};

#[test]
fn the_front_end_has_the_types_of_today() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/api/generated");
    for (name, now) in [
        ("core.ts", sealwire_desktop_host::types::core()),
        ("host.ts", sealwire_desktop_host::types::host()),
    ] {
        let kept = fs::read_to_string(folder.join(name)).expect(name);
        assert!(kept == now, "{name} is old: `cargo xtask types` makes it anew");
    }
}
