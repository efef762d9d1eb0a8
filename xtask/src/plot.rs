//! Curves as bars of text: enough to see a shape in a terminal or a log.

use crate::bench::{Figure, number};

const WIDTH: f64 = 40.0;

/// Name of the curve and place on it, if the figure is a point of one.
pub(crate) fn point(figure: &Figure) -> Option<(&str, f64)> {
    let (curve, at) = figure.name.rsplit_once('@')?;
    Some((curve, at.parse().ok()?))
}

/// All curves of some figures, in the order in which they first appear.
pub(crate) fn curves(figures: &[Figure]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (curve, _) in figures.iter().filter_map(point) {
        if !names.contains(&curve) {
            names.push(curve);
        }
    }
    names.iter().map(|name| curve(name, figures)).collect()
}

fn curve(name: &str, figures: &[Figure]) -> String {
    let mut points: Vec<(f64, &Figure)> = figures
        .iter()
        .filter_map(|figure| point(figure).map(|(curve, at)| (curve, at, figure)))
        .filter(|(curve, ..)| *curve == name)
        .map(|(_, at, figure)| (at, figure))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let most = points
        .iter()
        .map(|(_, figure)| figure.value)
        .fold(0.0, f64::max);
    let unit = points
        .first()
        .map(|(_, figure)| figure.unit.as_str())
        .unwrap_or_default();
    let mut page = format!("\n  {name}, {unit}\n");
    for (at, figure) in points {
        let share = if most > 0.0 {
            (figure.value / most).clamp(0.0, 1.0)
        } else {
            0.0
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 40"
        )]
        let bar = "█".repeat((share * WIDTH).round() as usize);
        page += &format!("  {at:>8} {:>10} {bar}\n", number(figure.value));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: f64) -> Figure {
        Figure {
            name: name.into(),
            value,
            unit: "bytes".into(),
            ..Figure::default()
        }
    }

    #[test]
    fn points_stand_in_order_below_their_curve() {
        let figures = [
            of("commit@9", 500.0),
            of("other", 1.0),
            of("commit@2", 1000.0),
        ];
        let expected = format!(
            "\n  commit, bytes\n         2      1,000 {}\n         9        500 {}\n",
            "█".repeat(40),
            "█".repeat(20)
        );
        assert_eq!(curves(&figures), expected);
    }

    #[test]
    fn no_points_no_plot() {
        assert_eq!(curves(&[of("a", 1.0), of("b@c", 1.0)]), "");
    }
}
