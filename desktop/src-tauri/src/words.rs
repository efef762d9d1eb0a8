//! The few words outside of the front end, in its languages.

/// Words of the tray's menu and of notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) open: &'static str,
    pub(crate) lock: &'static str,
    pub(crate) quit: &'static str,
    pub(crate) reply: &'static str,
    pub(crate) not_sent: &'static str,
}

const EN: Words = Words {
    open: "Open Sealwire",
    lock: "Lock",
    quit: "Quit",
    reply: "Reply",
    not_sent: "Your reply was not sent",
};
const DE: Words = Words {
    open: "Sealwire öffnen",
    lock: "Sperren",
    quit: "Beenden",
    reply: "Antworten",
    not_sent: "Ihre Antwort wurde nicht gesendet",
};
const ZH: Words = Words {
    open: "打开 Sealwire",
    lock: "锁定",
    quit: "退出",
    reply: "回复",
    not_sent: "您的回复未能发送",
};

/// The words in the language of the settings: `system`, or a tag.
pub(crate) fn words(language: &str) -> Words {
    let system = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .unwrap_or_default()
    };
    let language = match language {
        "system" => system(),
        tag => tag.to_owned(),
    };
    match language.split(['-', '_', '.']).next() {
        Some("de") => DE,
        Some("zh") => ZH,
        _ => EN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_a_tag_decides() {
        assert_eq!(words("de-AT"), DE);
        assert_eq!(words("zh"), ZH);
        assert_eq!(words("ar-XB"), EN);
    }
}
