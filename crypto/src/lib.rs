//! sealwire-crypto
