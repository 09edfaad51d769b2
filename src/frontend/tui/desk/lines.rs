//! The lines of an entry one by one: what is masked, what is shown for how long, what is copied.

use super::*;
use crate::frontend::tui::jobs::lines::{Code, Job as Ask, Masked, MaskedLine, Report as Answer};

pub(super) fn found(job: &Ask) -> Answer {
    let line = |number, key: &str, value: Option<&str>| MaskedLine {
        number,
        key: key.to_owned(),
        value: value.map(str::to_owned),
    };
    match job {
        Ask::Masked(_) => Answer::Masked(Masked {
            lines: vec![
                line(0, "password", None),
                line(1, "user", Some("postgres")),
                line(2, "url", Some("db1.internal:5432")),
                line(4, "otp", None),
                line(5, "", None),
            ],
            more: 0,
            code: Some(Code {
                code: Secret::new(b"492113".to_vec()),
                period: Duration::from_secs(30),
                left: Duration::from_secs(14),
            }),
        }),
        Ask::Value(_, number) => Answer::Value(Secret::new(format!("value of line {number}").into_bytes())),
    }
}

#[test]
fn whole_screens() {
    let mut desk = Desk::new((80, 24)).begun();
    insta::assert_snapshot!("lines", desk.press("/dbroot<Enter>v").screen());
    insta::assert_snapshot!("lines_revealed", desk.press("<End>r").screen());
    let mut small = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_lines", small.press("/dbroot<Enter>v").screen());
    insta::assert_snapshot!("small_lines_revealed", small.press("r").screen());
    let mut plain = Desk::with((80, 24), &["c"], Theme::new(false, true)).begun();
    let screen = plain.press("<End>vr").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn one_line_is_shown_at_a_time_and_goes_with_the_cursor_and_the_time() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>vr").shows("value of line 0");
    desk.press("<Down>").hides("value of line 0");
    desk.press("r").shows("this line hides nothing");
    desk.press("<End>r").shows("value of line 5");
    desk.wait(Duration::from_secs(10)).hides("value of line 5");
    desk.press("r<Esc>").hides("value of line 5");
    desk.shows("db1.internal");
    desk.press("<Esc>").hides("db1.internal");
}

#[test]
fn a_code_goes_when_its_time_is_up_and_the_next_is_asked_for_by_a_key() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>v").shows("492 113  ▰▰▰▰▰▱▱▱▱▱ 14 s");
    assert_eq!(desk.app.deadline(), Some(desk.start + Duration::from_secs(1)));
    desk.wait(Duration::from_secs(13)).shows("▰▱▱▱▱▱▱▱▱▱ 1 s");
    desk.wait(Duration::from_secs(1)).hides("492");
    assert_eq!(desk.app.deadline(), None);
    desk.press("<F5>").shows("492 113");
}

#[test]
fn what_is_copied_is_what_was_asked_for() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>uo").shows("copied for 45 s: infra/db/root");
    desk.press("v<End>c").shows("copied for 45 s: line 6 of infra/db/root");
    desk.press("<Up>c").shows("copied for 45 s: otp of infra/db/root");
    let copies: Vec<_> = desk.started.iter().filter(|job| job.starts_with("Copy")).collect();
    for (copy, portion) in copies.iter().zip(["User", "Code", "Line(5)", "Line(4)"]) {
        assert!(copy.ends_with(&format!("{portion})")), "{copies:?}");
    }
    assert_eq!(copies.len(), 4);
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/ghcr<Enter>u").shows("copied for 45 s: <token>");
    assert!(desk.started.contains(&"CopyText(\"<token>\")".to_owned()), "{:?}", desk.started);
}

#[test]
fn a_late_answer_shows_nothing() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/dbroot<Enter>v");
    desk.slow = true;
    desk.press("r").shows("being opened");
    desk.press("<Down>");
    for (ticket, job) in std::mem::take(&mut desk.held) {
        desk.answer(ticket, job);
    }
    desk.hides("value of line 0");
}
