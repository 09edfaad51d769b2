//! Every action by name, other keys for it, and what may not be done.

use std::collections::BTreeMap;

use super::super::keymap::Keymap;
use super::super::screens;
use super::*;

pub(super) fn with_keys(choices: &[(&str, &[&str])]) -> Desk {
    let chosen: BTreeMap<String, Vec<String>> = choices
        .iter()
        .map(|(id, keys)| ((*id).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect()))
        .collect();
    let mut desk = Desk::new((80, 24));
    desk.app.scope.keymap = Keymap::choose(&chosen, &screens::tables()).expect("usable");
    desk.begun()
}

#[test]
fn whole_screens() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("palette", desk.press(":").screen());
    insta::assert_snapshot!("palette_typed", desk.press("copy").screen());
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_palette", desk.press("/dbroot<Enter>:reveal").screen());
    let mut plain = Desk::with((80, 24), &["infra/vpn"], Theme::new(false, true)).begun();
    let screen = plain.press(":").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn enter_does_what_its_key_does() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>:hide the secret<Enter>").hides("Actions");
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>:show or hide<Enter>").shows("tr0ub4dor");
    desk.press(":").hides("tr0ub4dor");
    desk.press("<Esc>").hides("tr0ub4dor");
    desk.press(":copy the password<Enter>").shows("copied for 45 s: infra/db/root");
    desk.press(":Registries<Enter>").shows("harbor.corp.test");
    assert!(!desk.app.wants_to_quit());
    desk.press(":leave regpass<Enter>");
    assert!(desk.app.wants_to_quit());
}

#[test]
fn what_cannot_be_done_now_says_why_and_stays() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press(":store.copy").shows("not now: select an entry, not a folder");
    desk.press("<Enter>").shows("⚠ select an entry, not a folder");
    desk.shows("Actions");
    desk.press("zzzz").shows("no action fits");
    desk.press("<Enter>").shows("⚠ no action fits");
}

#[test]
fn names_are_found_by_what_they_say_and_the_stores_layers_from_any_tab() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("3:git").hides("leave regpass");
    desk.shows("in Store  S");
    desk.press("<Enter>").shows("main, goes with origin");
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("4:who can read<Enter>").shows("Who can read");
}

#[test]
fn what_other_programs_call_an_action_finds_it() {
    for (typed, does) in [
        ("generate", "a new entry, its password made or typed"),
        ("clipboard", "copy the password (line 1)"),
        ("sync", "git: where the stores stand"),
        ("totp", "copy the one-time code"),
        ("restore", "versions in git: what changed"),
    ] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press(&format!(":{typed}")).shows(does);
    }
}

#[test]
fn layers_have_help_and_palette_too_but_no_other_tab_under_them() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("S:").shows("fetch, and take over");
    for text in ["next tab", "leave regpass", "take back"] {
        desk.hides(text);
    }
    desk.press("<Esc>?").shows("Keys: git");
    desk.press("<Esc>3z").shows("Git");
    desk.hides("Take back");
    // Letters are text where text is typed.
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("F:?@").shows("/ :?@");
}

#[test]
fn a_chosen_key_is_the_one_that_works_and_is_shown_everywhere() {
    let mut desk = with_keys(&[("store.copy", &["Y"]), ("app.palette", &["F2"]), ("list.down", &["H"])]);
    desk.press("/dbroot<Enter>");
    desk.shows("Y copy");
    desk.hides("c copy");
    desk.press("Y").shows("copied for 45 s");
    desk.press("c").hides("copied");
    desk.press("?copy the").shows("Y ");
    desk.press("<Esc>:").hides("Actions");
    desk.press("<Esc><Esc>").shows("▶       root");
    desk.press("H").shows("▶   ✘ vpn");
    desk.press("j").shows("▶   ✘ vpn");
    // A letter in a field stays a letter.
    desk.press("/YH").shows("/ YH");
}

#[test]
fn read_only_refuses_every_action_that_would_write_and_says_so() {
    let mut desk = Desk::new((80, 24));
    desk.app.scope.read_only = true;
    let mut desk = desk.begun();
    for keys in ["z", "Ss", "<Esc>SP", "<Esc>Wa", "<Esc>/dbroot<Enter>hR", "<Esc>/vpn<Enter>Cm"] {
        let before = desk.started.len();
        desk.press(keys).shows("told to write nothing");
        let wrote =
            |job: &String| ["Restore", "Sync", "Resolve", "Change", "Undo"].iter().any(|name| job.contains(name));
        assert!(!desk.started[before..].iter().any(wrote), "{keys}: {:?}", desk.started);
        desk.press("<Esc>");
    }
    let mut desk = Desk::new((80, 24));
    desk.app.scope.read_only = true;
    desk.begun().press(":take back").shows("not now: regpass was told to write nothing");
}
