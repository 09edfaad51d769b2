//! The whole UI without a terminal: keys in, screens out, answers made by hand. Whole screens are compared, because that
//! catches what nobody thought to assert.

mod accounts;
mod activity;
mod editing;
mod git;
mod history;
mod home;
mod keys;
mod lines;
mod long_secrets;
mod looks;
mod mouse;
mod palette;
mod readers;
mod results;
mod reveal_time;
mod search;
mod writes;

use std::time::{Duration, Instant, SystemTime};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

use super::app::{App, Order};
use super::breadcrumb::Breadcrumb;
use super::catalogue::Catalogue;
use super::catalogue::tests::{listing, login};
use super::event::Event;
use super::jobs::{Job, Report};
use super::screen::{Scope, Ticket};
use super::theme::Theme;
use crate::model::{EntryPath, Problem, Recipient, Secret, UserId};
use crate::ops::entries::EntryFacts;
use crate::ops::readers::{Lock, OwnKey, Reader, Whereabouts};
use crate::ops::recipients::Access;
use crate::ops::registries::Registries;
use crate::system::clipboard::Copied;
use crate::system::env::Env;
use crate::system::git::Tracking;
use crate::system::keyring::RecipientStanding;
use crate::system::options::{Options, Typed};
use crate::system::store::Unreadable;

const DAY: u64 = 24 * 3600;
const WALL: u64 = 20_000 * DAY;

const FOLDER: &str = "docker-credential-helpers";
const LOGINS: [(&str, &str, u64); 5] = [
    ("https://index.docker.io/v1/", "hubci", 40 * DAY),
    ("ghcr.io", "<token>", 3 * DAY),
    ("registry.example.test:5000", "alice", 9 * DAY),
    ("harbor.corp.test", "robot$ci", 400 * DAY),
    ("https://harbor.corp.test", "robot$ci", 400 * DAY),
];

/// A UI, the size it is drawn in, and the answers it gets.
struct Desk {
    app: App,
    size: (u16, u16),
    entries: Vec<String>,
    unreadable: Vec<Unreadable>,
    failure: Option<Problem>,
    git: Tracking,
    /// Who can read the entries.
    access: Access,
    /// Why the last change cannot be taken back.
    obstacle: Option<&'static str>,
    secret: &'static [u8],
    /// The registries are those of `accounts`.
    accounts: bool,
    /// Jobs that were started, answered or not.
    started: Vec<String>,
    /// Answers are held back.
    slow: bool,
    held: Vec<(Ticket, Job)>,
    start: Instant,
}

impl Desk {
    fn new(size: (u16, u16)) -> Desk {
        let names =
            ["infra/db/root", "infra/db/replica", "infra/db/metrics", "infra/vpn", "mail/work", "work/ci/token"];
        Desk::with(size, &names, Theme::new(true, false))
    }

    fn with(size: (u16, u16), names: &[&str], theme: Theme) -> Desk {
        let env = Env::made_of([("HOME", "/home/alice"), ("USER", "alice")]);
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        let start = Instant::now();
        let scope = Scope {
            now: start,
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(WALL),
            theme,
            size: Rect::new(0, 0, size.0, size.1),
            uid: 1000,
            home: env.home().map(Into::into),
            typed: Typed::default(),
            reveal: Duration::from_secs(10),
            read_only: false,
            keymap: Default::default(),
        };
        let logins = LOGINS.iter().map(|(server, user, _)| entry_of(server, user));
        Desk {
            app: App::new(scope, Breadcrumb::new(&env, &options)),
            size,
            entries: names.iter().map(|name| (*name).to_owned()).chain(logins).collect(),
            unreadable: Vec::new(),
            failure: None,
            git: Tracking::Tracked,
            access: readers::access(false),
            obstacle: None,
            secret: b"tr0ub4dor&3\nuser: postgres\nurl: db1.internal:5432\n",
            accounts: false,
            started: Vec::new(),
            slow: false,
            held: Vec::new(),
            start,
        }
    }

