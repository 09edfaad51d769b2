//! The registries: what runs them, when logins die, several accounts of one, other places; an account chosen, renamed,
//! all of a registry erased with proof.

use super::*;
use crate::frontend::tui::jobs::accounts::{Job as Deed, Report as Done};
use crate::frontend::tui::jobs::write::Job as Ask;
use crate::model::{Login, RegistryKey};
use crate::ops::Written;
use crate::ops::registries::{Elsewhere, Erased, Place, RegistryKind, RegistryLogin, Still, Switched};

const ECR: &str = "1769.dkr.ecr.us-west-2.amazonaws.com";

/// Two accounts at one registry, a token of two ages, a login in a mount, and two that are not in a store.
pub(super) fn registries() -> Registries {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(WALL);
    let made = |server: &str, user: &str, hours: u64| RegistryLogin {
        modified: wall - Duration::from_secs(hours * 3600),
        ..login(server, user, &entry_of(server, user))
    };
    let mut old = made("gar.example.test", "oauth2accesstoken", 30);
    old.expires = Some(wall - Duration::from_secs(60));
    let mut fresh = made(ECR, "AWS", 11);
    fresh.expires = Some(wall + Duration::from_secs(38 * 60));
    let mut amy = made("h.test", "amy", 50);
    amy.active = false;
    let mut bob = made("h.test", "bob\u{1b}[2J", 3);
    bob.official = false;
    let mut eve = made("team.test", "eve", 200);
    eve.mount = EntryPath::parse("team").expect("a name");
    (eve.active, eve.official) = (false, false);
    let elsewhere = |server: &str, place| {
        let server = RegistryKey::new(server);
        Elsewhere { canonical: server.canonical(), kind: RegistryKind::of(&server.canonical()), server, place }
    };
    Registries {
        logins: vec![fresh, made("ghcr.io", "ci", 24 * 9), old, amy, bob, eve],
        elsewhere: vec![
            elsewhere("https://h.test", Place::Inline(Some(Login::new("carl")))),
            elsewhere("quay.io", Place::Inline(None)),
            elsewhere("x.azurecr.io", Place::Helper("acr-env".to_owned())),
        ],
        unreadable: Vec::new(),
        doubt: None,
    }
}

pub(super) fn found(job: &Deed) -> Done {
    match job {
        Deed::Use(server, _) => {
            Done::Switched(Switched { servers: vec![server.clone()], official: Some(Login::new("aaron")) })
        }
        Deed::Erase(server) => Done::Erased(Erased {
            written: Written::default(),
            servers: vec![server.clone()],
            asked: ["h.test", "https://h.test"].map(RegistryKey::new).to_vec(),
            still: match server.to_text().as_ref() {
                "h.test" => vec![Still::Docker(RegistryKey::new("https://h.test"), Place::Inline(None))],
                _ => Vec::new(),
            },
        }),
    }
}

fn desk(size: (u16, u16)) -> Desk {
    let mut desk = Desk::new(size);
    desk.accounts = true;
    let mut desk = desk.begun();
    desk.press("3");
    desk
}

#[test]
fn whole_screens() {
    insta::assert_snapshot!("accounts", desk((80, 24)).press("jjjj").screen());
    insta::assert_snapshot!("accounts_elsewhere", desk((80, 24)).press("<End>k").screen());
    insta::assert_snapshot!("wide_accounts", desk((140, 30)).press("jjjj").screen());
    insta::assert_snapshot!("small_accounts", desk((44, 10)).screen());
    insta::assert_snapshot!("accounts_rename", desk((80, 24)).press("R").screen());
    insta::assert_snapshot!("accounts_erase", desk((80, 24)).press("jjjo").screen());
    insta::assert_snapshot!("accounts_proof", desk((80, 24)).press("jjjoy").screen());
    insta::assert_snapshot!("small_proof", desk((44, 10)).press("oy").screen());
    let mut plain = Desk::with((120, 40), &["a/b"], Theme::new(false, true));
    plain.accounts = true;
    let screen = plain.begun().press("3jj").screen();
    assert!(screen.is_ascii(), "{screen}");
}

#[test]
fn one_key_makes_another_account_the_one_that_docker_gets() {
    let mut desk = desk((80, 24));
    desk.press("jjj").shows("no, a newer login answers");
    desk.press("a").shows("the official helper would answer \"aaron\"");
    assert!(
        desk.started.iter().any(|job| job.starts_with("Accounts(Use(") && job.contains("amy")),
        "{:?}",
        desk.started
    );
    let again = desk.started.iter().filter(|job| *job == "Registries").count();
    assert_eq!(again, 2, "the registries are read again");
    desk.shows("▶ h.test");
    desk.press("ja").shows("Docker gets this one already");
}

