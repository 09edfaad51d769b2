//! The whole UI without a terminal: keys in, screens out, answers made by hand. Whole screens are compared, because that
//! catches what nobody thought to assert.

mod accounts;
mod activity;
mod audit;
mod contexts;
mod editing;
mod facts;
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
mod secrets;
mod sizes;
mod testing;
mod tree;
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
use crate::ops::last_checks::LastChecks;
use crate::ops::readers::{Lock, OwnKey, Reader, Whereabouts};
use crate::ops::recipients::{Access, Astray};
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
    /// Entries of each folder that are encrypted to others.
    astray: usize,
    /// Conflicts that wait in the store.
    unmerged: std::cell::Cell<usize>,
    /// Why the last change cannot be taken back.
    obstacle: Option<&'static str>,
    secret: &'static [u8],
    /// The registries are those of `accounts`.
    accounts: bool,
    /// What is remembered of tests.
    checks: LastChecks,
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
            store_set: false,
            reveal: Duration::from_secs(10),
            read_only: false,
            keymap: Default::default(),
            audit: None,
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
            astray: 0,
            unmerged: 0.into(),
            obstacle: None,
            secret: b"tr0ub4dor&3\nuser: postgres\nurl: db1.internal:5432\n",
            accounts: false,
            checks: LastChecks::default(),
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
            Job::EntryCount => Report::EntryCount(Some(11)),
            Job::AstrayCount(_) => Report::AstrayCount(Some(Astray { entries: self.astray, ..Astray::default() })),
            Job::Journal(_) => activity::journal(activity::calls()),
            Job::Window(_) => Report::Window("logged out of \"h.test\": proved".to_owned()),
            Job::Mend(_) => Report::Mended("linked in /home/alice/.local/bin".to_owned()),
            Job::CopyText(_) => Report::Copied(Copied::Clipboard { seconds: 45 }.into()),
            Job::Entries => {
                let names: Vec<&str> = self.entries.iter().map(String::as_str).collect();
                let mut listing = listing(&names);
                listing.unreadable = self.unreadable.clone();
                let mount = EntryPath::parse("work").expect("a name");
                Report::Entries(Catalogue::new(listing, &logins(), &[mount]))
            }
            Job::Folder(job) => Report::Folder(facts::found(&job, self.astray)),
            Job::Facts(path) => Report::Facts(facts(path), self.access.clone(), self.git),
            Job::Registries if self.accounts => Report::Registries(accounts::registries(), self.checks.clone()),
            Job::Accounts(job) => Report::Accounts(accounts::found(&job)),
            Job::Logins(job) => Report::Logins(testing::found(&job)),
            Job::Audit(job) => audit::found(&job),
            Job::Contexts(job) => contexts::found(&job),
            Job::Fix(job) => Report::Fix(audit::mended(&job)),
            Job::Registries => {
                let found = Registries {
                    logins: logins(),
                    elsewhere: Vec::new(),
                    docker: Some(accounts::docker()),
                    unreadable: self.unreadable.clone(),
                    doubt: None,
                };
                Report::Registries(found, self.checks.clone())
            }
            Job::Open(_) => Report::Opened(Secret::new(self.secret.to_vec())),
            Job::History(job) => Report::History(history::found(&job)),
            Job::Recipients(job) => Report::Recipients(readers::found(&job, &self.access)),
            Job::Git(job) => Report::Git(git::found(&job, &self.unmerged)),
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
        "Home" => KeyCode::Home,
        "PgDn" => KeyCode::PageDown,
        "Delete" => KeyCode::Delete,
        function if function.starts_with('F') => KeyCode::F(function[1..].parse().expect("a number")),
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
