//! What is seen: first frame, list, filter, tabs, help, sizes, names that try to do harm, stores that are not there.

use regpass_ui_tests::frame::{Color, Frame};
use regpass_ui_tests::key;
use regpass_ui_tests::machine::{HOSTILE_NAMES, Machine};
use regpass_ui_tests::pty::Ended;

use super::support::{find, is_read, open, open_at, selected, showcase, to_store};

#[test]
fn the_first_frame_asks_nothing_of_the_terminal_and_needs_nothing_of_the_store() {
    let machine = showcase();
    let terminal = open(&machine);
    let first = terminal.frames_after(0).first().cloned().expect("a frame");
    assert!(first.contains("looking around") && first.contains("1 Home"), "{}", first.text());
    let notes = terminal.notes();
    assert!(notes.queries.is_empty() && notes.unknown.is_empty(), "{notes:?}");
}

#[test]
fn who_and_where_is_on_top_and_the_keys_are_below() {
    let machine = showcase();
    let terminal = open(&machine);
    let frame = terminal.wait_for("the breadcrumb", |frame| frame.row(0).contains("from file"));
    for part in ["~/.docker", "~/.password-store", "D667…17DE"] {
        assert!(frame.row(0).contains(part), "{part:?} in {:?}", frame.row(0));
    }
    let last = frame.row(23);
    for part in ["close", "/ find", "n new", "D delete", "q quit"] {
        assert!(last.contains(part), "{part:?} in {last:?}");
    }
    assert!(last.ends_with("40"), "{last:?}");
}

#[test]
fn a_registry_s_folder_is_shown_by_the_registry_s_name() {
    let machine = showcase();
    let terminal = open(&machine);
    let frame = terminal.wait_text("ghcr.io");
    assert!(frame.row_with("ghcr.io").expect("a row").contains("<token>"));
    assert!(!frame.contains("Z2hjci5pbw"), "{}", frame.text());
}

#[test]
fn the_selection_moves_by_every_key() {
    let machine = showcase();
    let mut terminal = open(&machine);
    let top = selected(&terminal.frame().expect("a frame"));
    let moves = [
        (["j", key::DOWN], ["k", key::UP]),
        (["G", key::END], ["g", key::HOME]),
        ([key::PAGE_DOWN, key::PAGE_DOWN], [key::PAGE_UP, key::PAGE_UP]),
    ];
    for (there, back) in moves {
        for (there, back) in there.iter().zip(back) {
            terminal.press(there, "another row", |frame| selected(frame) != top);
            terminal.press(back, "the first row", |frame| selected(frame) == top);
        }
    }
}

#[test]
fn folders_close_and_open() {
    let machine = showcase();
    let mut terminal = open(&machine);
    terminal.press(key::LEFT, "a closed folder", |frame| frame.contains("▸ bank") && !frame.contains("checking"));
    terminal.press(key::RIGHT, "an open folder", |frame| frame.contains("▾ bank") && frame.contains("checking"));
}

#[test]
fn the_filter_narrows_marks_counts_and_clears() {
    let machine = showcase();
    let mut terminal = open(&machine);
    terminal.press("/", "the filter's field", |frame| frame.cursor.is_some());
    let frame = terminal.press("dbro", "one entry", |frame| frame.row(23).ends_with("1/40"));
    assert!(selected(&frame).contains("infra/db/root") && !frame.contains("infra/vpn/office"), "{}", frame.text());
    let (row, _) = frame.find("▶").expect("the selection");
    let marked = (0..38).map(|col| frame.cell(row, col)).filter(|cell| cell.style.underline);
    let marked: String = marked.map(|cell| &cell.text[..]).collect();
    assert_eq!(marked, "dbro");
    terminal.press("zzz", "nothing", |frame| frame.row(23).ends_with("0/40"));
    terminal.press(key::ESC, "everything", |frame| frame.row(23).ends_with("  40") && frame.cursor.is_none());
}

