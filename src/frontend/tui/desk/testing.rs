//! Stored logins tried at their registries, live; a login typed, refused, kept.

use super::*;
use crate::frontend::tui::jobs::logins::{Job as Ask, Report as Answer, Tried};
use crate::frontend::tui::jobs::write::{Done, Job as Write, NewLogin, Report as Wrote};
use crate::model::{Login, ProblemKind};
use crate::ops::last_checks::LastCheck;
use crate::system::registry::checked::{Answered, Checked, Purpose, Step};
use crate::system::registry::outcome::{Evidence, LoginOutcome};

fn tried(registry: &str, user: &str, outcome: LoginOutcome) -> Tried {
    let step = |purpose, status, headers: &[(&str, &str)]| Step {
        purpose,
        method: "GET",
        url: format!("https://{registry}/v2/"),
        answer: Answered::Status(status),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        millis: 12,
    };
    let is_good = outcome == LoginOutcome::OkProved;
    let checked = Checked {
        evidence: is_good.then_some(Evidence::Proved),
        steps: vec![
            step(Purpose::Ping, 401, &[("www-authenticate", "Basic realm=\"x\"")]),
            step(Purpose::Proof, if is_good { 200 } else { 401 }, &[]),
        ],
        said: (!is_good).then(|| "unauthorized: go away".to_owned()),
        account: Some("Alice of the server".to_owned()),
        ..Checked::before_the_network(outcome, format!("what {registry} said"))
    };
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(WALL);
    Tried { registry: registry.to_owned(), user: Some(Login::new(user)), when, checked }
}

pub(super) fn found(job: &Ask) -> Answer {
    let Ask::Test(named) = job;
    let mut tried = vec![
        tried("ghcr.io", "ci", LoginOutcome::BadCredentials),
        tried("h.test", "bob\u{1b}[2J", LoginOutcome::OkProved),
        tried("quay.io", "carl", LoginOutcome::DnsFailure),
    ];
    if let Some(name) = named.first() {
        tried.retain(|one| name.to_text() == one.registry);
    }
    Answer::All { tried, known: LastChecks::default(), doubt: None }
}

fn desk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(size);
    desk.accounts = true;
    let mut desk = desk.begun();
    desk.press("3").screen();
    desk
}

/// The row of a registry.
fn row(desk: &mut Desk, name: &str) -> String {
    desk.screen().lines().find(|line| line.contains(name)).unwrap_or_default().to_owned()
}

#[test]
fn whole_screens() {
    insta::assert_snapshot!("tested", desk((100, 30)).press("jjjT").screen());
    insta::assert_snapshot!("tested_details", desk((80, 40)).press("jjjt<Enter>").screen());
    insta::assert_snapshot!("small_tested", desk((44, 10)).press("jjt").screen());
    insta::assert_snapshot!("log_in", desk((80, 24)).press("jjl").screen());
}

#[test]
fn one_key_asks_the_selected_registry_and_tells_what_came_of_it() {
    let mut desk = desk((80, 60));
    desk.hides("TESTED");
    desk.press("jjt").shows("ghcr.io ci: bad_credentials");
    assert!(desk.started.iter().any(|job| job.starts_with("Logins(Test([RegistryKey(")), "{:?}", desk.started);
    assert!(row(&mut desk, "ghcr.io").contains("✘ now"), "{}", desk.screen());
    desk.press("<Enter>");
    for told in
        ["what ghcr.io said", "unauthorized: go away", "Alice of the server", "https://ghcr.io/v2/", "www-authenticate"]
    {
        desk.shows(told);
    }
    desk.press("<Esc>").screen();
    // Of a login that was written since nothing is known; others keep what is.
    desk.press("jt").shows("proved");
    desk.press("<F5>");
    assert!(row(&mut desk, "h.test").contains("✔ now"), "{}", desk.screen());
}

#[test]
fn results_stand_in_the_table_as_they_come_and_the_rest_is_called_off() {
    let mut desk = desk((100, 30));
    desk.slow = true;
    desk.press("T");
    let (ticket, _) = desk.held.pop().expect("a test");
    assert!(row(&mut desk, "ghcr.io").contains("…") && row(&mut desk, "h.test").contains("…"), "{}", desk.screen());
    let one = Answer::One(tried("h.test", "bob", LoginOutcome::OkProved));
    desk.app.handle(Event::Part(ticket, Box::new(Report::Logins(one))));
    assert!(row(&mut desk, "h.test").contains("✔ now"), "{}", desk.screen());
    assert!(!row(&mut desk, "ghcr.io").contains("✘"), "{}", desk.screen());
    for key in ["t", "T"] {
        desk.press(key).shows("registries are being asked already");
    }
    desk.app.handle(Event::Key(named("Esc")));
    let off = desk.app.take_orders().into_iter().any(|order| matches!(order, Order::CallOff(of) if of == ticket));
    assert!(off, "the worker is told");
    let ended = ["h.test", "ghcr.io"].map(|name| match name {
        "h.test" => tried(name, "bob", LoginOutcome::OkProved),
        _ => tried(name, "ci", LoginOutcome::CalledOff),
    });
    let all = Answer::All { tried: ended.to_vec(), known: LastChecks::default(), doubt: None };
    desk.app.handle(Event::Report(ticket, Box::new(Ok(Report::Logins(all)))));
    desk.shows("called off; 1 login tested: 1 proved");
    assert!(row(&mut desk, "ghcr.io").contains(" - "), "{}", desk.screen());
    // A part that comes late belongs to no test.
    let late = Answer::One(tried("ghcr.io", "ci", LoginOutcome::BadCredentials));
    desk.app.handle(Event::Part(ticket, Box::new(Report::Logins(late))));
    assert!(!row(&mut desk, "ghcr.io").contains("✘"), "{}", desk.screen());
}

