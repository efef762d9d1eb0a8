//! Hosts many members in one process, below the directory that is its only argument; does as
//! ordered by lines of JSON on the standard input. See `sealwire_tests::swarm`.

#[tokio::main(flavor = "multi_thread")]
async fn main() -> std::io::Result<()> {
    let home = std::env::args_os().nth(1);
    let home = home.expect("usage: sealwire-swarm DIRECTORY");
    sealwire_tests::swarm::serve(home.as_ref()).await
}