#[test]
fn what_is_not_the_helper_s_is_refused_with_its_reason() {
    let mut desk = desk((80, 24));
    desk.press("jjjjj");
    for key in ["a", "R", "o"] {
        desk.press(key).shows("in a mounted store");
    }
    desk.press("<End>");
    for key in ["a", "R", "o", "L", "r", "c"] {
        desk.press(key).shows("Docker keeps it elsewhere");
    }
    desk.press("/zzz<Enter>a").shows("nothing fits the filter");
    let mut desk = desk_read_only();
    for key in ["jjja", "R", "o"] {
        let before = desk.started.len();
        desk.press(key);
        assert_eq!(desk.started.len(), before, "{key}");
        desk.hides("Erase h.test");
    }
}

fn desk_read_only() -> Desk {
    let mut desk = desk((80, 24));
    desk.app.scope.read_only = true;
    desk
}

#[test]
fn the_command_that_logs_in_again_holds_no_secret_and_nothing_of_a_terminal_s() {
    let mut desk = desk((80, 24));
    desk.press("L").shows("docker login -u AWS");
    let copied = |desk: &Desk| desk.started.iter().rfind(|job| job.contains("CopyText")).cloned();
    assert_eq!(copied(&desk), Some(format!("CopyText(\"docker login -u AWS {ECR}\")")));
    desk.press("jjjjL");
    let hostile = copied(&desk).expect("copied");
    assert!(hostile.contains("docker login -u ") && hostile.contains("h.test"), "{hostile}");
    assert!(!desk.screen().contains('\u{1b}'));
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("3L");
    assert_eq!(copied(&desk).as_deref(), Some("CopyText(\"docker login -u hubci\")"));
    desk.press("jL");
    assert_eq!(copied(&desk).as_deref(), Some("CopyText(\"docker login ghcr.io\")"));
}

#[test]
fn a_rename_says_what_is_wrong_where_it_can_be_mended() {
    let mut desk = desk((80, 24));
    desk.press("jR<Enter>").shows("that is its name already");
    desk.slow = true;
    desk.press("2<Enter>");
    let asked = desk.held.pop();
    let Some((ticket, Job::Write(Ask::RenameLogin { from, to, .. }))) = asked else { panic!("{asked:?}") };
    assert_eq!((from.as_str(), to.as_str()), ("ci", "ci2"));
    let taken = Problem::failed("\"ci2\" has a login at \"ghcr.io\" too");
    desk.app.handle(Event::Report(ticket, Box::new(Err(taken))));
    desk.shows("has a login at");
    desk.press("<Enter>");
    let Some((ticket, Job::Write(_))) = desk.held.pop() else { panic!("it is tried again") };
    let told =
        crate::frontend::tui::jobs::write::Done { told: "the login is renamed".to_owned(), ..Default::default() };
    let done = Report::Write(crate::frontend::tui::jobs::write::Report::Done(told));
    desk.app.handle(Event::Report(ticket, Box::new(Ok(done))));
    let again = |order: &(Ticket, Job)| matches!(order.1, Job::Registries);
    desk.settle();
    assert!(desk.held.iter().any(again), "they are read again");
    desk.shows("the login is renamed");
    desk.shows("AGE");
}

#[test]
fn an_erase_is_asked_about_and_proved() {
    let mut desk = desk((80, 24));
    desk.press("jjjo").shows("amy at h.test, bob\\u{1b}[2J at h.test");
    desk.press("<Enter>").shows("AGE");
    assert!(!desk.started.iter().any(|job| job.contains("Erase")), "the safe answer was chosen");
    desk.press("oy").shows("holds a secret for https://h.test in clear");
    desk.shows("asked again, under 2 spellings");
    desk.press("<Esc>").shows("AGE");
    desk.press("goy").shows("proved: nothing answers");
}

#[test]
fn a_token_that_was_opened_says_when_it_dies() {
    // {"exp": WALL + 90 minutes}
    const TOKEN: &[u8] = b"e30.eyJleHAiOjE3MjgwMDU0MDB9.c2ln\n";
    let mut desk = desk((80, 24));
    desk.secret = TOKEN;
    desk.press("j").hides("by the token's own word");
    desk.press("r").shows("in 1h, by the token's own word");
    desk.wait(Duration::from_secs(60)).hides("e30.");
    desk.shows("in 1h, by the token's own word");
}