#[test]
fn all_are_asked_and_counted_and_what_cannot_begin_is_told() {
    let mut desk = desk((100, 30));
    desk.press("T").shows("3 logins tested: 1 proved, 1 failed, 1 not told");
    assert!(desk.started.iter().any(|job| job == "Logins(Test([]))"), "{:?}", desk.started);
    desk.failure = Some(Problem::failed("the demo's logins are made up").hint("leave the demo"));
    desk.press("T").shows("the demo's logins are made up");
    desk.failure = None;
    desk.press("/zzz<Enter>t").shows("nothing fits the filter");
}

#[test]
fn what_is_remembered_is_shown_with_its_age() {
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(WALL - 3 * 3600);
    let checked = Checked::before_the_network(LoginOutcome::ExpiredToken, "its token is over");
    let check = LastCheck::of("ghcr.io", Some(&Login::new("ci")), "store".to_owned(), &checked, when);
    let mut desk = Desk::new((80, 24));
    (desk.accounts, desk.checks) = (true, LastChecks::made_of(check));
    let mut desk = desk.begun();
    desk.press("3jj").shows("3 hours ago: expired_token");
    desk.shows("its token is over");
    assert!(row(&mut desk, "ghcr.io").contains("✘ 3h"), "{}", desk.screen());
}

#[test]
fn a_login_is_typed_refused_with_the_form_open_and_kept() {
    let mut desk = desk((80, 24));
    desk.press("jjl<Enter>").shows("no password or token was typed");
    desk.press("pw123").shows("•••••");
    desk.hides("pw123");
    desk.slow = true;
    desk.press("<Enter>").shows("the registry is being asked");
    let asked = desk.held.pop();
    let Some((ticket, Job::Write(Write::LogIn(NewLogin { registry, login, secret, verify })))) = asked else {
        panic!("{asked:?}")
    };
    assert_eq!((registry.as_str(), login.as_str(), secret.expose(), verify), ("ghcr.io", "ci", &b"pw123"[..], true));
    assert!(desk.started.iter().all(|job| !job.contains("pw123")), "{:?}", desk.started);
    let refused = Problem::failed("nothing was stored: the registry refused this user and secret");
    desk.app.handle(Event::Report(ticket, Box::new(Err(refused))));
    desk.shows("the registry refused this user and secret");
    desk.shows("Log in");
    desk.press("4<Tab>").press("<Right>").shows("keep it without asking");
    desk.press("<Enter>");
    let Some((ticket, Job::Write(Write::LogIn(new)))) = desk.held.pop() else { panic!("it is tried again") };
    assert_eq!((new.secret.expose(), new.verify), (&b"pw1234"[..], false));
    let done = Done { told: "\"ci\" at ghcr.io is kept by the store".to_owned(), changed: true, ..Done::default() };
    desk.app.handle(Event::Report(ticket, Box::new(Ok(Report::Write(Wrote::Done(done))))));
    desk.settle();
    desk.shows("is kept by the store; z takes it back");
    desk.shows("AGE");
    assert!(desk.held.iter().any(|(_, job)| matches!(job, Job::Registries)), "they are read again");
}

#[test]
fn a_login_that_is_no_longer_wanted_is_called_off_and_told() {
    let mut desk = desk((80, 24));
    desk.slow = true;
    desk.press("jlpw<Enter>");
    let (ticket, _) = desk.held.pop().expect("a login");
    desk.app.handle(Event::Key(named("Esc")));
    let off = desk.app.take_orders().into_iter().any(|order| matches!(order, Order::CallOff(of) if of == ticket));
    assert!(off, "the worker is told");
    desk.hides("being asked");
    let cancelled = Problem::cancelled("called off: nothing was stored");
    assert_eq!(cancelled.kind, ProblemKind::Cancelled);
    desk.app.handle(Event::Report(ticket, Box::new(Err(cancelled))));
    desk.shows("called off: nothing was stored");
}

#[test]
fn a_login_names_a_registry_and_a_user_and_nothing_is_written_where_nothing_may_be() {
    let mut desk = Desk::new((80, 24)).begun();
    // The selected login's user stands there already, and the secret is asked for.
    desk.press("3l<Up>").press("<^U>a:b<Enter>").shows("has no colon");
    desk.press("<Esc>").shows("AGE");
    desk.app.scope.read_only = true;
    desk.press("l").shows("read-only");
    assert!(!desk.started.iter().any(|job| job.contains("LogIn")));
}
