//! The program `sealwire-audit` as others meet it: by its command line, by HTTP, and
//! beside `openssl`.

mod by_hand;
mod killed;
mod openssl;
mod outsider;
mod running;
mod scene;
mod verify;
mod witness;
