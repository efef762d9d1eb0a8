//! sealwire-relay
