//! The relay's program.

fn main() -> std::process::ExitCode {
    sealwire_relay::run()
}