#[test]
fn registries_have_their_own_tab() {
    let machine = showcase();
    let mut terminal = open(&machine);
    let frame = terminal.press("3", "the table", |frame| frame.contains("AGE") && frame.contains("ghcr.io"));
    let twins: Vec<_> = (0..frame.rows).map(|row| frame.row(row)).filter(|row| row.contains("2 ≡")).collect();
    assert_eq!(twins.len(), 1, "{}", frame.text());
    assert!(twins.iter().all(|row| row.contains("harbor.corp.test") && row.contains("robot$ci")));
    assert!(frame.row_with("hubci").expect("the Hub").contains("docker.io"));
    terminal.press(key::BACKTAB, "the store again", |frame| frame.contains("▾ docker-credential-helpers"));
}

#[test]
fn a_user_s_name_is_whole_where_there_is_room_for_it() {
    let machine = showcase();
    let mut terminal = open_at(&machine, 120, 30);
    let frame = terminal.press("3", "the table", |frame| frame.contains("AGE") && frame.contains("ghcr.io"));
    assert!(frame.contains("gitlab+deploy-token-42"), "{}", frame.text());
}

#[test]
fn help_lists_the_keys_and_narrows() {
    let machine = showcase();
    let mut terminal = open(&machine);
    let frame = terminal.press("?", "the keys", |frame| frame.contains("Keys: Store"));
    assert!(frame.contains("copy the password") && frame.contains("find by any letters"), "{}", frame.text());
    terminal.press("reveal", "one of them", |frame| !frame.contains("find by any letters"));
    terminal
        .press(key::ESC, "the store", |frame| frame.contains("▾ docker-credential-helpers") && !frame.contains("Keys"));
}

#[test]
fn every_size_has_a_screen_and_the_way_back_is_the_same_screen() {
    let machine = showcase();
    let mut terminal = open(&machine);
    terminal.wait_for("the key", |frame| frame.row(0).contains("from file"));
    let before = terminal.press("j", "details", |frame| frame.contains("readable by"));
    terminal.resize(44, 10);
    terminal.wait_for("a small screen", |frame| (frame.cols, frame.rows) == (44, 10) && is_read(frame));
    terminal.resize(30, 6);
    let notice = terminal.wait_for("a notice", |frame| (frame.cols, frame.rows) == (30, 6) && frame.contains("44x10"));
    assert!(notice.contains("q quits"), "{}", notice.text());
    terminal.resize(1, 1);
    terminal.wait_for("a tiny frame", |frame| (frame.cols, frame.rows) == (1, 1));
    terminal.resize(250, 70);
    terminal.wait_for("a large screen", |frame| (frame.cols, frame.rows) == (250, 70) && is_read(frame));
    terminal.resize(80, 24);
    let after = terminal.wait_for("the old size", |frame| (frame.cols, frame.rows) == (80, 24) && is_read(frame));
    assert_eq!(after.diff_from(&before), "");
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
}

#[test]
fn on_a_small_screen_enter_shows_the_details_and_esc_goes_back() {
    let machine = showcase();
    let mut terminal = open_at(&machine, 44, 10);
    terminal.press(key::ENTER, "an open folder", |frame| frame.contains("▾ bank"));
    terminal.press("j", "an entry", |frame| selected(frame).contains("checking"));
    let frame = terminal.press(key::ENTER, "its details", |frame| frame.contains("••••••••"));
    assert!(!frame.contains("infra"), "{}", frame.text());
    terminal.press(key::ENTER, "its secret", |frame| frame.contains("48213"));
    terminal.press(key::ESC, "the mask", |frame| frame.contains("••••••••"));
    terminal.press(key::ESC, "the list", |frame| frame.contains("infra"));
}

