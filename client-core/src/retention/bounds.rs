//! The strictest of those who say how long something is kept.

use sealwire_protocol::{organisation_policy::OrganisationPolicy, policy::GroupPolicy};

const DAY_S: u64 = 86_400;

/// How long what a conversation holds is kept, seconds; `None` for no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) messages_s: Option<u64>,
    /// Never longer than the messages that carry them.
    pub(crate) files_s: Option<u64>,
}

impl Bounds {
    /// The strictest of what the organisation and a conversation ask. A message's own timer is
    /// kept to beside this, so that whichever is over first removes it.
    pub(crate) fn of(
        organisation: Option<&OrganisationPolicy>,
        group: Option<&GroupPolicy>,
    ) -> Self {
        let seconds = |days: Option<u32>| days.map(|days| u64::from(days) * DAY_S);
        let asked = organisation.map_or((None, None), |policy| {
            (
                seconds(policy.max_message_days),
                seconds(policy.max_blob_days),
            )
        });
        let setting = group.map_or(0, |policy| policy.settings().retention_s);
        let setting = (setting > 0).then_some(u64::from(setting));
        let messages_s = stricter(asked.0, setting);
        Self {
            messages_s,
            files_s: stricter(asked.1, messages_s),
        }
    }

    /// Messages that the relay received up to this time are due at `now_ms`.
    pub(crate) fn messages_up_to_ms(self, now_ms: u64) -> Option<u64> {
        up_to_ms(self.messages_s, now_ms)
    }

    /// The same, of files.
    pub(crate) fn files_up_to_ms(self, now_ms: u64) -> Option<u64> {
        up_to_ms(self.files_s, now_ms)
    }
}

fn stricter(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn up_to_ms(bound_s: Option<u64>, now_ms: u64) -> Option<u64> {
    now_ms.checked_sub(bound_s?.saturating_mul(1_000))
}
