//! An entry's text edited inside: what is seen of it for how long, what is stored, what is never lost unasked.

use std::sync::Arc;

use super::*;
use crate::frontend::tui::jobs::edit::Job as Ask;
use crate::frontend::tui::jobs::write::{Done, Report as Answer};
use crate::frontend::tui::keymap::Keymap;
use crate::frontend::tui::screens::tables;
use crate::ops::entries::Opened;

/// A store that takes every text, but one that says it was changed there meanwhile.
pub(super) fn found(job: Ask, plaintext: &'static [u8]) -> Report {
    match job {
        Ask::Open(path) => Report::Editable(Arc::new(Opened::made_of(path, Secret::new(plaintext.to_vec())))),
        Ask::Outside(path) => {
            let told = format!("saved {}", path.display());
            Report::Write(Answer::Done(Done { told, changed: true, ..Done::default() }))
        }
        Ask::Save(opened, text) => {
            let bytes = text.len();
            let told = format!("saved {}, {bytes} bytes", opened.path.display());
            Report::Write(Answer::Done(Done { told, changed: true, ..Done::default() }))
        }
    }
}

fn editing(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(size).begun();
    desk.press("/dbroot<Enter>e");
    desk
}

fn saves(desk: &Desk) -> usize {
    desk.started.iter().filter(|job| job.starts_with("Edit(Save")).count()
}

#[test]
fn whole_screens() {
    let mut desk = editing((80, 24));
    insta::assert_snapshot!("editor", desk.screen());
    insta::assert_snapshot!("editor_revealed", desk.press("<^R>").screen());
    insta::assert_snapshot!("editor_changed", desk.press("<Down><End><Enter>pin: 4711").screen());
    insta::assert_snapshot!("editor_leaving", desk.press("<Esc>").screen());
    let mut small = editing((44, 10));
    insta::assert_snapshot!("small_editor", small.screen());
    insta::assert_snapshot!("small_editor_all", small.press("<Down><^T>").screen());
    let mut plain = Desk::with((80, 24), &["c"], Theme::new(false, true)).begun();
    let screen = plain.press("<End>e<Down>").screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("ascii_editor", screen);
}

#[test]
fn a_secret_line_is_seen_when_asked_until_it_is_left_or_its_time_is_up() {
    let mut desk = editing((80, 24));
    desk.shows("db1.internal");
    desk.hides("tr0ub4dor");
    desk.press("<^R>").shows("tr0ub4dor&3");
    desk.press("<Down>").hides("tr0ub4dor");
    desk.press("<Up><^R>").shows("hidden in");
    desk.wait(Duration::from_secs(9)).shows("tr0ub4dor&3");
    desk.press("<Home>").wait(Duration::from_secs(9)).shows("tr0ub4dor&3");
    desk.wait(Duration::from_secs(1)).hides("tr0ub4dor");
    assert_eq!(desk.app.deadline(), None);
    desk.press("<^T><Down><Down>").shows("tr0ub4dor&3");
    desk.press("<^T>").hides("tr0ub4dor");
    desk.press("<^R>").shows("this line hides nothing");
}

#[test]
fn a_hidden_line_is_not_changed_unseen() {
    let mut desk = editing((80, 24));
    desk.press("x").shows("this line is hidden: show it first, or empty it as a whole");
    desk.hides("(changed)");
    desk.press("<^U>new-pw").shows("new-pw");
    desk.wait(Duration::from_secs(10)).hides("new-pw");
    desk.press("<^S>").shows("saved infra/db/root, 45 bytes; z takes it back");
    assert_eq!(saves(&desk), 1);
    assert!(desk.started.iter().all(|job| !job.contains("new-pw")), "{:?}", desk.started);
    desk.shows("readable by");
}

#[test]
fn a_hidden_line_that_moves_is_not_shown_by_that() {
    let mut desk = editing((80, 24));
    desk.press("<Enter>").shows("(changed)");
    desk.hides("tr0ub4dor");
    desk.press("x").shows("this line is hidden");
    desk.hides("tr0ub4dor");
    desk.press("<Up>new").shows("new");
    desk.press("<^U><Delete>").hides("tr0ub4dor");
    desk.press("<^R>").shows("tr0ub4dor&3");
    let mut desk = Desk::new((80, 24));
    desk.secret = b"pw\n\nsecret notes";
    let mut desk = desk.begun();
    desk.press("/dbroot<Enter>e<Down><Delete>").shows("(changed)");
    desk.hides("secret notes");
}

#[test]
fn no_key_counts_before_the_text_was_seen() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>");
    desk.slow = true;
    desk.press("e<^U>").shows("being opened");
    desk.slow = false;
    for (ticket, job) in std::mem::take(&mut desk.held) {
        desk.answer(ticket, job);
    }
    for key in ["^U", "Down", "Enter", "^S"] {
        desk.app.handle(Event::Key(named(key)));
    }
    desk.app.handle(Event::Paste("pasted".to_owned().into()));
    desk.settle();
    desk.shows("line 1 of 3");
    desk.hides("(changed)");
    desk.press("<^U>").shows("(changed)");
    assert_eq!(saves(&desk), 0);
}