#[test]
fn hostile_names_are_shown_and_do_nothing() {
    let machine = Machine::new();
    machine.hostile();
    let mut terminal = open(&machine);
    let frame = terminal.wait_text("clear");
    for part in ["clear\\u{1b}[2Jscreen", "red\\u{1b}[31m", "title\\u{1b}]0;owned", "two\\nlines", "日本語の名前"]
    {
        assert!(frame.contains(part), "{part:?} in\n{}", frame.text());
    }
    assert!(!frame.text().contains(['\u{202e}', '\u{fffd}']), "{}", frame.text());
    // The rule beside the list stands straight: no name is wider or narrower than it was thought to be.
    let columns: Vec<_> = (3..22).map(|row| upright(&frame, row)).collect();
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{columns:?}\n{}", frame.text());
    for _ in 0..HOSTILE_NAMES.len() {
        terminal.press("j", "a frame", |_| true);
    }
    let notes = terminal.notes();
    assert_eq!((notes.title, notes.bells), (None, 0));
    assert!(notes.queries.is_empty() && notes.unknown.is_empty(), "{:?} {:?}", notes.queries, notes.unknown);
}

/// Names as they are, as they are shown, and the columns that takes: hidden, reordering, combining and wide characters.
const TRICKY: [(&str, &str, usize); 13] = [
    ("zero\u{200b}width", "zero\\u{200b}width", 17),
    ("join\u{200d}er", "join\\u{200d}er", 14),
    ("mark\u{feff}ed", "mark\\u{feff}ed", 14),
    ("isolate\u{2066}x\u{2069}", "isolate\\u{2066}x\\u{2069}", 24),
    ("override\u{202e}x", "override\\u{202e}x", 17),
    ("letter\u{61c}mark", "letter\\u{61c}mark", 17),
    ("tag\u{e0041}ged", "tag\\u{e0041}ged", 15),
    ("c1\u{9b}31m", "c1\\u{9b}31m", 11),
    ("cafe\u{301}", "cafe\u{301}", 4),
    ("ｗｉｄｅ", "ｗｉｄｅ", 8),
    ("日本語", "日本語", 6),
    ("한국어", "한국어", 6),
    ("שלום", "שלום", 4),
];

#[test]
fn tricky_names_take_the_columns_that_they_are_given_byte_for_byte() {
    let machine = Machine::new();
    for (name, ..) in TRICKY {
        machine.entry(name, "hunter2\n", 24 * 60 * 60);
    }
    let terminal = open(&machine);
    let frame = terminal.wait_for("all of them", |frame| frame.row(23).ends_with("13"));
    let rule = upright(&frame, 3).expect("the rule beside the list");
    for (_, shown, columns) in TRICKY {
        let columns = u16::try_from(columns).expect("small");
        let (row, col) = frame.find(shown).unwrap_or_else(|| panic!("no {shown:?} in\n{}", frame.text()));
        let cells = |range: std::ops::Range<u16>| range.map(|col| &frame.cell(row, col).text[..]).collect::<String>();
        // Two columns for the cursor's mark, two for the folder's.
        assert_eq!((col, &cells(4..4 + columns)[..]), (4, shown), "{}", frame.text());
        // The last one is the name's own, or the second half of it.
        assert_ne!(cells(2 + columns..4 + columns).trim(), "", "{shown:?} is narrower than {columns}");
        assert_eq!(cells(4 + columns..rule).trim(), "", "{shown:?} is wider than {columns}");
    }
    let straight = (3..22).all(|row| frame.cell(row, rule).text == "│");
    assert!(straight, "{}", frame.text());
    // What was written is what is seen: no character that hides or reorders left the program.
    let written = String::from_utf8_lossy(&terminal.output()).into_owned();
    let hidden = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}' | '\u{9b}' | '\u{e0041}');
    assert!(!written.contains(hidden), "{written:?}");
}

fn upright(frame: &Frame, row: u16) -> Option<u16> {
    (0..frame.cols).find(|col| frame.cell(row, *col).text == "│")
}

#[test]
fn the_demo_says_that_it_is_one() {
    let machine = Machine::without_store();
    let mut terminal = machine.regpass().args(&["demo", "--ascii"]).start();
    let frame = terminal.wait_for("the demo", |frame| frame.contains("last calls"));
    assert!(frame.row(1).contains("demo") && frame.contains("nothing here is real"), "{}", frame.text());
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0), "ended, so that its folder goes with it");
    let own = open(&showcase());
    assert!(!own.frame().expect("a frame").contains("demo"), "what is real does not say so");
}

