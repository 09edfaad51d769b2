//! A frame as a picture: SVG, and PNG from it, without a display and with nothing but the font bundled here, so that
//! the same frame gives the same bytes on every machine. Draws any frame; knows nothing of what is on it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};
use skrifa::{FontRef, MetadataProvider as _};

use crate::frame::{Cell, Color, Frame, Style};

/// DejaVu Sans Mono 2.37; `fonts/LICENSE` beside it.
const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansMono.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansMono-Bold.ttf");
const FAMILY: &str = "DejaVu Sans Mono";

/// A cell in pixels. The font advances 1233/2048 of its size and needs 2384/2048 of it for a line: at this size both
/// are (almost) whole pixels.
const CELL_WIDTH: u32 = 10;
const CELL_HEIGHT: u32 = 19;
const FONT_SIZE: f32 = 16.61;
/// From a cell's top to the line its letters stand on. One less than the font's ascent, so that an underscore stays in its cell.
const BASELINE: u32 = 14;
/// Thickness of lines drawn with box characters, in pixels.
const LINE: u32 = 1;
/// Around the screen, in pixels.
const MARGIN: u32 = 12;

type Rgb = [u8; 3];

const BACKGROUND: Rgb = [0x17, 0x1a, 0x21];
const FOREGROUND: Rgb = [0xd8, 0xdc, 0xe5];
/// The sixteen named colours: black, red, green, yellow, blue, magenta, cyan, white, then the bright ones.
const NAMED: [Rgb; 16] = [
    [0x2a, 0x2f, 0x3a],
    [0xe5, 0x6b, 0x74],
    [0x8f, 0xc3, 0x7a],
    [0xe0, 0xb8, 0x67],
    [0x6c, 0xaa, 0xf0],
    [0xc3, 0x86, 0xe0],
    [0x56, 0xba, 0xc4],
    [0xc3, 0xc8, 0xd2],
    [0x6f, 0x78, 0x89],
    [0xff, 0x8a, 0x90],
    [0xae, 0xde, 0x9a],
    [0xf4, 0xd3, 0x8c],
    [0x94, 0xc4, 0xff],
    [0xdc, 0xab, 0xf4],
    [0x82, 0xd8, 0xe0],
    [0xf4, 0xf6, 0xfa],
];
/// How much of itself a dim colour keeps; the rest is background.
const DIM: f32 = 0.6;

/// A frame that cannot be drawn: these characters are in no bundled font.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingGlyphs(pub BTreeSet<char>);

impl std::fmt::Display for MissingGlyphs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.0.iter().map(|c| format!("{c:?} (U+{:04X})", u32::from(*c))).collect();
        write!(f, "the bundled font has no {}", names.join(", "))
    }
}

impl std::error::Error for MissingGlyphs {}

/// The frame as PNG.
pub fn png(frame: &Frame) -> Result<Vec<u8>, MissingGlyphs> {
    let options = usvg::Options { fontdb: Arc::clone(&FONTS), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(&svg(frame)?, &options).expect("our own SVG is well formed");
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height()).expect("a picture that is not empty");
    resvg::render(&tree, Transform::default(), &mut pixels.as_mut());
    Ok(pixels.encode_png().expect("a PNG"))
}

/// The frame as SVG.
pub fn svg(frame: &Frame) -> Result<String, MissingGlyphs> {
    let missing = missing(frame);
    if !missing.is_empty() {
        return Err(MissingGlyphs(missing));
    }
    let width = u32::from(frame.cols) * CELL_WIDTH + 2 * MARGIN;
    let height = u32::from(frame.rows) * CELL_HEIGHT + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"{FAMILY}\" \
         font-size=\"{FONT_SIZE}\" xml:space=\"preserve\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
        hex(BACKGROUND)
    );
    for row in 0..frame.rows {
        backgrounds(&mut svg, frame, row);
    }
    for row in 0..frame.rows {
        texts(&mut svg, frame, row);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Characters of the frame that the bundled font cannot draw.
pub fn missing(frame: &Frame) -> BTreeSet<char> {
    let cells = (0..frame.rows).flat_map(|row| (0..frame.cols).map(move |col| frame.cell(row, col)));
    cells
        .flat_map(|cell| cell.text.chars().map(|character| (character, cell.style.bold)))
        .filter(|(character, bold)| !has_glyph(*character, *bold))
        .map(|(character, _)| character)
        .collect()
}

pub fn has_glyph(character: char, bold: bool) -> bool {
    let font = FontRef::new(if bold { BOLD } else { REGULAR }).expect("the bundled font is sound");
    font.charmap().map(character).is_some()
}

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    Arc::new(fonts)
});

