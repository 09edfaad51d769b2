//! Windows opened, extended and closed on a store in a temporary folder, with a cipher that hides nothing.

use std::path::PathBuf;

use super::*;
use crate::model::{Credential, Login, RegistryKey};
use crate::ops::audit::Scope;
use crate::ops::credentials::CredentialStore;
use crate::ops::double::{Bench, secret};
use crate::ops::login::Verify;
use crate::system::registry::checked::Checked;
use crate::system::registry::outcome::LoginOutcome;
use crate::system::runner::Runner;
use crate::system::windows::Record;

const HOUR: Duration = Duration::from_secs(3600);

fn bench() -> Bench {
    let bench = Bench::new();
    let folder = &bench.system.options.docker_config;
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join("config.json"), r#"{"credsStore":"pass"}"#).expect("a config");
    bench
}

fn scope(bench: &Bench) -> Scope {
    Scope { machine: bench.home().join("machine"), ..Scope::default() }
}

fn store(bench: &Bench, server: &str, user: &str) {
    let credential = Credential::new(Login::new(user), secret("before"));
    CredentialStore::new(&bench.system).store(&RegistryKey::new(server), credential).expect("stored");
}

/// Whose login the store has, whatever a window says.
fn stored(bench: &Bench, server: &str) -> Option<String> {
    let found = CredentialStore::new(&bench.system).answering(&RegistryKey::new(server)).expect("answered");
    found.map(|login| login.as_str().to_owned())
}

fn terms() -> Terms {
    Terms { length: HOUR, runner: None, folder: None }
}

fn wanted(bench: &Bench, registry: &str, taking: Taking) -> Wanted {
    let place = place(&bench.system, registry, taking).expect("a place");
    let credential = place.needs_login().then(|| Credential::new(Login::new("bob"), secret("pw")));
    Wanted { place, credential }
}

fn open_with(
    bench: &Bench,
    registries: &[&str],
    taking: Taking,
    terms: &Terms,
    verify: Option<Verify<'_>>,
) -> Result<Opened, Box<Refused>> {
    let wanted = registries.iter().map(|registry| wanted(bench, registry, taking)).collect();
    open(&bench.system, &scope(bench), wanted, terms, verify)
}

fn opened(bench: &Bench, registries: &[&str]) -> Opened {
    open_with(bench, registries, Taking::Leave, &terms(), None).expect("opened")
}

fn closed(bench: &Bench, which: &Which) -> Closed {
    close(&bench.system, &scope(bench), which, false).expect("closed")
}

fn record(bench: &Bench, registry: &str) -> Option<Record> {
    windows::look(&bench.system.options.state_dir, &bench.root(), registry).expect("read")
}

/// As if it had been opened that long ago.
fn aged(bench: &Bench, registry: &str, by: Duration) {
    let mut record = record(bench, registry).expect("a record");
    for hold in &mut record.holds {
        (hold.opened, hold.until) = (hold.opened - by.as_secs(), hold.until - by.as_secs());
    }
    put(bench, &record);
}

fn put(bench: &Bench, record: &Record) {
    windows::hold(&bench.system.options.state_dir, bench.system.env.uid()).expect("held").put(record).expect("written");
}

fn is_answered(bench: &Bench, server: &str) -> bool {
    deadline::closed(&bench.system, &RegistryKey::new(server)).is_none() && stored(bench, server).is_some()
}

fn says(outcome: LoginOutcome) -> Checked {
    Checked::before_the_network(outcome, "what it said")
}

#[test]
fn what_is_opened_is_answered_until_its_end_and_gone_when_closed() {
    let bench = bench();
    let done = opened(&bench, &["h.test", "docker.io"]);
    assert_eq!(done.registries.len(), 2);
    assert!(done.registries.iter().all(|one| one.own && one.entered.is_some()), "{done:?}");
    assert!(is_answered(&bench, "h.test") && is_answered(&bench, "https://index.docker.io/v1/"));
    let text = std::fs::read_to_string(windows::file_of(&bench.system.options.state_dir, &bench.root(), "h.test"));
    let text = text.expect("a record");
    assert!(text.contains("\"user\":\"bob\"") && !text.contains("pw"), "{text}");
    aged(&bench, "h.test", 2 * HOUR);
    assert!(!is_answered(&bench, "h.test") && stored(&bench, "h.test").is_some());
    assert!(is_answered(&bench, "docker.io"));
    let over = closed(&bench, &Which::Over);
    assert!(over.is_proved() && over.ended.len() == 1 && stored(&bench, "h.test").is_none(), "{over:?}");
    let all = closed(&bench, &Which::All);
    assert!(all.is_proved() && all.ended.len() == 1, "{all:?}");
    assert!(stored(&bench, "docker.io").is_none() && deadline::all(&bench.system).is_empty());
    assert!(closed(&bench, &Which::All).ended.is_empty());
    let unknown = close(&bench.system, &scope(&bench), &Which::At(vec!["h.test".to_owned()]), false);
    assert_eq!(unknown.expect_err("unknown").exit_code(), 3);
}

