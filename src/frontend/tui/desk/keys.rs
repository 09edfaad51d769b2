//! Which key does what, and what the first and the last line say meanwhile.

use super::super::keymap::Keymap;
use super::super::screens::tables;
use super::*;

fn line(desk: &mut Desk, from_the_top: usize) -> String {
    desk.screen().lines().nth(from_the_top).unwrap_or_default().to_owned()
}

fn last_line(desk: &mut Desk) -> String {
    desk.screen().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn who_and_where_is_whole_at_80_columns() {
    let mut desk = Desk::new((80, 24)).begun();
    let line = line(&mut desk, 0);
    for fact in ["alice", "/home/alice", "~/.docker", "~/.password-store", "4FC7…7AC9", "unlocked"] {
        assert!(line.contains(fact), "no {fact:?} in {line:?}");
    }
}

#[test]
fn why_a_key_does_nothing_is_told_in_full() {
    for size in [(80, 24), (44, 10)] {
        let mut desk = Desk::new(size).begun();
        let shown = desk.press("3?what is no").screen().replace(['│', '\n', '▶'], " ");
        let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("what is no login, and why not now: everything could be read"), "{words}");
    }
}

/// Every key that is said is the one that the person has.
#[test]
fn words_name_the_keys_that_were_chosen() {
    let chosen = [
        ("store.reveal", "F6"),
        ("store.more", "F7"),
        ("store.less", "F8"),
        ("lines.reveal", "F6"),
        ("lines.copy", "F7"),
        ("git.conflicts", "F9"),
        ("registries.unreadable", "F10"),
        ("registries.reveal", "F6"),
    ];
    let chosen = chosen.iter().map(|(id, key)| ((*id).to_owned(), vec![(*key).to_owned()])).collect();
    let keymap = Keymap::choose(&chosen, &tables()).expect("they can be chosen");
    let begun = || {
        let mut desk = Desk::new((80, 24)).begun();
        desk.app.scope.keymap = keymap.clone();
        desk
    };
    let mut desk = begun();
    desk.secret = b"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n";
    desk.press("/dbroot<Enter><Enter>").shows("rows: F7, F8");
    let mut desk = begun();
    desk.press("/dbroot<Enter>v").shows("Only this line is shown by F6, and copied by F7.");
    let mut desk = begun();
    desk.press("Ss").shows("F9 settles");
    for tab in ["/dbroot<Enter>", "3"] {
        let mut desk = begun();
        desk.press(tab);
        desk.failure =
            Some(Problem { retry: Some("regpass show x".to_owned()), ..Problem::failed("nobody was asked") });
        desk.press("<F6>").shows("press F6 to try again");
    }
}

#[test]
fn the_key_that_opens_the_help_closes_it() {
    for key in ["?", "<F1>"] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press(key).shows("Keys: Store");
        desk.press(key).hides("Keys: Store");
    }
}

#[test]
fn a_kept_filter_is_replaced_by_typing_and_edited_by_moving_in_it() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>/vpn").shows("/ vpn");
    desk.shows("infra/vpn");
    desk.press("<Enter>/<Right>x").shows("/ vpnx");
    desk.press("<Backspace>").shows("/ vpn");
    desk.press("<Enter>/<Enter>").shows("/ vpn");
    desk.press("3/ghcr<Enter>/quay").shows("/ quay");
}

#[test]
fn esc_hides_the_secret_then_clears_the_filter() {
    for (keys, found) in
        [("/dbroot<Enter>r", "/ dbroot"), ("3/ghcr<Enter>r", "/ ghcr"), ("/dbroot<Enter>r/", "/ dbroot")]
    {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press(keys).shows("tr0ub4dor");
        desk.press("<Esc>").hides("tr0ub4dor");
        desk.shows(found);
        desk.press("<Esc>").hides(found);
    }
}

#[test]
fn the_last_line_says_what_a_key_does_now() {
    let mut desk = Desk::new((80, 24)).begun();
    let folder = last_line(&mut desk);
    for hint in ["⏎ close", "/ find", "n new", "D delete", "Space mark", "q quit"] {
        assert!(folder.contains(hint), "no {hint:?} in {folder:?}");
    }
    assert!(last_line(desk.press("<Enter>")).contains("⏎ open"));
    let masked = last_line(desk.press("/dbroot<Enter>"));
    assert!(masked.contains("⏎ show") && masked.contains("r reveal") && masked.contains("Esc clear"), "{masked}");
    let shown = last_line(desk.press("r"));
    assert!(shown.contains("r hide") && !shown.contains("reveal") && !shown.contains("show"), "{shown}");
}

#[test]
fn a_key_with_nothing_to_act_on_says_the_true_reason() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("c").shows("select an entry, not a folder");
    for keys in ["/zzz<Enter>c", "r", "<Enter>", "<Esc>3/zzz<Enter>c"] {
        desk.press(keys).shows("nothing fits the filter");
    }
}

#[test]
fn the_key_that_begins_a_search_is_no_part_of_what_is_looked_for() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("?/copy").shows("copy the password");
    desk.hides("/copy");
}

#[test]
fn the_help_narrows_as_one_types() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("?").shows("copy the password");
    desk.press("reveal").hides("copy the password");
    desk.hides("page up");
    desk.press("<Esc>").shows("infra");
}
