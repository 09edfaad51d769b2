//! The registries: what runs them, when logins die, several accounts of one, other places; an account chosen, renamed,
//! all of a registry erased with proof.

use super::*;
use crate::frontend::tui::jobs::accounts::{Job as Deed, Report as Done};
use crate::frontend::tui::jobs::write::Job as Ask;
use crate::model::{Login, RegistryKey};
use crate::ops::Written;
use crate::ops::registries::{Asked, Elsewhere, Erased, Place, RegistryKind, RegistryLogin, Still, Switched};
use crate::system::docker::config::DockerConfig;

const ECR: &str = "1769.dkr.ecr.us-west-2.amazonaws.com";

/// Docker asks regpass.
pub(super) fn docker() -> DockerConfig {
    DockerConfig { exists: true, helper: Some("pass".to_owned()), ..DockerConfig::default() }
}

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
            elsewhere("ghcr.io", Place::Helper("desktop".to_owned())),
            elsewhere("new.test", Place::Ours("pass".to_owned())),
            elsewhere("x.azurecr.io", Place::Helper("acr-env".to_owned())),
        ],
        docker: Some(DockerConfig {
            helpers: [("x.azurecr.io", "acr-env"), ("ghcr.io", "desktop"), ("new.test", "pass")]
                .map(|(server, helper)| (server.to_owned(), helper.to_owned()))
                .into(),
            ..docker()
        }),
        unreadable: Vec::new(),
        doubt: None,
    }
}