#[test]
fn a_login_that_was_there_before_is_used_and_stays_unless_it_is_given_to_the_window() {
    let bench = bench();
    for (taking, answers, stays) in
        [(Taking::Leave, "amy", true), (Taking::Adopt, "amy", false), (Taking::Replace, "bob", false)]
    {
        store(&bench, "h.test", "amy");
        let done = open_with(&bench, &["h.test"], taking, &terms(), None).expect("opened");
        assert_eq!(done.registries[0].own, !stays);
        assert_eq!(stored(&bench, "h.test").as_deref(), Some(answers));
        aged(&bench, "h.test", 2 * HOUR);
        assert_eq!(is_answered(&bench, "h.test"), stays, "{taking:?}");
        let ended = closed(&bench, &Which::All);
        assert_eq!(matches!(ended.ended[0], Ended::Stays(_)), stays, "{ended:?}");
        assert_eq!(stored(&bench, "h.test").is_some(), stays);
        assert!(record(&bench, "h.test").is_none());
    }
    // One that is there and is of no use opens nothing.
    store(&bench, "h.test", "amy");
    let refused = open_with(
        &bench,
        &["h.test"],
        Taking::Leave,
        &terms(),
        Some(&|_, credential| {
            assert_eq!(credential.secret.expose(), b"before");
            says(LoginOutcome::BadCredentials)
        }),
    )
    .expect_err("refused");
    assert!(refused.problem.hints.iter().any(|hint| hint.contains("--replace")), "{refused:?}");
    assert!(record(&bench, "h.test").is_none() && stored(&bench, "h.test").as_deref() == Some("amy"));
}

#[test]
fn another_spelling_that_was_there_is_not_erased_unasked() {
    let bench = bench();
    store(&bench, "https://h.test", "amy");
    let refused = place(&bench.system, "h.test", Taking::Leave).expect_err("refused");
    assert!(refused.message.contains("https://h.test"), "{refused}");
    open_with(&bench, &["h.test"], Taking::Replace, &terms(), None).expect("opened");
    assert!(closed(&bench, &Which::All).is_proved() && stored(&bench, "https://h.test").is_none());
}

#[test]
fn one_that_is_refused_closes_the_others_again_and_nothing_is_left() {
    let bench = bench();
    let verify = |key: &RegistryKey, _: &Credential| {
        says(if key.as_bytes() == b"bad.test" { LoginOutcome::BadCredentials } else { LoginOutcome::OkProved })
    };
    let refused = open_with(&bench, &["h.test", "bad.test", "o.test"], Taking::Leave, &terms(), Some(&verify));
    let refused = refused.expect_err("refused");
    assert_eq!(refused.checked.as_ref().map(|(name, _)| name.as_str()), Some("bad.test"));
    assert!(refused.closed.ended.len() == 1 && refused.closed.is_proved(), "{refused:?}");
    assert_eq!((stored(&bench, "h.test"), stored(&bench, "bad.test")), (None, None));
    assert!(deadline::all(&bench.system).is_empty());
    // What an older window left stays closed when a new login is refused.
    opened(&bench, &["bad.test"]);
    aged(&bench, "bad.test", 2 * HOUR);
    open_with(&bench, &["bad.test"], Taking::Leave, &terms(), Some(&verify)).expect_err("refused");
    assert!(stored(&bench, "bad.test").is_some() && !is_answered(&bench, "bad.test"));
    // A good one takes its place.
    opened(&bench, &["bad.test"]);
    assert!(is_answered(&bench, "bad.test"));
}