#[test]
fn unsaved_text_is_not_left_where_it_cannot_be_seen() {
    let mut desk = editing((80, 24));
    desk.press("<Down>x");
    desk.size = (30, 6);
    desk.shows("there is unsaved text");
    desk.press("q");
    assert!(!desk.app.wants_to_quit());
    desk.size = (80, 24);
    desk.shows("(changed)");
    desk.size = (30, 6);
    desk.shows("Ctrl-C");
    desk.press("<^C>");
    assert!(desk.app.wants_to_quit(), "told so");
}

#[test]
fn letters_are_text_and_no_keys() {
    let mut desk = editing((80, 24));
    desk.press("<Down><End>qz?:1/").shows("user: postgresqz?:1/");
    desk.app.handle(Event::Paste("\r\nurl: b\r".to_owned().into()));
    desk.shows("line 4 of 5");
    desk.press("<^Y>").shows("user: postgresqz?:1/");
    desk.press("<^Y>").hides("qz?:1/");
    desk.hides("(changed)");
    desk.press("<^Y>").shows("nothing was changed");
}

#[test]
fn what_was_written_is_not_given_up_unasked() {
    for leave in ["<Esc>", "<^C>"] {
        let mut desk = editing((80, 24));
        desk.press("<Down>x").press(leave).shows("What you wrote is lost");
        desk.press("<Enter>").shows("(changed)");
        desk.press(leave).press("y").shows("readable by");
        assert_eq!(saves(&desk), 0);
        let mut desk = editing((80, 24));
        desk.press("<^C>");
        assert!(desk.app.wants_to_quit(), "nothing was written");
    }
    let mut desk = editing((80, 24));
    desk.press("<Down>x<^C><^C>");
    assert!(desk.app.wants_to_quit(), "asked once");
    let mut desk = editing((80, 24));
    desk.press("<Esc>").shows("readable by");
}

#[test]
fn what_a_worker_says_does_not_close_it() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/replica<Enter>R2");
    desk.slow = true;
    desk.press("<Enter><Esc>");
    let renamed = std::mem::take(&mut desk.held);
    desk.slow = false;
    desk.press("e<Down>x").shows("(changed)");
    for (ticket, job) in renamed {
        desk.answer(ticket, job);
    }
    desk.settle();
    desk.shows("carried; z takes it back");
    desk.shows("(changed)");
}

#[test]
fn a_text_that_cannot_be_stored_stays() {
    let mut desk = editing((80, 24));
    desk.press("<Down><End>x");
    desk.failure = Some(Problem::failed("\"infra/db/root\" was changed by somebody else meanwhile"));
    desk.press("<^S>").shows("✘ \"infra/db/root\" was changed by somebody else meanwhile");
    desk.shows("your text is still here");
    desk.shows("user: postgresx");
    desk.failure = None;
    desk.press("y<^S>").shows("saved infra/db/root, 52 bytes");
}

#[test]
fn a_text_that_cannot_be_stored_is_compared_and_kept_under_another_name() {
    let mut desk = editing((80, 24));
    desk.press("<Down><End>x");
    desk.failure = Some(Problem::failed("\"infra/db/root\" was changed by somebody else meanwhile"));
    desk.press("<^S>").shows("F4 stores it under");
    desk.failure = None;
    desk.press("<F3>").shows("infra/db/root: stored (-), your text (+)");
    desk.hides("horse");
    desk.press("<Esc>").shows("user: postgresx");
    desk.press("<F4>").shows("infra/db/root-mine");
    desk.press("<Esc>").shows("user: postgresx");
    desk.entries.push("infra/db/root-mine".to_owned());
    desk.press("<F4><Enter>").shows("kept 51 bytes; z takes it back");
    desk.press("D").shows("Delete infra/db/root-mine");
    assert!(desk.started.iter().all(|job| !job.contains("postgresx")), "{:?}", desk.started);
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/ghcr<Enter>e<F4>").shows("<token>-mine");
    desk.hides("docker-credential-helpers/");
}

#[test]
fn the_end_of_a_save_closes_the_question_over_it_too() {
    let mut desk = editing((80, 24));
    desk.press("<Down>x");
    desk.slow = true;
    desk.press("<^S>").shows("it is being saved");
    desk.press("y<Esc>").shows("is being stored; if that fails, it is lost");
    desk.slow = false;
    for (ticket, job) in std::mem::take(&mut desk.held) {
        desk.answer(ticket, job);
    }
    desk.settle();
    desk.shows("saved infra/db/root, 51 bytes");
    desk.shows("readable by");
    desk.hides("Give up");
}

#[test]
fn it_opens_from_the_lines_and_the_registries_and_goes_back_there() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>ve<Down>x<^S>").shows("code");
    let opened = desk.started.iter().filter(|job| job.starts_with("Lines(Masked")).count();
    assert_eq!(opened, 2, "they are read again");
    desk.press("<Esc>3<Down>e").shows(" at ");
    desk.press("<Esc>").shows("AGE");
}

