//! Secrets on the screen and in the clipboard: only what was asked for, and for how long; the passphrase.

use super::*;

#[test]
fn a_secret_goes_when_the_person_does() {
    for leave in ["<Up>", "k", "1", "3", "?", "<Esc>", "r", "<Enter>", "<F5>"] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press("<End>r").shows("tr0ub4dor");
        desk.press(leave).hides("tr0ub4dor");
    }
}

#[test]
fn a_secret_goes_after_ten_seconds() {
    let mut desk = Desk::new((80, 24)).begun();
    assert_eq!(desk.app.deadline(), None, "an idle UI waits for nothing");
    desk.press("<End>r");
    assert_eq!(desk.app.deadline(), Some(desk.start + Duration::from_secs(1)));
    desk.wait(Duration::from_millis(9999)).shows("tr0ub4dor");
    desk.wait(Duration::from_millis(1)).hides("tr0ub4dor");
    assert_eq!(desk.app.deadline(), None);
}

#[test]
fn a_late_answer_shows_nothing() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("<End>r").shows("being opened");
    desk.press("<Up>");
    for (ticket, job) in std::mem::take(&mut desk.held) {
        desk.answer(ticket, job);
    }
    desk.hides("tr0ub4dor");
}

#[test]
fn nothing_is_decrypted_without_being_asked() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("jjkkG<Enter><Esc>/db<Enter><Esc>3jjk2?<Esc>");
    let opened: Vec<_> = desk.started.iter().filter(|job| job.starts_with("Open") || job.starts_with("Copy")).collect();
    assert_eq!(opened.len(), 1, "only Enter on the last entry asks: {opened:?}");
}

#[test]
fn a_copy_is_told_and_its_words_go_by_themselves() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>c").shows("copied for 45 s: infra/db/root");
    assert!(desk.started.iter().any(|job| job.contains("Copy") && job.contains("FirstLine")));
    desk.wait(Duration::from_secs(10)).hides("copied");
    desk.press("<Esc>3c").shows("copied");
    assert!(desk.started.iter().any(|job| job.contains("Copy") && job.contains("All")), "{:?}", desk.started);
}

#[test]
fn opening_an_entry_asks_again_whether_the_key_is_locked() {
    let mut desk = Desk::new((80, 24)).begun();
    let asked = |desk: &Desk| desk.started.iter().filter(|job| job.contains("OwnKey")).count();
    let before = asked(&desk);
    desk.press("/dbroot<Enter>r").shows("tr0ub4dor");
    assert_eq!(asked(&desk), before + 1);
}

#[test]
fn whatever_may_have_used_the_key_has_its_state_asked_for_again() {
    let asked = |desk: &Desk| desk.started.iter().filter(|job| job.contains("OwnKey")).count();
    // An editor, the lines, and what failed.
    for (keys, failure) in [("e", None), ("v", None), ("r", Some(Problem::failed("wrong passphrase")))] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press("/dbroot<Enter>");
        let before = asked(&desk);
        desk.failure = failure;
        desk.press(keys);
        assert_eq!(asked(&desk), before + 1, "{keys}");
    }
    // A pinentry that ended while its job goes on.
    let mut desk = Desk::new((80, 24)).begun();
    let before = asked(&desk);
    desk.app.handle(Event::ScreenFree);
    desk.settle();
    assert_eq!(asked(&desk), before + 1);
    desk.press("jk");
    assert_eq!(asked(&desk), before + 1, "looking does not ask the agent");
}

#[test]
fn revealing_on_a_narrow_terminal_shows_the_details() {
    for keys in ["/dbroot<Enter>", "3"] {
        let mut desk = Desk::new((44, 10)).begun();
        desk.press(keys).hides("tr0ub4dor");
        desk.press("r").shows("tr0ub4dor");
    }
}

#[test]
fn a_copy_for_the_terminal_is_sent_and_taken_back() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("<End>c");
    let (ticket, _) = desk.held.pop().expect("a copy");
    let copied = Copied::Terminal { sequence: Secret::new(b"SET".to_vec()), clearing: b"CLEAR".to_vec(), seconds: 45 };
    desk.app.handle(Event::Report(ticket, Box::new(Ok(Report::Copied(copied.into())))));
    let sent = |desk: &mut Desk| {
        let send = |order| if let Order::Send(bytes) = order { Some(bytes.expose().to_vec()) } else { None };
        desk.app.take_orders().into_iter().filter_map(send).collect::<Vec<_>>()
    };
    assert_eq!(sent(&mut desk), [b"SET".to_vec()]);
    desk.wait(Duration::from_secs(44));
    assert!(sent(&mut desk).is_empty());
    desk.wait(Duration::from_secs(1));
    assert_eq!(sent(&mut desk), [b"CLEAR".to_vec()]);
    assert_eq!(desk.app.last_words(), None);
}

#[test]
fn a_failure_is_a_sentence_with_its_hint_and_cancelling_is_no_failure() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("<End>");
    desk.failure = Some(Problem::failed("the key is not here").hint("import it: gpg --import key.asc"));
    desk.press("r").shows("the key is not here");
    desk.shows("gpg --import key.asc");
    desk.failure = Some(Problem::cancelled("called off"));
    let asked = |desk: &Desk| desk.started.iter().filter(|job| job.contains("OwnKey")).count();
    let before = asked(&desk);
    desk.press("r").shows("called off");
    desk.hides("the key is not here");
    assert_eq!(asked(&desk), before + 1, "its agent may run now");
}

#[test]
fn the_passphrase_popup_takes_every_key() {
    let mut desk = Desk::new((80, 24)).begun();
    let (reply, answer) = std::sync::mpsc::sync_channel(1);
    desk.app.handle(Event::Passphrase { what_for: "passphrase for the key file".to_owned(), reply });
    desk.press("q?/1x").shows("passphrase for the key file");
    desk.shows("•••••");
    desk.hides("q?/1x");
    desk.press("<Enter>");
    let typed = answer.recv().expect("an answer").expect("a passphrase");
    assert_eq!(typed.expose(), b"q?/1x");
    desk.hides("passphrase for");
}