#[test]
fn two_windows_at_once_share_the_login_and_the_last_one_takes_it() {
    let bench = bench();
    let runner = Runner::own();
    let first = opened(&bench, &["h.test"]);
    let place = place(&bench.system, "h.test", Taking::Leave).expect("a place");
    assert_eq!(place.standing, Standing::Shared(Some(Login::new("bob"))));
    let terms = Terms { length: 3 * HOUR, runner, folder: None };
    open(&bench.system, &scope(&bench), vec![Wanted { place, credential: None }], &terms, None).expect("shared");
    assert_eq!(record(&bench, "h.test").expect("a record").holds.len(), 2);
    let one = closed(&bench, &Which::Window(first.window));
    assert!(matches!(one.ended[0], Ended::Shared(..)) && is_answered(&bench, "h.test"), "{one:?}");
    // Its command is killed.
    let mut left = record(&bench, "h.test").expect("a record");
    left.holds[0].runner = Runner::own().map(|own| Runner { started: 1, ..own });
    put(&bench, &left);
    assert!(!is_answered(&bench, "h.test"));
    assert!(closed(&bench, &Which::Over).is_proved() && stored(&bench, "h.test").is_none());
}

#[test]
fn an_end_is_moved_while_it_is_to_come_and_not_beyond_the_longest() {
    let bench = bench();
    opened(&bench, &["h.test", "o.test"]);
    let until = |registry: &str| record(&bench, registry).expect("a record").holds[0].until;
    let before = (until("h.test"), until("o.test"));
    let moved = extend(&bench.system, &["h.test".to_owned()], HOUR).expect("moved");
    assert_eq!(moved, [("h.test".to_owned(), deadline::time(before.0 + 3600))]);
    assert_eq!((until("h.test"), until("o.test")), (before.0 + 3600, before.1));
    extend(&bench.system, &[], 6 * 24 * HOUR + 23 * HOUR).expect("moved");
    extend(&bench.system, &[], 6 * 24 * HOUR).expect("moved as far as it goes");
    assert!(until("o.test") <= seconds(bench.system.env.unstopped() + LONGEST));
    aged(&bench, "h.test", 8 * 24 * HOUR);
    assert_eq!(extend(&bench.system, &["h.test".to_owned()], HOUR).expect_err("over").exit_code(), 3);
    assert_eq!(extend(&bench.system, &["x.test".to_owned()], HOUR).expect_err("unknown").exit_code(), 3);
    assert!(!is_answered(&bench, "h.test"));
}

