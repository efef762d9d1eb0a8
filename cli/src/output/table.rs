//! Columns that fit the page.

use super::{DIM, Line, Page};

const BETWEEN: usize = 2;
/// The widest columns give way first, down to this.
const NARROWEST: usize = 8;

/// Rows of cells under a head.
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Line>) {
        self.rows.push(cells);
    }

    /// Prints it.
    pub(crate) fn print(self, page: &mut Page) {
        let mut widths: Vec<usize> = self.head.iter().map(|text| text.len()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        if let Some(room) = page.width() {
            narrow(&mut widths, room);
        }
        let head = self
            .head
            .iter()
            .map(|text| Line::new().styled(DIM, text))
            .collect();
        for row in std::iter::once(head).chain(self.rows) {
            page.line(joined(row, &widths));
        }
    }
}

fn joined(row: Vec<Line>, widths: &[usize]) -> Line {
    row.into_iter()
        .zip(widths)
        .fold(Line::new(), |line, (cell, width)| {
            let cell = if cell.width() > *width {
                cell.cut(*width)
            } else {
                cell
            };
            line.append(cell.padded(width + BETWEEN))
        })
}

fn narrow(widths: &mut [usize], room: usize) {
    let between = BETWEEN * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + between > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn chats(width: Option<usize>) -> String {
        let mut table = Table::new(&["ID", "NAME", "MEMBERS"]);
        table.row(vec!["1f3a22bc".into(), "Team".into(), "3".into()]);
        table.row(vec![
            "77aa00bb".into(),
            "项目讨论组（产品与研发）".into(),
            "12".into(),
        ]);
        let hostile = format!("x\u{202e}\x1b[31m\n{}", "long ".repeat(30));
        table.row(vec!["00000000".into(), hostile.into(), "2".into()]);
        let mut page = Page::new(width);
        table.print(&mut page);
        anstream::adapter::strip_str(page.styled()).to_string()
    }

    #[test]
    fn columns_fit_and_stand_below_each_other() {
        let text = chats(Some(80));
        assert!(text.lines().all(|line| line.width() <= 80), "{text}");
        assert_eq!(
            text.lines().count(),
            4,
            "a name cannot make a line of its own"
        );
        let column = |line: &str, cell: &str| line[..line.rfind(cell).unwrap()].width();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(column(lines[0], "MEMBERS"), column(lines[1], "3"));
        assert_eq!(column(lines[0], "MEMBERS"), column(lines[2], "12"));
        assert_eq!(column(lines[0], "MEMBERS"), column(lines[3], "2"));
    }

    #[test]
    fn nothing_is_cut_for_programs() {
        assert!(chats(None).contains(&"long ".repeat(29)));
    }
}
