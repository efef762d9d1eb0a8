//! What stands in the way of an update, in words.

use sealwire_core::ErrorKind;

use crate::problem::Problem;

pub(super) fn impossible() -> Problem {
    Problem::usage(
        "no_release_key",
        "this app was built without updates",
        "install a package that was made with a release key",
    )
}

pub(super) fn no_update() -> Problem {
    Problem::usage(
        "no_update",
        "there is no update that could be taken",
        "check for updates first",
    )
}

pub(super) fn changed() -> Problem {
    Problem::new(
        ErrorKind::Untrusted,
        "update_damaged",
        "the package has changed since it was fetched",
        "nothing was installed; check for updates again",
    )
}

pub(super) fn by_hand() -> Problem {
    Problem::new(
        ErrorKind::Usage,
        "update_by_hand",
        "this system could not ask for an administrator's leave",
        "run the command that is shown",
    )
}

pub(super) fn unfinished() -> Problem {
    Problem::new(
        ErrorKind::Usage,
        "update_unfinished",
        "the update needs something that this system does not have yet",
        "run the command that is shown, then quit the app and start it again",
    )
}

pub(super) fn not_installed(why: &str) -> Problem {
    Problem::new(
        ErrorKind::Io,
        "update_not_installed",
        format!("the update was not installed: {why}"),
        "try again",
    )
}