    /// At the store, which most is about.
    fn begun(mut self) -> Desk {
        self.app.begin();
        self.settle();
        self.press("2");
        self
    }

    /// Answers every job, and those that the answers start.
    fn settle(&mut self) {
        loop {
            let orders = self.app.take_orders();
            if orders.is_empty() {
                return;
            }
            for order in orders {
                if let Order::Start(ticket, job) = order {
                    self.started.push(format!("{job:?}"));
                    if self.slow { self.held.push((ticket, job)) } else { self.answer(ticket, job) }
                }
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, job: Job) {
        let report = match (&self.failure, job) {
            (Some(problem), _) => Err(problem.clone()),
            (None, job) => Ok(self.found(job)),
        };
        self.app.handle(Event::Report(ticket, Box::new(report)));
    }

    fn found(&self, job: Job) -> Report {
        let logins = || {
            let made = LOGINS.iter().map(|(server, user, age)| {
                let mut login = login(server, user, &entry_of(server, user));
                login.modified = SystemTime::UNIX_EPOCH + Duration::from_secs(WALL - age);
                login
            });
            let mut made: Vec<_> = made.collect();
            let (one, two) = (made[3].server.clone(), made[4].server.clone());
            made[3].twins.push(two);
            made[4].twins.push(one);
            made.sort_by(|a, b| (&a.canonical, &a.server).cmp(&(&b.canonical, &b.server)));
            made
        };
        match job {
            Job::Whereabouts => Report::Whereabouts(Whereabouts {
                store: "/home/alice/.password-store".into(),
                key: Some(alice()),
                lock: None,
            }),
            Job::OwnKey => Report::OwnKey(OwnKey { key: Some(alice()), lock: Lock::Unlocked }),
            Job::Overview => Report::Overview(Box::new(home::overview())),
            Job::Journal(_) => activity::journal(activity::calls()),
            Job::Mend(_) => Report::Mended("linked in /home/alice/.local/bin".to_owned()),
            Job::CopyText(_) => Report::Copied(Copied::Clipboard { seconds: 45 }.into()),
            Job::Entries => {
                let names: Vec<&str> = self.entries.iter().map(String::as_str).collect();
                let mut listing = listing(&names);
                listing.unreadable = self.unreadable.clone();
                let mount = EntryPath::parse("work").expect("a name");
                Report::Entries(Catalogue::new(listing, &logins(), &[mount]))
            }
            Job::Facts(path) => Report::Facts(facts(path), self.access.clone(), self.git),
            Job::Registries if self.accounts => Report::Registries(accounts::registries()),
            Job::Accounts(job) => Report::Accounts(accounts::found(&job)),
            Job::Registries => Report::Registries(Registries {
                logins: logins(),
                elsewhere: Vec::new(),
                docker: Some(accounts::docker()),
                unreadable: self.unreadable.clone(),
                doubt: None,
            }),
            Job::Open(_) => Report::Opened(Secret::new(self.secret.to_vec())),
            Job::History(job) => Report::History(history::found(&job)),
            Job::Recipients(job) => Report::Recipients(readers::found(&job, &self.access)),
            Job::Git(job) => Report::Git(git::found(&job)),
            Job::Search(job) => Report::Search(search::found(&job)),
            Job::Undo(job) => Report::Undo(results::found(&job, self.obstacle)),
            Job::Lines(job) => Report::Lines(lines::found(&job)),
            Job::Edit(job) => editing::found(job, self.secret),
            Job::Write(job) => Report::Write(writes::found(&job)),
            Job::Copy(..) => Report::Copied(Copied::Clipboard { seconds: 45 }.into()),
        }
    }

    /// Presses these keys one after the other; named ones stand in angle brackets.
    fn press(&mut self, keys: &str) -> &mut Desk {
        let mut rest = keys;
        while let Some(first) = rest.chars().next() {
            let (event, length) = match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                Some((name, _)) => (named(name), name.len() + 2),
                None => (KeyEvent::new(KeyCode::Char(first), KeyModifiers::NONE), first.len_utf8()),
            };
            self.app.handle(Event::Key(event));
            let before = self.started.len();
            self.settle();
            // An editor's keys count from its first frame on.
            if self.started[before..].iter().any(|job| job.starts_with("Edit(Open")) {
                self.screen();
            }
            rest = &rest[length..];
        }
        self
    }

    fn wait(&mut self, time: Duration) -> &mut Desk {
        self.app.scope.now += time;
        self.app.lapse();
        self
    }

    fn screen(&mut self) -> String {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).expect("a terminal");
        terminal.draw(|frame| self.app.draw(frame)).expect("drawn");
        let buffer = terminal.backend().buffer();
        let line = |y| (0..self.size.0).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..self.size.1).map(line).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    fn shows(&mut self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "no {text:?} in\n{screen}");
    }

    #[track_caller]
    fn hides(&mut self, text: &str) {
        let screen = self.screen();
        assert!(!screen.contains(text), "{text:?} in\n{screen}");
    }
}

