//! What stood on the screen between two synchronized updates: cells with text and style, as values that can be
//! searched, dumped and compared. Knows nothing of processes or pictures.

use std::fmt::Write as _;
use std::time::Instant;

pub use vt100::Color;

/// A whole screen.
#[derive(Clone, Debug)]
pub struct Frame {
    pub rows: u16,
    pub cols: u16,
    /// Counts from 1 for each program; 0 for a look at the screen between frames.
    pub number: usize,
    /// When the bytes that ended it had been read.
    pub at: Instant,
    /// Row and column; None while hidden.
    pub cursor: Option<(u16, u16)>,
    /// Row by row.
    cells: Vec<Cell>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// One character with what combines with it; empty for a cell never written, and for the right half of a wide one.
    pub text: String,
    pub style: Style,
    /// True for the left half of a character two cells wide.
    pub wide: bool,
    /// True for its right half.
    pub continues: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub fg: Color,
    pub bg: Color,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub inverse: bool,
}

impl Frame {
    pub fn of(screen: &vt100::Screen, number: usize, at: Instant) -> Frame {
        let (rows, cols) = screen.size();
        let (rows, cols) = (rows.get(), cols.get());
        let cells = (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col)));
        let cells = cells.map(|(row, col)| screen.cell(row, col).map(Cell::of).unwrap_or_default()).collect();
        let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position());
        Frame { rows, cols, number, at, cursor, cells }
    }

    pub fn cell(&self, row: u16, col: u16) -> &Cell {
        assert!(row < self.rows && col < self.cols, "no cell {row},{col} on {}x{}", self.cols, self.rows);
        &self.cells[usize::from(row) * usize::from(self.cols) + usize::from(col)]
    }

    /// A row's text without the blanks at its end.
    pub fn row(&self, row: u16) -> String {
        self.row_with_columns(row).0.trim_end().to_owned()
    }

    /// All rows, each ended by a line feed.
    pub fn text(&self) -> String {
        (0..self.rows).map(|row| self.row(row) + "\n").collect()
    }

    /// True when one row holds this text.
    pub fn contains(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// Row and column where this text begins first.
    pub fn find(&self, text: &str) -> Option<(u16, u16)> {
        (0..self.rows).find_map(|row| {
            let (line, columns) = self.row_with_columns(row);
            line.find(text).map(|byte| (row, columns[byte]))
        })
    }

    /// The first row that holds this text.
    pub fn row_with(&self, text: &str) -> Option<String> {
        self.find(text).map(|(row, _)| self.row(row))
    }

    /// The style in which this text begins where it stands first.
    pub fn style_of(&self, text: &str) -> Option<Style> {
        self.find(text).map(|(row, col)| self.cell(row, col).style)
    }

    /// The same text, styles and cursor; number and time may differ.
    pub fn same_picture(&self, other: &Frame) -> bool {
        self.rows == other.rows && self.cols == other.cols && self.cursor == other.cursor && self.cells == other.cells
    }

    /// Text and styles as plain text, for snapshots: the rows, then the same grid with a letter for each style, then
    /// what the letters mean. `.` is the terminal's own style.
    pub fn dump(&self) -> String {
        let mut styles: Vec<Style> = Vec::new();
        let mut map = String::new();
        for row in 0..self.rows {
            let line: String = (0..self.cols).map(|col| letter(&mut styles, self.cell(row, col).style)).collect();
            let _ = writeln!(map, "{row:>2}|{}", line.trim_end_matches('.'));
        }
        let cursor = self.cursor.map_or_else(|| "hidden".to_owned(), |(row, col)| format!("{row},{col}"));
        let mut dump = format!("{}x{} cursor {cursor}\n", self.cols, self.rows);
        for row in 0..self.rows {
            let _ = writeln!(dump, "{row:>2}|{}", self.row(row));
        }
        dump.push_str("styles\n");
        dump.push_str(&map);
        for (style, letter) in styles.iter().zip(LETTERS.chars()) {
            let _ = writeln!(dump, "{letter} {}", style.words());
        }
        dump
    }

    /// Every line of the two dumps that differs, the other frame's behind `-`, this one's behind `+`; empty when they
    /// show the same.
    pub fn diff_from(&self, before: &Frame) -> String {
        let (before, after) = (before.dump(), self.dump());
        let (mut old, mut new) = (before.lines(), after.lines());
        let mut diff = String::new();
        loop {
            match (old.next(), new.next()) {
                (None, None) => return diff,
                (old, new) if old == new => {}
                (old, new) => {
                    let _ = old.map(|line| writeln!(diff, "-{line}"));
                    let _ = new.map(|line| writeln!(diff, "+{line}"));
                }
            }
        }
    }

    /// The row's text and, for each byte of it, the column it stands in.
    fn row_with_columns(&self, row: u16) -> (String, Vec<u16>) {
        let (mut line, mut columns) = (String::new(), Vec::new());
        for col in 0..self.cols {
            let cell = self.cell(row, col);
            match (cell.continues, cell.text.is_empty()) {
                (true, _) => {}
                (false, true) => line.push(' '),
                (false, false) => line.push_str(&cell.text),
            }
            columns.resize(line.len(), col);
        }
        (line, columns)
    }
}

