//! The program `sealwire-audit` as others meet it: by its command line, by HTTP, and
//! beside `openssl`.

mod alice;
mod by_hand;
mod canary;
mod census;
mod killed;
mod openssl;
mod outsider;
mod pack;
mod pack_from_relay;
mod pack_hostile;
mod release;
mod report;
mod running;
mod scene;
mod verify;
mod watch;
mod witness;