#[test]
fn what_cannot_be_proved_stays_recorded_and_is_not_handed_out() {
    let bench = bench();
    opened(&bench, &["h.test"]);
    // A twin in clear, which nobody agreed to take out.
    let twin = bench.home().join(".config/containers/auth.json");
    std::fs::create_dir_all(twin.parent().expect("a folder")).expect("a folder");
    std::fs::write(&twin, r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="}}}"#).expect("a twin");
    let first = closed(&bench, &Which::All);
    assert!(!first.is_proved() && record(&bench, "h.test").is_some_and(|record| record.holds[0].closed), "{first:?}");
    // Somebody brings the login back behind our back.
    let folder = crate::system::store::layout::registry_folder(&RegistryKey::new("h.test")).expect("a folder");
    bench.put(&format!("{}/bob.gpg", folder.display()), "for alice\npw");
    assert!(!is_answered(&bench, "h.test") && stored(&bench, "h.test").is_some());
    std::fs::remove_file(&twin).expect("removed");
    assert!(closed(&bench, &Which::Over).is_proved() && record(&bench, "h.test").is_none());
    assert_eq!(stored(&bench, "h.test"), None);
}

#[test]
fn a_record_that_cannot_be_read_is_closed_by_name_only() {
    let bench = bench();
    opened(&bench, &["h.test"]);
    let file = windows::file_of(&bench.system.options.state_dir, &bench.root(), "h.test");
    std::fs::write(&file, "{").expect("damaged");
    assert!(place(&bench.system, "h.test", Taking::Leave).is_err());
    let all = closed(&bench, &Which::All);
    assert!(all.ended.is_empty() && all.warnings.len() == 1 && stored(&bench, "h.test").is_some(), "{all:?}");
    let named = closed(&bench, &Which::At(vec!["h.test".to_owned()]));
    assert!(named.is_proved() && named.ended.len() == 1 && stored(&bench, "h.test").is_none(), "{named:?}");
    assert_eq!(std::fs::read(windows::file_of(&bench.system.options.state_dir, &bench.root(), "h.test")).ok(), None);
    let aside: PathBuf = files_in(&bench.system.options.state_dir.join(windows::FOLDER)).remove(0);
    assert_eq!(std::fs::read_to_string(aside).expect("kept"), "{");
}

fn files_in(folder: &std::path::Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("a folder").map(|item| item.expect("an item").path()).collect()
}

#[test]
fn a_folder_of_its_own_is_made_and_goes_unless_something_came_into_it() {
    let bench = bench();
    let plugins = bench.system.options.docker_config.join("cli-plugins");
    std::fs::create_dir(&plugins).expect("a folder");
    let at = bench.home().join("deep/window");
    for (foreign, left) in [(None, false), (Some("contexts"), true)] {
        let folder = prepare_folder(&bench.system, &at).expect("made");
        assert_eq!(folder.made, Some(windows::Made::Folder));
        assert_eq!(prepare_folder(&bench.system, &at).expect("there").made, None);
        let there = bench.with_docker_config(&at);
        let place = place(&there, "h.test", Taking::Leave).expect("a place");
        let credential = Some(Credential::new(Login::new("bob"), secret("pw")));
        let terms = Terms { folder: Some(folder), ..terms() };
        open(&there, &scope(&bench), vec![Wanted { place, credential }], &terms, None).expect("opened");
        let text = std::fs::read_to_string(at.join("config.json")).expect("it");
        assert!(text.contains("cli-plugins") && text.contains("h.test"), "{text}");
        if let Some(foreign) = foreign {
            std::fs::create_dir(at.join(foreign)).expect("a folder");
        }
        // From wherever it is closed.
        let done = closed(&bench, &Which::All);
        assert!(done.is_proved() && at.exists() == left && done.removed.is_empty() == left, "{done:?}");
        assert_eq!(done.warnings.len(), usize::from(left));
    }
    let text = std::fs::read_to_string(at.join("config.json")).expect("it");
    assert!(!text.contains("h.test"), "{text}");
    // A window that does not come to be leaves none.
    std::fs::remove_dir_all(&at).expect("removed");
    let folder = prepare_folder(&bench.system, &at).expect("made");
    let there = bench.with_docker_config(&at);
    let place = place(&there, "h.test", Taking::Leave).expect("a place");
    let credential = Some(Credential::new(Login::new("bob"), secret("pw")));
    let terms = Terms { folder: Some(folder), ..terms() };
    let refusing = |_: &RegistryKey, _: &Credential| says(LoginOutcome::BadCredentials);
    open(&there, &scope(&bench), vec![Wanted { place, credential }], &terms, Some(&refusing)).expect_err("refused");
    assert!(!at.exists());
}

#[test]
fn lengths_and_names_are_checked() {
    assert_eq!(length("1h30m").expect("a length"), Duration::from_secs(5400));
    for typed in ["", "5", "8d", "0s", "-1h"] {
        assert_eq!(length(typed).expect_err("refused").exit_code(), 2, "{typed}");
    }
    let typed = ["h.test", "https://h.test/v2/", "docker.io", ""].map(str::to_owned);
    assert_eq!(names(&typed).expect("names"), ["h.test", "docker.io"]);
    assert!(names(&["bad host!".to_owned()]).is_err());
}

#[test]
fn nothing_is_written_where_nothing_is_to_be() {
    let bench = bench();
    opened(&bench, &["h.test"]);
    let mut options = bench.system.options.clone();
    options.read_only = Some("--read-only");
    let system = System::new(bench.system.env.clone(), options);
    let refused = [
        place(&system, "o.test", Taking::Leave).map(drop),
        extend(&system, &[], HOUR).map(drop),
        close(&system, &scope(&bench), &Which::All, false).map(drop),
        prepare_folder(&system, &bench.home().join("new")).map(drop),
    ];
    for refused in refused {
        assert!(refused.is_err_and(|problem| problem.message.contains("read-only")));
    }
    assert!(is_answered(&bench, "h.test"));
}

#[test]
fn the_lines_for_closing_later_are_for_what_is_there() {
    let script = "#!/bin/sh\n";
    let bench = Bench::with_programs(&[("systemd-run", script), ("at", script)]);
    let machine = bench.home().join("machine");
    let until = bench.system.env.unstopped() + HOUR;
    assert!(timers(&bench.system, until, "", &machine).is_empty());
    std::fs::create_dir_all(machine.join("run")).expect("a folder");
    std::fs::write(machine.join("run/atd.pid"), "1").expect("a daemon");
    let found = timers(&bench.system, until, " --store '/s t'", &machine);
    assert!(found.len() == 1 && found[0].command.ends_with("| at now + 61 minutes"), "{found:?}");
    assert!(found[0].command.contains("window close --over") && found[0].command.contains("/s t"), "{found:?}");
}