pub(super) fn found(job: &Deed) -> Done {
    match job {
        Deed::Use(server, login) => {
            let official = Some(Login::new("aaron"));
            let asked = Some(match login.as_str() {
                "amy" => Asked::Us("pass".to_owned()),
                _ => Asked::Other("desktop".to_owned()),
            });
            Done::Switched(Switched { servers: vec![server.clone()], official, asked, ..Switched::default() })
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
    desk.press("3").screen();
    desk
}

#[test]
fn whole_screens() {
    insta::assert_snapshot!("accounts", desk((80, 24)).press("jjj").screen());
    insta::assert_snapshot!("accounts_unfolded", desk((80, 24)).press("jjj<Right>jj").screen());
    insta::assert_snapshot!("accounts_details", desk((80, 24)).press("jjj<Enter>").screen());
    insta::assert_snapshot!("accounts_elsewhere", desk((80, 24)).press("<End>kk").screen());
    insta::assert_snapshot!("wide_accounts", desk((150, 30)).press("jjj ").screen());
    insta::assert_snapshot!("small_accounts", desk((44, 10)).press("jjj<Right>").screen());
    insta::assert_snapshot!("small_accounts_details", desk((44, 10)).press("jjj<Enter>").screen());
    insta::assert_snapshot!("accounts_filter", desk((80, 24)).press("/carl").screen());
    insta::assert_snapshot!("accounts_rename", desk((80, 24)).press("R").screen());
    insta::assert_snapshot!("accounts_erase", desk((80, 24)).press("jjjo").screen());
    insta::assert_snapshot!("accounts_proof", desk((80, 24)).press("jjjoy").screen());
    insta::assert_snapshot!("small_proof", desk((44, 10)).press("oy").screen());
    let mut plain = Desk::with((120, 40), &["a/b"], Theme::new(false, true));
    plain.accounts = true;
    insta::assert_snapshot!("ascii_accounts", plain.begun().press("3jjj<Right>").screen());
    assert!(plain_screen().is_ascii(), "{}", plain_screen());
}

fn plain_screen() -> String {
    let mut plain = Desk::with((120, 40), &["a/b"], Theme::new(false, true));
    plain.accounts = true;
    plain.begun().press("3jjj<Right>j").screen()
}

/// The selected row.
fn chosen(desk: &mut Desk) -> String {
    desk.screen().lines().find(|line| line.starts_with('▶')).unwrap_or_default().to_owned()
}

#[test]
fn one_row_is_a_registry_and_unfolds_into_all_that_is_known_of_it() {
    let mut desk = desk((80, 24));
    let rows = desk.screen().lines().filter(|line| line.contains("h.test")).count();
    assert_eq!(rows, 1, "{}", desk.screen());
    desk.press("jjj").shows("bob\\u{1b}[2J +2");
    desk.press("<Right>").shows("● bob");
    assert_eq!(desk.screen().lines().filter(|line| line.contains("h.test") && line.contains(" - ")).count(), 4);
    // The registry's own row keeps the cursor; below it accounts and places have their own details.
    assert!(chosen(&mut desk).contains("+2"));
    desk.press("jj").shows("no, another login answers");
    desk.press("j").shows("config.json, in clear");
    desk.press("<Left>").hides("● bob");
    assert!(chosen(&mut desk).contains("+2"));
    desk.press(" ").shows("● bob");
    desk.press("<Right>").shows("all of it is shown");
    desk.press("g<Right>").shows("its one login is all there is of it");
    // What was unfolded stays so when they are read again, with the cursor where it was.
    desk.press("jjjjj<F5>");
    assert!(chosen(&mut desk).contains("amy"), "{}", desk.screen());
    // The filter finds the registry by any of its accounts.
    desk.press("/carl");
    assert!(chosen(&mut desk).contains("h.test"));
}

#[test]
fn whom_docker_asks_is_told_with_what_it_gets() {
    let mut desk = desk((80, 24));
    desk.press("jj").shows("no, Docker asks docker-credential-desktop about it");
    desk.press("jj").shows("Docker asks docker-credential-pass about it, which has no login of it");
    desk.shows("l puts one there");
    // Where a helper is asked, Docker does not read what stands in its own file.
    desk.press("j").shows("docker-credential-pass instead");
    desk.shows("This moves it there:  docker login quay.io");
    desk.press("gjjj<Right>jjj").shows("docker logout https://h.test && docker login h.test");
}

#[test]
fn details_that_do_not_fit_are_scrolled() {
    let mut small = desk((44, 10));
    small.screen();
    small.press("<Enter>").shows(": J, K");
    small.hides("file  ");
    for _ in 0..6 {
        small.press("J");
    }
    small.shows("file  ");
    small.press("K").hides("file  ");
}

#[test]
fn a_copy_and_a_reveal_say_a_word_at_once() {
    let mut desk = desk((80, 24));
    desk.slow = true;
    desk.press("c").shows("••••••••  being copied");
    desk.press("r").shows("being opened");
}

#[test]
fn one_key_makes_another_account_the_one_that_docker_gets() {
    let mut desk = desk((80, 24));
    // At the registry it shows what there is to choose from.
    desk.press("jjja").shows("the same key makes it amy");
    assert!(chosen(&mut desk).contains("amy"), "{}", desk.screen());
    desk.shows("no, another login answers");
    desk.press("a").shows("the official helper would answer \"aaron\"");
    assert!(
        desk.started.iter().any(|job| job.starts_with("Accounts(Use(") && job.contains("amy")),
        "{:?}",
        desk.started
    );
    let again = desk.started.iter().filter(|job| *job == "Registries").count();
    assert_eq!(again, 2, "the registries are read again");
    assert!(chosen(&mut desk).contains("amy"), "{}", desk.screen());
    // It answers already; the official helper does not know.
    desk.press("k").shows("the official helper would answer amy");
    desk.press("a");
    assert!(
        desk.started.iter().any(|job| job.starts_with("Accounts(Use(") && job.contains("bob")),
        "{:?}",
        desk.started
    );
    desk.shows("Docker will not ask: it asks docker-credential-desktop");
    desk.press("ga").shows("the helper answers this one already");
}

#[test]
fn what_is_not_the_helper_s_is_refused_with_its_reason() {
    let mut desk = desk((80, 24));
    desk.press("<End>k");
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
    desk.press("jjjL");
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
    desk.press("jjR<Enter>").shows("that is its name already");
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
    desk.press("jjjo").shows("bob\\u{1b}[2J at h.test, amy at h.test");
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