#[test]
fn what_is_no_text_is_refused_with_what_can_be_done() {
    let mut desk = Desk::new((80, 24));
    desk.secret = b"\xff\xfe";
    let mut desk = desk.begun();
    desk.press("/dbroot<Enter>e").shows("it is not UTF-8");
    desk.shows("E in the store opens it in an editor of your own");
    desk.press("x<^S>").shows("there is no text yet");
    desk.press("<Esc>").shows("readable by");
}

#[test]
fn where_nothing_may_be_written_it_does_not_open() {
    for keys in ["/replica<Enter>e", "/replica<Enter>ve", "3<Down>e", "/replica<Enter>E", "/replica<Enter>vE"] {
        let mut desk = Desk::new((80, 24));
        desk.app.scope.read_only = true;
        desk.begun().press(keys).shows("regpass was told to write nothing");
    }
}

#[test]
fn an_editor_of_ones_own_is_waited_for_and_what_came_of_it_is_told() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>E").shows("saved infra/db/root; z takes it back");
    desk.shows("readable by");
    desk.failure = Some(Problem::failed("the editor \"ed\" cannot be run").hint("choose one that is installed"));
    desk.press("E").shows("✘ the editor \"ed\" cannot be run");
    desk.shows("choose one that is installed");
    desk.press("<Esc>").shows("readable by");
    desk.failure = Some(Problem::cancelled("called off"));
    desk.press("E").shows("called off");
    desk.shows("readable by");
    desk.slow = true;
    desk.press("E").shows("being opened");
    desk.app.handle(Event::Key(named("Esc")));
    let orders = desk.app.take_orders();
    assert!(orders.iter().any(|order| matches!(order, Order::CallOff(_))), "nobody waits for it any more");
}

#[test]
fn long_lines_go_sideways_and_many_lines_down() {
    let mut desk = Desk::new((60, 16));
    desk.secret = "pw\nurl: 日本語0123456789012345678901234567890123456789012345678901234567890123456789end\nuser: 3\nuser: 4\nuser: 5\nuser: 6\nuser: 7\nuser: 8\n".as_bytes();
    let mut desk = desk.begun();
    desk.press("/dbroot<Enter>e<Down>").shows("user: 3");
    insta::assert_snapshot!("editor_cut", desk.screen());
    desk.press("<End>").shows("789end");
    insta::assert_snapshot!("editor_sideways", desk.screen());
    desk.press("<PgDn><PgDn><Home>").shows("user: 8");
    desk.hides("789end");
}

#[test]
fn suspending_hides_what_is_seen_and_keeps_what_was_written() {
    let mut desk = editing((80, 24));
    desk.press("<^T><Down><End>x").shows("tr0ub4dor");
    desk.app.hide_secrets();
    desk.hides("tr0ub4dor");
    desk.shows("user: postgresx");
}

#[test]
fn every_size_can_be_drawn_with_it() {
    for width in [44, 45, 70, 140] {
        for height in [10, 11, 14, 24] {
            let mut desk = editing((width, height));
            desk.press("<^T>").screen();
            desk.press("<End>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx<Esc>").screen();
        }
    }
}

#[test]
fn its_keys_are_in_the_help_and_in_the_palette() {
    let mut desk = editing((80, 24));
    desk.press("<^R><F1>").shows("Keys: editor");
    desk.hides("tr0ub4dor");
    desk.press("empty").shows("Ctrl-U");
    desk.press("<F1>").shows("Hidden. Ctrl-R shows this line");
    desk.press("<^P>empty").shows("editor.empty-line in the config file");
    desk.press("<Enter>").shows("(changed)");
    desk.press("?:@M").shows("?:@M");
    desk.press("<^P>store the text<Enter>").shows("saved infra/db/root");
    assert_eq!(saves(&desk), 1);
}

#[test]
fn its_keys_can_be_chosen_and_are_those_that_are_told() {
    let chosen =
        [("editor.save", "F10"), ("editor.reveal", "Ctrl-x"), ("editor.empty-line", "F9"), ("editor.close", "F8")];
    let chosen = chosen.iter().map(|(id, key)| ((*id).to_owned(), vec![(*key).to_owned()])).collect();
    let keymap = Keymap::choose(&chosen, &tables()).expect("they can be chosen");
    let mut desk = editing((80, 24));
    desk.app.scope.keymap = keymap;
    desk.shows("Hidden. Ctrl-X shows this line for a while, F9 empties it.");
    desk.shows("F10 save");
    desk.press("<^U>").hides("(changed)");
    desk.press("<^X>").shows("tr0ub4dor");
    desk.press("<F9>new").shows("(changed)");
    desk.press("<Esc><^S>").shows("(changed)");
    // What always leaves regpass asks first, whatever was chosen.
    desk.press("<^C>").shows("Give up the changes");
    assert!(!desk.app.wants_to_quit());
    desk.press("n<F8>").shows("Give up the changes");
    desk.press("n<F10>").shows("saved infra/db/root");
}
