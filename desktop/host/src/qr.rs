//! QR codes (ISO/IEC 18004), drawn here so that the front end needs no program for it.

use data_encoding::HEXLOWER;
use qrcode::{EcLevel, QrCode, types::Color};
use zeroize::Zeroizing;

use crate::problem::{Problem, Result};

/// A code that carries the bytes that `payload` spells in hexadecimal: rows of `0` for light and `1` for dark,
/// without a border. Level M: readable with 15 % of it hidden.
pub(crate) fn rows(payload: &str) -> Result<Vec<String>> {
    let bytes = HEXLOWER.decode(payload.as_bytes()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| undrawn("what it is to carry is not hexadecimal"))?;
    let code = QrCode::with_error_correction_level(&*bytes, EcLevel::M);
    let code = code.map_err(|_| undrawn("it is to carry more than one can"))?;
    let modules = code.to_colors();
    let row = |row: &[Color]| row.iter().map(|one| one.select('1', '0')).collect();
    Ok(modules.chunks(code.width()).map(row).collect())
}

fn undrawn(why: &str) -> Problem {
    Problem::usage(
        "qr_undrawn",
        format!("the code for cameras cannot be drawn: {why}"),
        "use the text beside it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The front end's tests read it with a reader that others wrote.
    #[test]
    fn a_safety_number_as_a_code() {
        // That of fixed keys in crypto/src/safety_number.rs.
        let payload = "01cb98658a6f271a368ea25eed8ba7689f7c2d335bc292fc42254015540566d5d3e167afbdb26479f22b77e8873dba3f15d5c4805c097cadc468a063af4ee7af22";
        insta::assert_snapshot!(rows(payload).expect("a code").join("\n"));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for payload in ["0", "zz", &"00".repeat(3_000)] {
            assert_eq!(rows(payload).expect_err("none").code, "qr_undrawn");
        }
    }
}
