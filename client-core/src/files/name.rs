//! File names: what a sender suggests, made into one that can do no harm.

use unicode_normalization::UnicodeNormalization;

/// Longest safe name in bytes. File systems take 255; the rest is for a number.
const LONGEST: usize = 200;
/// Longest ending in bytes that is kept when a name is cut.
const LONGEST_ENDING: usize = 16;
/// What Windows takes for devices, whatever follows the first dot.
const DEVICES: [&str; 8] = [
    "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$", "KEYBD$",
];

/// A name without a path, without characters that deceive or steer, that every file system takes
/// and that no system treats as special. Never empty; safe names stay as they are.
pub(crate) fn safe_name(suggested: &str) -> String {
    let last = suggested
        .rsplit(['/', '\\'])
        .find(|part| !part.trim().is_empty())
        .unwrap_or_default();
    let mut name = String::with_capacity(last.len());
    for c in last.nfc().filter(|c| !deceives(*c)) {
        match c {
            // Many spaces in a row push the ending out of sight.
            c if c.is_whitespace() => {
                if !name.ends_with(' ') {
                    name.push(' ');
                }
            }
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => name.push('_'),
            c => name.push(c),
        }
    }
    // A dot in front hides a file; dots and spaces at the end are lost on Windows.
    let mut name = name
        .trim_start_matches(['.', ' '])
        .trim_end_matches(['.', ' '])
        .to_owned();
    if name.starts_with('-') {
        // Else a program could take it for an option.
        name.replace_range(..1, "_");
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    let name = shortened(&name);
    if name.is_empty() { "file".into() } else { name }
}

/// The `number`th name for the same file, where the ones before are taken.
pub(crate) fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = split(name);
    format!("{stem} ({number}){ending}")
}

/// Characters that are not seen, or that change how others are seen.
fn deceives(c: char) -> bool {
    if c.is_control() && !c.is_whitespace() {
        return true;
    }
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_uppercase();
    if DEVICES.contains(&stem.as_str()) {
        return true;
    }
    let mut number = stem.chars().skip(3);
    (stem.starts_with("COM") || stem.starts_with("LPT"))
        && number
            .next()
            .is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c))
        && number.next().is_none()
}

/// Name and ending, the ending with its dot.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_ENDING => name.split_at(dot),
        _ => (name, ""),
    }
}

fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    let mut end = LONGEST - ending.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", stem[..end].trim_end_matches(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_names_stay() {
        for name in [
            "report.pdf",
            "Bericht für März (2).tar.gz",
            "会议记录.docx",
            "שלום.txt",
            "a b.c",
            "no ending",
            "console.log",
            "com10.txt",
        ] {
            assert_eq!(safe_name(name), name);
        }
    }

    #[test]
    fn hostile_names_are_harmless() {
        for (hostile, safe) in [
            ("../../.ssh/authorized_keys", "authorized_keys"),
            ("/etc/passwd", "passwd"),
            (r"C:\Windows\system32\cmd.exe", "cmd.exe"),
            ("..", "file"),
            ("../", "file"),
            ("", "file"),
            (" \t\n", "file"),
            (".bashrc", "bashrc"),
            ("a\0b.txt", "ab.txt"),
            ("a\r\nb.txt", "a b.txt"),
            ("\u{1b}[2Jx.txt", "[2Jx.txt"),
            // Shown as "photoexe.jpg" where direction is obeyed.
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("a\u{2066}b\u{2069}\u{200b}\u{feff}.txt", "ab.txt"),
            (
                "invoice.pdf                         .exe",
                "invoice.pdf .exe",
            ),
            ("con", "_con"),
            ("NUL.txt", "_NUL.txt"),
            ("Lpt1 .tar.gz", "_Lpt1 .tar.gz"),
            ("com².log", "_com².log"),
            ("a:hidden.exe", "a_hidden.exe"),
            ("-rf", "_rf"),
            ("what?*.txt", "what__.txt"),
            ("trailing. . .", "trailing"),
        ] {
            assert_eq!(safe_name(hostile), safe, "{hostile:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = safe_name(&format!("{}.pdf", "界".repeat(300)));
        assert!(long.len() <= LONGEST && long.ends_with("界.pdf"), "{long}");
        let dots = safe_name(&format!("x.{}", "y".repeat(300)));
        assert_eq!(dots.len(), LONGEST);
    }

    #[test]
    fn numbers_go_before_the_ending() {
        assert_eq!(numbered("report.pdf", 2), "report (2).pdf");
        assert_eq!(numbered("report", 3), "report (3)");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_path(suggested in any::<String>()) {
            let name = safe_name(&suggested);
            let parts: Vec<_> = Path::new(&name).components().collect();
            prop_assert!(matches!(parts[..], [Component::Normal(part)] if part == name.as_str()));
            prop_assert!(name.len() <= LONGEST);
            prop_assert_eq!(safe_name(&name), name, "safe names stay");
        }
    }
}
