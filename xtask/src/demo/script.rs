//! What the two say. Mara keeps the rules of a payments firm in Hamburg, Lin settles payments in
//! Shanghai; neither exists.

/// Who says a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    Mara,
    Lin,
}

/// Name of their conversation: a secret like the rest.
pub(super) const CONVERSATION: &str = "Prüfung 审计 Audit";

/// A morning.
pub(super) const LINES: &[(Speaker, &str)] = &[
    (
        Speaker::Mara,
        "Guten Morgen, Lin! Die Prüferin kommt um zehn. Ist die Abstimmung von gestern fertig?",
    ),
    (
        Speaker::Lin,
        "早上好！昨天的对账已经完成，差额为零，两个人都签了字。",
    ),
    (
        Speaker::Mara,
        "Great. Please keep the signed sheet in here and out of e-mail: one trail is enough.",
    ),
    (
        Speaker::Lin,
        "Will do. One open point: the sanctions filter stopped payment 4711 at 08:41.",
    ),
    (
        Speaker::Mara,
        "Freigeben dürfen wir erst, wenn zwei von uns den Treffer geprüft haben.",
    ),
    (
        Speaker::Lin,
        "只是姓名相近，生日和国籍都不同。我建议放行，请您复核。",
    ),
    (
        Speaker::Mara,
        "Geprüft: kein Treffer. Grund vermerkt, Freigabe von mir um 09:12 Uhr. ✅",
    ),
    (
        Speaker::Lin,
        "Released. The customer rang already; I only said that it is on its way.",
    ),
    (
        Speaker::Mara,
        "Perfect, no details by phone. Shall we open with the four-eyes log at ten?",
    ),
    (Speaker::Lin, "好的。会议室已经订好，茶也备好了，是龙井。🍵"),
    (
        Speaker::Mara,
        "Schön! Das Aktenzeichen »Möwe« bitte nirgends sonst erwähnen.",
    ),
    (Speaker::Lin, "明白，“海鸥”只在这里说。十点见！"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A short line could turn up in random bytes by chance.
    #[test]
    fn lines_are_long_enough_to_be_searched_for() {
        assert!((10..=14).contains(&LINES.len()));
        assert!(LINES.iter().all(|(_, text)| text.len() >= 24));
    }
}