#[test]
fn a_hostile_name_can_be_opened() {
    let machine = Machine::new();
    machine.hostile();
    let mut terminal = open(&machine);
    find(&mut terminal, "clearscreen", "clear\\u{1b}[2Jscreen");
    terminal.press("r", "its secret", |frame| frame.contains("hunter2"));
}

#[test]
fn without_a_store_it_says_so_and_what_helps() {
    let mut machine = Machine::without_store();
    machine.unset("REGPASS_KEY_FILE");
    let mut terminal = machine.regpass().start();
    let frame = terminal.wait_for("what to do", |frame| frame.contains("there is no password store"));
    assert!(frame.contains("gpg --quick-generate-key") && !frame.contains("cannot"), "{}", frame.text());
    terminal.press("2", "a sentence", |frame| frame.contains("pass init"));
    terminal.press("1", "what to do", |frame| frame.contains("there is no password store"));
    terminal.press("\r", "the copy", |frame| frame.contains("clipboard for"));
    let notes = terminal.wait_notes("the command", |notes| !notes.copied.is_empty());
    let copied = String::from_utf8_lossy(&notes.copied[0].text);
    assert!(copied.starts_with("gpg --quick-generate-key"), "{copied}");
}

#[test]
fn an_empty_store_says_how_to_begin() {
    let machine = Machine::new();
    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first frame", |_| true);
    terminal.press("2", "what to do", |frame| frame.contains("regpass insert"));
}

#[test]
fn an_unreadable_neighbour_is_counted_and_explained() {
    let machine = showcase();
    std::os::unix::fs::symlink("loop", machine.store().join("loop")).expect("a link to itself");
    std::os::unix::fs::symlink("nowhere", machine.store().join("gone.gpg")).expect("a link to nothing");
    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first frame", |_| true);
    terminal.press("2", "the count", |frame| frame.contains("2 unreadable"));
    let frame = terminal.press("U", "the reasons", |frame| frame.contains("could not be listed"));
    assert!(frame.contains("gone.gpg") && frame.contains("/loop"), "{}", frame.text());
}

#[test]
fn without_colours_nothing_is_coloured() {
    let mut machine = showcase();
    machine.set("NO_COLOR", "1");
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    for frame in terminal.frames_after(0) {
        let cells = (0..24).flat_map(|row| (0..80).map(move |col| (row, col)));
        let plain = |(row, col)| {
            let style = frame.cell(row, col).style;
            style.fg == Color::Default && style.bg == Color::Default
        };
        assert!(cells.into_iter().all(plain), "{}", frame.dump());
    }
}

#[test]
fn ascii_is_ascii() {
    let machine = showcase();
    let mut terminal = machine.regpass().args(&["--ascii"]).start();
    let frame = terminal.wait_for("the first tab", |frame| frame.contains("last calls"));
    assert!(frame.text().is_ascii(), "{}", frame.text());
    to_store(&mut terminal);
    let frame = terminal.frame().expect("a frame");
    assert!(frame.text().is_ascii(), "{}", frame.text());
    let mut terminal = machine.regpass().var("LANG", "C").start();
    to_store(&mut terminal);
    let frame = terminal.frame().expect("a frame");
    assert!(frame.text().is_ascii(), "{}", frame.text());
}

#[test]
fn ten_thousand_entries_are_listed_and_found() {
    let machine = Machine::new();
    machine.bulk(10_000);
    let mut terminal = open(&machine);
    let frame = terminal.wait_for("the count", |frame| frame.row(23).ends_with("10000"));
    assert!(frame.contains("team-000") && frame.contains("team-009"), "{}", frame.text());
    terminal.press("G", "the last folder", |frame| selected(frame).contains("team-009"));
    terminal.press("/", "the filter's field", |frame| frame.cursor.is_some());
    terminal.press("team-007/host-42/vault", "one entry", |frame| frame.row(23).ends_with("1/10000"));
    terminal.press(key::ENTER, "its facts", |frame| frame.contains("readable by"));
    terminal.press("r", "its secret", |frame| frame.contains("hunter2"));
}
