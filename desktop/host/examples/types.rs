//! Writes the types of all calls into the folder that is its only argument.

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).map(std::path::PathBuf::from);
    let folder = folder.ok_or_else(|| std::io::Error::other("name a folder"))?;
    std::fs::write(folder.join("core.ts"), sealwire_desktop_host::types::core())?;
    std::fs::write(folder.join("host.ts"), sealwire_desktop_host::types::host())
}
