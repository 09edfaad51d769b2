//! The store's rows: what is listed, found, opened and closed, and what cannot be shown.

use super::*;

#[test]
fn an_empty_and_a_missing_store_say_what_helps() {
    let mut desk = Desk::new((80, 24));
    desk.entries.clear();
    let mut desk = desk.begun();
    desk.shows("The store is empty.");
    desk.shows("regpass insert NAME");
    desk.app.scope.typed.store = Some("/srv/a b".into());
    desk.shows("regpass --store '/srv/a b' insert NAME");
    desk.shows("PASSWORD_STORE_DIR='/srv/a b' pass init KEYID");
    let mut desk = Desk::new((80, 24));
    desk.failure = Some(Problem::failed("there is no password store").hint("make one: pass init KEYID"));
    let mut desk = desk.begun();
    desk.shows("there is no password store");
    desk.shows("make one: pass init KEYID");
    desk.press("jkr<Enter>c/x<Esc>G");
    desk.press("3").shows("there is no password store");
}

#[test]
fn letters_are_text_while_the_filter_has_the_focus() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/q2?");
    desk.shows("/ q2?");
    desk.shows("nothing fits");
    assert!(!desk.app.wants_to_quit());
    desk.press("<Backspace><Backspace><Backspace>");
    desk.shows("▾ infra");
    desk.press("<^C>");
    assert!(desk.app.wants_to_quit());
}

#[test]
fn what_was_found_stays_selected_when_the_filter_goes() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/vpn<Enter><Esc>r").shows("tr0ub4dor");
    desk.shows("infra/vpn");
}

#[test]
fn all_folders_close_and_open_at_once() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter><Esc>").shows("▶       replica");
    desk.press("-").shows("▶ ▸ infra");
    desk.hides("replica");
    desk.hides("▾");
    desk.press("+").shows("▶ ▾ infra");
    desk.shows("replica");
    desk.hides("▸");
    desk.press("/db<Enter>-").shows("clear it first");
}

#[test]
fn folders_open_and_close() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/vpn<Enter><Esc><Left><Left>");
    desk.hides("vpn");
    desk.press("<Enter>").shows("vpn");
}

#[test]
fn what_cannot_be_listed_is_counted_and_explained() {
    let mut desk = Desk::new((80, 24));
    desk.unreadable
        .push(Unreadable { path: "/home/alice/.password-store/x\u{1b}[2J".into(), why: "a loop".to_owned() });
    let mut desk = desk.begun();
    desk.shows("1 unreadable");
    desk.press("U").shows("1 name could not be listed");
    desk.shows("a loop");
    desk.shows("\\u{1b}[2J");
    desk.press("q");
    assert!(!desk.app.wants_to_quit(), "q closes the list, not the program");
}

#[test]
fn hostile_names_stay_inside_their_cells() {
    let names =
        ["e\u{301}vil\u{1b}]0;t\u{7}", "日本語/パスワード", "a\u{202e}b", "\u{300}x", "wide 🦀 crab/🇩🇪", "x\u{200d}y"];
    let mut desk = Desk::with((60, 20), &names, Theme::new(true, false)).begun();
    for keys in ["", "/パ", "<Esc><End>"] {
        let screen = desk.press(keys).screen();
        let hostile = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{200d}' | '\u{202e}'));
        assert!(!screen.contains(hostile), "{screen:?}");
    }
    insta::assert_snapshot!("hostile", desk.screen());
}

/// The name beside the cursor.
fn selected(desk: &mut Desk) -> String {
    let screen = desk.screen();
    let row = screen.lines().find_map(|line| line.strip_prefix("▶ ")).unwrap_or_default();
    row.trim_start_matches([' ', '▸', '▾', '✘']).split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn what_is_gone_leaves_the_cursor_at_the_name_that_follows() {
    for (find, gone, nearest) in [
        ("/vpn<Enter><Esc>", vec!["infra/vpn"], "db"),
        ("/replica<Enter><Esc>", vec!["infra/db/replica"], "root"),
        ("/dbroot<Enter><Esc>", vec!["infra/db/root"], "replica"),
        ("/mail<Enter><Esc>", vec!["mail/work"], "work"),
        ("/dbroot<Enter><Esc>", vec!["infra/db/root", "infra/db/replica", "infra/db/metrics"], "vpn"),
    ] {
        let mut desk = Desk::new((80, 40)).begun();
        desk.press(find);
        // What comes before it moves every row.
        desk.entries.extend(["aaa/1", "aaa/2", "aab"].map(str::to_owned));
        desk.entries.retain(|name| !gone.contains(&name.as_str()));
        desk.press("<F5>");
        assert_eq!(selected(&mut desk), nearest, "{gone:?}\n{}", desk.screen());
    }
}

#[test]
fn a_login_that_is_gone_leaves_the_cursor_at_the_next_one() {
    let mut desk = Desk::new((80, 40)).begun();
    desk.press("/ghcr<Enter><Esc>");
    assert_eq!(selected(&mut desk), "ghcr.io");
    desk.entries.push("aaa/1".to_owned());
    let gone = entry_of("ghcr.io", "<token>");
    desk.entries.retain(|name| *name != gone);
    desk.press("<F5>");
    assert_eq!(selected(&mut desk), "harbor.corp.test", "{}", desk.screen());
}
