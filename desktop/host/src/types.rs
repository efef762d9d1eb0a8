//! The host's calls in TypeScript.

use sealwire_core::call::types::{Types, declare};

use crate::{Own, SettingsChange, calls};

/// The core's calls and types.
#[must_use]
pub fn core() -> String {
    let mut types = Types::default();
    declare(&mut types);
    types.finish("CoreCalls")
}

/// The host's calls and types; what the core has is taken from there.
#[must_use]
pub fn host() -> String {
    let mut types = Types::default();
    declare(&mut types);
    types.import("./core");
    calls::declare(&mut types);
    let change = types.name::<SettingsChange>();
    let result = types.name::<crate::Settings>();
    types.call_with(
        "change_settings",
        &["Changes some settings."],
        &change,
        &result,
    );
    types.name::<Own>();
    types.finish("HostCalls")
}