impl Cell {
    fn of(cell: &vt100::Cell) -> Cell {
        Cell {
            text: cell.contents().to_owned(),
            wide: cell.is_wide(),
            continues: cell.is_wide_continuation(),
            style: Style {
                fg: cell.fgcolor(),
                bg: cell.bgcolor(),
                bold: cell.bold(),
                dim: cell.dim(),
                italic: cell.italic(),
                underline: cell.underline(),
                inverse: cell.inverse(),
            },
        }
    }
}

impl Style {
    fn words(&self) -> String {
        let color = |name: &str, color: Color| match color {
            Color::Default => None,
            Color::Idx(index) => Some(format!("{name}:{index}")),
            Color::Rgb(red, green, blue) => Some(format!("{name}:#{red:02x}{green:02x}{blue:02x}")),
        };
        let flag = |name: &str, set: bool| set.then(|| name.to_owned());
        let words = [
            color("fg", self.fg),
            color("bg", self.bg),
            flag("bold", self.bold),
            flag("dim", self.dim),
            flag("italic", self.italic),
            flag("underline", self.underline),
            flag("inverse", self.inverse),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// Names for styles in a dump. A screen with more styles than letters shows the rest as `?`.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(styles: &mut Vec<Style>, style: Style) -> char {
    if style == Style::default() {
        return '.';
    }
    let known = styles.iter().position(|known| *known == style);
    let index = known.unwrap_or_else(|| {
        styles.push(style);
        styles.len() - 1
    });
    LETTERS.chars().nth(index).unwrap_or('?')
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn frame(bytes: &str) -> Frame {
        let size = |n| NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(3), size(12), 0);
        parser.process(bytes.as_bytes());
        Frame::of(parser.screen(), 1, Instant::now())
    }

    #[test]
    fn a_dump_shows_text_styles_and_cursor() {
        let frame = frame("plain \x1b[1;31mred\x1b[0m\r\n\x1b[7m \x1b[38;2;1;2;3mx\x1b[m");
        let expected = "12x3 cursor 1,2\n 0|plain red\n 1| x\n 2|\nstyles\n 0|......aaa\n 1|bc\n 2|\n\
                        a fg:1 bold\nb inverse\nc fg:#010203 inverse\n";
        assert_eq!(frame.dump(), expected);
    }

    #[test]
    fn text_is_found_behind_wide_and_combining_characters() {
        let frame = frame("日e\u{301}\x1b[4mok");
        assert_eq!(frame.row(0), "日e\u{301}ok");
        assert_eq!(frame.find("ok"), Some((0, 3)));
        assert!(frame.style_of("ok").unwrap().underline);
        assert!(frame.cell(0, 0).wide && frame.cell(0, 1).continues);
        assert_eq!(frame.find("gone"), None);
    }

    #[test]
    fn a_diff_names_only_what_changed() {
        let (one, two) = (frame("a\r\nb\x1b[?25l"), frame("a\r\n\x1b[1mb\x1b[?25l"));
        assert_eq!(two.diff_from(&one), "- 1|\n+ 1|a\n+a bold\n");
        assert_eq!(one.diff_from(&one), "");
        assert!(!one.same_picture(&two) && one.same_picture(&frame("a\r\nb\x1b[?25l")));
    }
}
