//! What arrives when it is kept no longer.

use sealwire_protocol::frame::Entry;

use super::receive::Step;
use crate::api::Event;

impl Step<'_> {
    /// Whether what an entry says is not to be stored: the relay received it so long ago that it
    /// would be removed at once.
    pub(super) fn is_too_late(&mut self, entry: &Entry) -> bool {
        let late = self
            .too_old_ms
            .is_some_and(|up_to| entry.received_at <= up_to);
        self.came_too_late += u64::from(late);
        late
    }

    /// Says how much that was. It is the relay that says when it received something, so nothing is
    /// left out in silence.
    pub(super) fn tell_too_late(&mut self) {
        if self.came_too_late > 0 {
            self.events.push(Event::Warning {
                conversation: Some(self.place.row.conversation.to_string()),
                text: format!(
                    "What came later than this conversation keeps it is not shown ({} messages). \
                     If this device was not offline for so long, tell your administrator.",
                    self.came_too_late
                ),
            });
        }
    }
}
