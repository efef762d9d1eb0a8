//! The program `sealwire`.

fn main() -> std::process::ExitCode {
    sealwire::run()
}