fn named(name: &str) -> KeyEvent {
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Down" => KeyCode::Down,
        "Up" => KeyCode::Up,
        "End" => KeyCode::End,
        "Left" => KeyCode::Left,
        "Backspace" => KeyCode::Backspace,
        "Right" => KeyCode::Right,
        "F1" => KeyCode::F(1),
        "F5" => KeyCode::F(5),
        "Home" => KeyCode::Home,
        "PgDn" => KeyCode::PageDown,
        "Delete" => KeyCode::Delete,
        ctrl if ctrl.starts_with('^') => {
            let letter = ctrl.chars().nth(1).expect("a letter").to_ascii_lowercase();
            return KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        }
        other => panic!("no key {other}"),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn entry_of(server: &str, user: &str) -> String {
    use base64::Engine;
    format!("{FOLDER}/{}/{user}", base64::engine::general_purpose::URL_SAFE.encode(server))
}

fn facts(path: EntryPath) -> EntryFacts {
    EntryFacts {
        file: path.file("/home/alice/.password-store".as_ref()),
        path,
        store: "/home/alice/.password-store".into(),
        bytes: 218,
        modified: SystemTime::UNIX_EPOCH + Duration::from_secs(WALL - 3 * DAY),
    }
}

fn alice() -> Reader {
    Reader {
        recipient: Recipient::new("alice@example.test").expect("a recipient"),
        fingerprint: Some("4FC7A1B2C3D4E5F60718293A4B5C6D7E8F907AC9".to_owned()),
        name: Some(UserId::new(b"Alice Example <alice@example.test>")),
        standing: RecipientStanding::Valid,
        expires: None,
    }
}

fn bob() -> Reader {
    Reader {
        recipient: Recipient::new("0123456789ABCDEF0123456789ABCDEF01234567").expect("a recipient"),
        fingerprint: None,
        name: None,
        standing: RecipientStanding::Expired,
        expires: None,
    }
}

#[test]
fn whole_screens_at_80x24() {
    let mut desk = Desk::new((80, 24));
    insta::assert_snapshot!("first_frame", desk.screen());
    let mut desk = desk.begun();
    insta::assert_snapshot!("store", desk.screen());
    insta::assert_snapshot!("store_revealed", desk.press("/dbroot<Enter>r").screen());
    insta::assert_snapshot!("store_filter", desk.press("<Esc><Esc>/inf").screen());
    insta::assert_snapshot!("registries", desk.press("<Esc>3").screen());
    insta::assert_snapshot!("help", desk.press("?").screen());
}

#[test]
fn whole_screens_at_44x10() {
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_store", desk.screen());
    insta::assert_snapshot!("small_details", desk.press("/replica<Enter><Enter>").screen());
    insta::assert_snapshot!("small_revealed", desk.press("<Enter>").screen());
    insta::assert_snapshot!("small_registries", desk.press("3").screen());
    insta::assert_snapshot!("small_help", desk.press("?").screen());
}

#[test]
fn whole_screens_at_140x30_and_in_ascii() {
    let mut desk = Desk::new((140, 30)).begun();
    insta::assert_snapshot!("wide_store", desk.screen());
    insta::assert_snapshot!("wide_registries", desk.press("3").screen());
    let mut plain = Desk::with((80, 24), &["a/b", "c"], Theme::new(false, true)).begun();
    let screen = plain.press("<End>r").screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("ascii", screen);
}

#[test]
fn below_the_smallest_size_a_notice_and_q() {
    let mut desk = Desk::new((30, 6)).begun();
    desk.shows("regpass needs 44x10");
    desk.press("q");
    assert!(desk.app.wants_to_quit());
}

#[test]
fn below_the_smallest_size_no_key_reaches_what_is_not_seen() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("n").shows("New entry");
    desk.size = (30, 6);
    desk.shows("q quits");
    desk.press("xx<Esc>");
    desk.app.handle(Event::Paste("yy".to_owned().into()));
    desk.size = (80, 24);
    desk.shows("New entry");
    desk.hides("xx");
    desk.hides("yy");
    desk.size = (30, 6);
    desk.screen();
    desk.press("q");
    assert!(desk.app.wants_to_quit());
}

