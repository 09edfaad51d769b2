//! Every screen and layer at three sizes: what is drawn, in which style with colours and without, and what of it is drawn
//! where only ASCII may be.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};

use super::*;

const SIZES: [(u16, u16); 3] = [(44, 10), (80, 24), (120, 40)];

/// Where, and the keys that lead there from the store.
const PLACES: &[(&str, &str)] = &[
    ("home", "1"),
    ("store", ""),
    ("registries", "3"),
    ("activity", "4"),
    ("filter", "/inf"),
    ("nothing_found", "/zzz"),
    ("details", "/dbroot<Enter>"),
    ("revealed", "/dbroot<Enter>r"),
    ("lines", "/dbroot<Enter>v"),
    ("editor", "/dbroot<Enter>e"),
    ("marked", "jj j "),
    ("new_entry", "n"),
    ("new_password", "/dbroot<Enter>p"),
    ("rename", "/dbroot<Enter>R"),
    ("move", "/dbroot<Enter>m"),
    ("copy", "/dbroot<Enter>y"),
    ("delete", "/dbroot<Enter>D"),
    ("history", "/dbroot<Enter>h"),
    ("difference", "/dbroot<Enter>h<Enter>"),
    ("restore", "/dbroot<Enter>hR"),
    ("search_empty", "F"),
    ("search", "Fuser<Enter>"),
    ("readers", "W"),
    ("add_reader", "Wabob<Enter>"),
    ("encrypt_anew", "Wjje"),
    ("git", "S"),
    ("conflicts", "gC"),
    ("sides", "/vpn<Enter>C"),
    ("settle", "/vpn<Enter>Co"),
    ("palette", ":"),
    ("help", "?"),
    ("log", "/dbroot<Enter>c@"),
    ("take_back", "z"),
    ("login", "3<Enter>"),
    ("call", "4<Enter>"),
];

fn drawn(size: (u16, u16), theme: Theme, keys: &str) -> Buffer {
    let names = ["infra/db/root", "infra/db/replica", "infra/db/metrics", "infra/vpn", "mail/work", "work/ci/token"];
    let mut desk = Desk::with(size, &names, theme).begun();
    desk.screen();
    desk.press(keys);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a terminal");
    terminal.draw(|frame| desk.app.draw(frame)).expect("drawn");
    terminal.backend().buffer().clone()
}

fn lines(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width))
}

fn text(buffer: &Buffer) -> String {
    let line = |cells: &[Cell]| cells.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned() + "\n";
    lines(buffer).map(line).collect()
}

/// The runs of cells that do not look as a terminal's text does by itself: line, columns, style.
fn styles(buffer: &Buffer) -> String {
    let mut told = String::new();
    for (y, cells) in lines(buffer).enumerate() {
        let mut x = 0;
        for run in cells.chunk_by(|a, b| look(a) == look(b)) {
            let look = look(&run[0]);
            if !look.is_empty() {
                let _ = writeln!(told, "{y:>2} {x:>3}-{:<3}{look}", x + run.len() - 1);
            }
            x += run.len();
        }
    }
    told
}

fn look(cell: &Cell) -> String {
    let mut look = String::new();
    for (name, color) in [("", cell.fg), ("on ", cell.bg)] {
        if color != ratatui::style::Color::Reset {
            let _ = write!(look, " {name}{color}");
        }
    }
    for (name, _) in cell.modifier.iter_names() {
        let _ = write!(look, " {}", name.to_lowercase());
    }
    look
}

fn has_colour(buffer: &Buffer) -> bool {
    let reset = ratatui::style::Color::Reset;
    buffer.content.iter().any(|cell| (cell.fg, cell.bg) != (reset, reset))
}

#[test]
fn every_place_at_three_sizes_with_colours_without_and_in_ascii() {
    for (place, keys) in PLACES {
        let mut told = String::new();
        for size in SIZES {
            let colours = drawn(size, Theme::new(true, false), keys);
            let plain = drawn(size, Theme::new(false, false), keys);
            let ascii = drawn(size, Theme::new(false, true), keys);
            assert_eq!(text(&colours), text(&plain), "{place}: the same is said without colours");
            assert!(has_colour(&colours) && !has_colour(&plain) && !has_colour(&ascii), "{place} at {size:?}");
            assert!(text(&ascii).is_ascii(), "{place} at {size:?}:\n{}", text(&ascii));
            let (columns, rows) = size;
            let _ = write!(told, "=== {columns}x{rows}\n{}--- colours\n{}", text(&colours), styles(&colours));
            let _ = write!(told, "--- NO_COLOR\n{}--- ASCII\n{}", styles(&plain), text(&ascii));
        }
        insta::assert_snapshot!(format!("look_{place}"), told);
    }
}
