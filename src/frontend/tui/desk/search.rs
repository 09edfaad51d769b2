//! What is looked for inside the entries, and what is found.

use super::super::jobs::search::{Found, FoundLine, Job as Ask, Report as Answer};
use super::*;
use crate::ops::line_diff::MASK;
use crate::ops::opening::Failed;

fn line(entry: &str, number: usize, masked: &str) -> FoundLine {
    FoundLine { entry: EntryPath::parse(entry).expect("a name"), number, masked: masked.to_owned() }
}

pub(super) fn found(job: &Ask) -> Answer {
    match job {
        Ask::Search { pattern, .. } if pattern == "none" => Answer::Found(Found { entries: 11, ..Found::default() }),
        Ask::Search { .. } => Answer::Found(Found {
            lines: vec![
                line("infra/db/root", 2, "user: postgres"),
                line("mail/work", 1, MASK),
                line("infra/vpn", 3, &format!("pin: {MASK}")),
            ],
            entries: 10,
            failed: vec![Failed {
                entry: EntryPath::parse("work/ci/token").expect("a name"),
                problem: Problem::failed("cannot read \"work/ci/token\"").because("no secret key for it is here"),
            }],
            ..Found::default()
        }),
        Ask::Line(..) => Answer::Line(Secret::new(b"tr0ub4dor\x1b[2J".to_vec())),
    }
}

#[test]
fn whole_screens() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("search_empty", desk.press("F").screen());
    insta::assert_snapshot!("search", desk.press("user<Enter>").screen());
    insta::assert_snapshot!("search_revealed", desk.press("jr").screen());
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_search", desk.press("Fuser<Enter>").screen());
    let mut plain = Desk::with((80, 24), &["infra/db/root"], Theme::new(false, true)).begun();
    let screen = plain.press("Fpin<Enter>").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn letters_are_text_until_enter_and_esc_closes() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("F<Enter>").shows("type what to look for");
    desk.press("q/F").shows("/ q/F");
    desk.press("<Esc>").shows("▾ infra");
    desk.press("Fnone<Enter>").shows("no line in 11 entries has it");
}

#[test]
fn enter_selects_the_entry_in_the_tree_whatever_was_filtered() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/vpn<Enter>Fuser<Enter><Enter>").shows("▶       root");
    desk.hides("Search inside");
    desk.shows("infra/db/root");
}

#[test]
fn one_line_is_in_clear_until_its_time_is_up_or_the_person_goes_on() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("Fuser<Enter>r").shows("this line hides nothing");
    for away in ["r", "<Esc>", "k", "/", "<Enter>"] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press("Fuser<Enter>jr").shows("tr0ub4dor\\u{1b}[2J");
        desk.press(away).hides("tr0ub4dor");
    }
    desk.press("jr").shows("tr0ub4dor");
    desk.wait(Duration::from_secs(10)).hides("tr0ub4dor");
    assert_eq!(desk.app.deadline(), None);
}

#[test]
fn the_key_that_searches_is_shown_before_anything_is_typed() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("F").shows("⏎ search");
    desk.press("<Enter>").shows("type what to look for");
}

#[test]
fn what_takes_a_while_has_a_word_at_once() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("Fx<Enter>").shows("Esc calls it off");
    desk.press("<Esc>").shows("Being called off.");
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/vpn<Enter>C").hides("being opened");
    desk.slow = true;
    desk.press("a").shows("being opened");
    desk.press("<Esc>").hides("being opened");
}
