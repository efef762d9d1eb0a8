//! sealwire