/// Neighbours of one colour become one rectangle, so that no seam shows between them.
fn backgrounds(svg: &mut String, frame: &Frame, row: u16) {
    let mut col = 0;
    while col < frame.cols {
        let fill = background(frame, row, col);
        let end = (col..frame.cols).find(|next| background(frame, row, *next) != fill).unwrap_or(frame.cols);
        if fill != BACKGROUND {
            let (x, y) = corner(row, col);
            let width = u32::from(end - col) * CELL_WIDTH;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{CELL_HEIGHT}\" fill=\"{}\" \
                 shape-rendering=\"crispEdges\"/>",
                hex(fill)
            );
        }
        col = end;
    }
}

fn texts(svg: &mut String, frame: &Frame, row: u16) {
    for col in 0..frame.cols {
        let cell = frame.cell(row, col);
        let style = shown(frame, row, col);
        let (x, y) = corner(row, col);
        let fill = hex(ink(style));
        if cell.style.underline && !cell.continues {
            let width = if cell.wide { 2 * CELL_WIDTH } else { CELL_WIDTH };
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"1\" fill=\"{fill}\" \
                 shape-rendering=\"crispEdges\"/>",
                y + BASELINE + 2
            );
        }
        if is_blank(cell) {
            continue;
        }
        if let Some(arms) = box_arms(&cell.text) {
            lines(svg, arms, (x, y), &fill);
            continue;
        }
        let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
        let text = escaped(&cell.text);
        let baseline = y + BASELINE;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{baseline}\" fill=\"{fill}\"{weight}>{text}</text>");
    }
}

/// Where a thin line of a box character goes from the middle of its cell: left, right, up, down. Drawn as rectangles,
/// because glyphs meet only almost.
fn box_arms(text: &str) -> Option<[bool; 4]> {
    let arms = match text {
        "─" => [1, 1, 0, 0],
        "│" => [0, 0, 1, 1],
        "┌" => [0, 1, 0, 1],
        "┐" => [1, 0, 0, 1],
        "└" => [0, 1, 1, 0],
        "┘" => [1, 0, 1, 0],
        "├" => [0, 1, 1, 1],
        "┤" => [1, 0, 1, 1],
        "┬" => [1, 1, 0, 1],
        "┴" => [1, 1, 1, 0],
        "┼" => [1, 1, 1, 1],
        _ => return None,
    };
    Some(arms.map(|arm| arm == 1))
}

fn lines(svg: &mut String, [left, right, up, down]: [bool; 4], (x, y): (u32, u32), fill: &str) {
    let (middle_x, middle_y) = ((CELL_WIDTH - LINE) / 2, (CELL_HEIGHT - LINE) / 2);
    let mut rect = |x: u32, y: u32, width: u32, height: u32| {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\" \
             shape-rendering=\"crispEdges\"/>"
        );
    };
    if left || right {
        let (from, to) = (if left { 0 } else { middle_x }, if right { CELL_WIDTH } else { middle_x + LINE });
        rect(x + from, y + middle_y, to - from, LINE);
    }
    if up || down {
        let (from, to) = (if up { 0 } else { middle_y }, if down { CELL_HEIGHT } else { middle_y + LINE });
        rect(x + middle_x, y + from, LINE, to - from);
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.continues || cell.text.chars().all(|character| character == ' ')
}

/// A cell's upper left corner.
fn corner(row: u16, col: u16) -> (u32, u32) {
    (MARGIN + u32::from(col) * CELL_WIDTH, MARGIN + u32::from(row) * CELL_HEIGHT)
}

/// The cell's style with the cursor, a block, applied.
fn shown(frame: &Frame, row: u16, col: u16) -> Style {
    let style = frame.cell(row, col).style;
    Style { inverse: style.inverse ^ (frame.cursor == Some((row, col))), ..style }
}

fn background(frame: &Frame, row: u16, col: u16) -> Rgb {
    let style = shown(frame, row, col);
    if style.inverse { color(style.fg, FOREGROUND) } else { color(style.bg, BACKGROUND) }
}

fn ink(style: Style) -> Rgb {
    let (fg, bg) = (color(style.fg, FOREGROUND), color(style.bg, BACKGROUND));
    let (ink, paper) = if style.inverse { (bg, fg) } else { (fg, bg) };
    if style.dim { mixed(ink, paper, DIM) } else { ink }
}

fn color(color: Color, own: Rgb) -> Rgb {
    match color {
        Color::Default => own,
        Color::Idx(index @ 0..16) => NAMED[usize::from(index)],
        // xterm's 6×6×6 cube and its 24 greys.
        Color::Idx(index @ 16..232) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let index = index - 16;
            [level(index / 36), level(index / 6 % 6), level(index % 6)]
        }
        Color::Idx(index) => [8 + 10 * (index - 232); 3],
        Color::Rgb(red, green, blue) => [red, green, blue],
    }
}

