//! sealwire-tests
