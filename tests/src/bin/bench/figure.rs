//! One figure, one line.

use serde::Serialize;

/// A measured number, with what it is compared to.
#[derive(Serialize)]
pub(crate) struct Figure {
    bench: &'static str,
    figure: String,
    value: f64,
    unit: &'static str,
    against: Option<String>,
    ratio: Option<f64>,
}

impl Figure {
    /// A figure that stands for itself.
    pub(crate) fn new(
        bench: &'static str,
        figure: impl Into<String>,
        value: f64,
        unit: &'static str,
    ) -> Self {
        Self {
            bench,
            figure: figure.into(),
            value: rounded(value),
            unit,
            against: None,
            ratio: None,
        }
    }

    /// Says under which conditions it holds, or what it is compared to.
    pub(crate) fn against(mut self, what: impl Into<String>) -> Self {
        self.against = Some(what.into());
        self
    }

    /// Says how many times as much it is.
    pub(crate) fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(rounded(ratio));
        self
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        // The type has nothing that JSON cannot say.
        println!("{}", serde_json::to_string(self).unwrap_or_default());
    }
}

/// Four significant digits, or all before the point.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = (3.0 - value.abs().log10().floor()).max(0.0);
    let scale = 10_f64.powf(digits);
    (value * scale).round() / scale
}