fn mixed(ink: Rgb, paper: Rgb, share: f32) -> Rgb {
    let mix = |(ink, paper): (u8, u8)| (f32::from(ink) * share + f32::from(paper) * (1.0 - share)).round() as u8;
    [mix((ink[0], paper[0])), mix((ink[1], paper[1])), mix((ink[2], paper[2]))]
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;
    use std::time::Instant;

    use super::*;

    /// What the screens of regpass are drawn with.
    const GLYPHS: &str = "✔✘⚠·≡▸▾▶▰▱•…─│⏎–×←→↑↓├└┌┐┘┴┬┤┼╭╮╰╯█▏▎▍▌▋▊▉░▒▓▲▼";

    fn frame(cols: u16, rows: u16, bytes: &str) -> Frame {
        let size = |n| NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(rows), size(cols), 0);
        parser.process(format!("\x1b[?25l{bytes}").as_bytes());
        Frame::of(parser.screen(), 1, Instant::now())
    }

    #[test]
    fn the_font_has_every_glyph_of_the_screens() {
        let missing: String = GLYPHS.chars().filter(|c| !has_glyph(*c, false) || !has_glyph(*c, true)).collect();
        assert_eq!(missing, "");
    }

    #[test]
    fn a_character_without_glyph_is_refused_by_name() {
        let error = png(&frame(4, 1, "a日")).unwrap_err();
        assert_eq!(error.to_string(), "the bundled font has no '日' (U+65E5)");
    }

    #[test]
    fn backgrounds_are_merged_and_texts_are_not() {
        let svg = svg(&frame(6, 1, "\x1b[41mab\x1b[42mc\x1b[m<")).unwrap();
        assert_eq!(svg.matches("<rect").count(), 3, "{svg}");
        assert!(svg.contains("width=\"20\" height=\"19\" fill=\"#e56b74\""), "{svg}");
        assert_eq!(svg.matches("<text").count(), 4);
        assert!(svg.contains(">&lt;</text>"));
    }

    #[test]
    fn inverse_dim_and_cursor_change_the_colours() {
        let plain = frame(2, 1, "\x1b[7ma");
        assert_eq!((background(&plain, 0, 0), ink(shown(&plain, 0, 0))), (FOREGROUND, BACKGROUND));
        let dim = frame(2, 1, "\x1b[2ma");
        assert_eq!(ink(shown(&dim, 0, 0)), mixed(FOREGROUND, BACKGROUND, DIM));
        let cursor = frame(2, 1, "a\x1b[?25h");
        assert_eq!((background(&cursor, 0, 1), background(&cursor, 0, 0)), (FOREGROUND, BACKGROUND));
    }

    #[test]
    fn colours_above_sixteen_are_xterm_s() {
        assert_eq!(color(Color::Idx(16), FOREGROUND), [0, 0, 0]);
        assert_eq!(color(Color::Idx(208), FOREGROUND), [255, 135, 0]);
        assert_eq!(color(Color::Idx(255), FOREGROUND), [238, 238, 238]);
    }

    /// Lines of box characters meet across cells: no pixel of the paper shows between them.
    #[test]
    fn lines_have_no_seams() {
        let bytes = png(&frame(3, 3, "─┬─\r\n │\r\n │")).unwrap();
        let picture = Pixmap::decode_png(&bytes).unwrap();
        let paper = |x: u32, y: u32| {
            let pixel = picture.pixel(x, y).unwrap();
            [pixel.red(), pixel.green(), pixel.blue()] == BACKGROUND
        };
        let (middle_x, middle_y) = (MARGIN + CELL_WIDTH + (CELL_WIDTH - 1) / 2, MARGIN + (CELL_HEIGHT - 1) / 2);
        let gap = (MARGIN + CELL_HEIGHT / 2..MARGIN + 3 * CELL_HEIGHT).find(|y| paper(middle_x, *y));
        assert_eq!(gap, None, "the vertical line");
        assert_eq!((MARGIN..MARGIN + 3 * CELL_WIDTH).find(|x| paper(*x, middle_y)), None, "the horizontal line");
    }

    #[test]
    fn the_same_frame_gives_the_same_bytes() {
        let frame = frame(20, 2, "\x1b[1;32m✔ proved\x1b[m  \x1b[33m▰▰▱\x1b[m");
        assert_eq!(png(&frame).unwrap(), png(&frame).unwrap());
    }
}
