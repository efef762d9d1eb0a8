//! sealwire-core
