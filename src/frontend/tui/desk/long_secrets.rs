//! Secrets with more rows than the details have room for.

use super::*;

const LONG: &[u8] =
    b"row01\nrow02\nrow03\nrow04\nrow05\nrow06\nrow07\nrow08\nrow09\nrow10\nrow11\nrow12\nrow13\nrow14\n\
    row15\nrow16\nrow17\nrow18\nrow19\nrow20\nrow21\nrow22\nrow23\nrow24\nrow25\nrow26\nrow27\nrow28\nrow29\nrow30\n";

fn desk_with(secret: &'static [u8], size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(size);
    desk.secret = secret;
    desk.begun()
}

#[test]
fn every_row_can_be_brought_into_view() {
    for size in [(80, 24), (44, 10), (140, 30)] {
        for tab in ["/replica<Enter>", "3"] {
            let mut desk = desk_with(LONG, size);
            desk.press(tab).screen();
            desk.press("r").shows("row01");
            desk.hides("row30");
            desk.shows("of 30 rows: J, K");
            if size.0 >= 80 {
                desk.shows("J more");
            }
            let mut seen = desk.screen();
            for _ in 0..30 {
                seen += &desk.press("J").screen();
            }
            desk.shows("row30");
            desk.hides("row01");
            for number in 1..=30 {
                assert!(seen.contains(&format!("row{number:02}")), "{number} at {size:?}");
            }
            // What was pressed too often does not count.
            desk.press("K").hides("row30");
            for _ in 0..30 {
                desk.press("K");
            }
            desk.shows("row01");
        }
    }
}

#[test]
fn one_long_line_is_rows_too() {
    const LINE: &[u8] = &{
        let mut line = [b'x'; 3000];
        line[2999] = b'!';
        line
    };
    let mut desk = desk_with(LINE, (80, 24));
    desk.press("<End>r").hides("!");
    for _ in 0..30 {
        desk.press("J");
    }
    desk.shows("x!");
}

#[test]
fn scrolling_does_not_put_the_end_off_and_the_next_reveal_begins_at_the_top() {
    let mut desk = desk_with(LONG, (80, 24));
    desk.press("<End>r").shows("row01");
    desk.wait(Duration::from_millis(9999)).press("J").shows("row19");
    desk.wait(Duration::from_millis(1));
    desk.hides("row");
    desk.press("J").shows("nothing more to show");
    desk.press("r").shows("row01");
    desk.press("J").hides("row01");
    desk.press("r").hides("row");
    desk.press("r").shows("row01");
}

#[test]
fn what_fits_offers_no_scrolling() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("<End>r").shows("tr0ub4dor");
    desk.hides("J more");
    desk.press("J").shows("nothing more to show");
    desk.shows("tr0ub4dor");
}