#[test]
fn suspending_works_over_everything() {
    for keys in ["", "/", "?", ":", "n", "/replica<Enter>D", "F", "@", "W", "S"] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press(keys);
        let before = desk.screen();
        desk.app.handle(Event::Key(named("^Z")));
        let orders = desk.app.take_orders();
        assert!(orders.iter().any(|order| matches!(order, Order::Suspend)), "not over {keys:?}");
        assert_eq!(desk.screen(), before);
    }
}

#[test]
fn every_size_can_be_drawn() {
    for width in [1, 2, 3, 10, 43, 44, 45, 69, 70, 80, 119, 120, 140] {
        for height in [1, 2, 5, 9, 10, 11, 13, 14, 15, 24] {
            let mut desk = Desk::new((width, height)).begun();
            desk.screen();
            desk.press("/db<Enter>r").screen();
            desk.press("?").screen();
            desk.press("<Esc>3<Enter>").screen();
            desk.press("<Esc>4<Enter>").screen();
            desk.press("1jj").screen();
        }
    }
}

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
fn one_question_about_facts_at_a_time() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.slow = true;
    desk.press("<Down><Down><Down><Down><Down>");
    assert_eq!(desk.held.len(), 1, "{:?}", desk.started);
    let (ticket, job) = desk.held.remove(0);
    desk.answer(ticket, job);
    desk.settle();
    assert_eq!(desk.held.len(), 1, "the newest selection is asked for next");
}

#[test]
fn nothing_is_decrypted_without_being_asked() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("jjkkG<Enter><Esc>/db<Enter><Esc>3jjk2?<Esc>");
    let opened: Vec<_> = desk.started.iter().filter(|job| job.starts_with("Open") || job.starts_with("Copy")).collect();
    assert_eq!(opened.len(), 1, "only Enter on the last entry asks: {opened:?}");
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
    desk.press("/db<Enter>-").shows("Esc clears it");
}

#[test]
fn folders_open_and_close() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("/vpn<Enter><Esc><Left><Left>");
    desk.hides("vpn");
    desk.press("<Enter>").shows("vpn");
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
fn an_entry_that_git_does_not_have_yet_is_told_from_one_that_it_has() {
    for (git, words) in [(Tracking::Tracked, "bytes, in git"), (Tracking::Untracked, "bytes, not yet in git")] {
        let mut desk = Desk::new((80, 24));
        desk.git = git;
        desk.begun().press("/dbroot").shows(words);
    }
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

#[test]
fn the_help_narrows_as_one_types() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("?").shows("copy the password");
    desk.press("reveal").hides("copy the password");
    desk.hides("page up");
    desk.press("<Esc>").shows("infra");
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
