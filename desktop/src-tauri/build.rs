//! Takes the built front end into the program, and lists the commands that it may use.

use std::{env, fs, path::PathBuf};

/// As in `src/commands.rs`; a test compares them.
const COMMANDS: &[&str] = &["call", "events", "stage"];
/// What the window shows if the front end was not built before.
const UNBUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Sealwire</title>\
    <p>This program was built without its front end. Build it first (<code>npm ci &amp;&amp; npm run \
    build</code> in <code>desktop/ui</code>), or run <code>cargo xtask start</code>.</p>";

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut front = folder.join("../ui/dist");
    println!("cargo:rerun-if-changed={}", front.display());
    println!("cargo:rerun-if-changed=isolation");
    println!("cargo:rerun-if-changed=icons");
    if !front.join("index.html").exists() {
        println!(
            "cargo:warning=desktop/ui is not built: the app will only say so (`npm run build` there)"
        );
        front = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("front");
        fs::create_dir_all(&front).expect("the output folder can be written");
        fs::write(front.join("index.html"), UNBUILT).expect("the output folder can be written");
    }
    // Read by the macro that embeds the files.
    let front = front
        .display()
        .to_string()
        .replace('\\', "/")
        .replace('"', "\\\"");
    println!("cargo:rustc-env=TAURI_CONFIG={{\"build\":{{\"frontendDist\":\"{front}\"}}}}");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("the app's configuration fits");
}
