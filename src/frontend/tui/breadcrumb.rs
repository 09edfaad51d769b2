//! The first line: who is working, and on what. Not knowing that is the cause of most trouble with credential stores, so
//! it is always there. What was not looked up yet is left out; where there is little room words go before facts.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::screen::{Mark, Scope};
use super::theme::Meaning;
use super::widgets::words;
use crate::model::{age, text};
use crate::ops::deadline::{AllSeen, Seen};
use crate::ops::readers::{Lock, OwnKey, Reader, Whereabouts};
use crate::system::env::Env;
use crate::system::options::Options;

#[derive(Clone, Debug)]
pub(super) struct Breadcrumb {
    user: String,
    home: Option<PathBuf>,
    docker: PathBuf,
    store: Option<PathBuf>,
    key: Option<Reader>,
    lock: Option<Lock>,
    /// The demo's folder, when we are in one.
    demo: Option<PathBuf>,
    read_only: bool,
    /// When the window that ends first does.
    window: Option<SystemTime>,
}

/// One fact.
#[derive(Clone)]
struct Piece {
    label: &'static str,
    value: String,
    /// In fewer columns.
    short: String,
    meaning: Meaning,
    /// How early it goes when nothing else helps: the highest first; 0 never.
    goes: u8,
    /// The value says by itself what it is.
    plain: bool,
    /// Belongs to the piece before it.
    tight: bool,
    path: bool,
}

/// What is saved on, each beside those before it, until everything fits.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Save {
    Nothing,
    /// Labels of what speaks for itself.
    Labels,
    /// Words that have a shorter form, and the key's label.
    Words,
    /// One of the two blanks between facts.
    Blanks,
    /// The middle of long paths.
    Paths,
}

const SAVINGS: [Save; 5] = [Save::Nothing, Save::Labels, Save::Words, Save::Blanks, Save::Paths];

/// From then on the end of a window is near.
const SOON: Duration = Duration::from_secs(600);

/// A path is not cut to fewer columns than this.
const PATH_MIN: u16 = 12;

impl Breadcrumb {
    /// From what is known without looking.
    pub(super) fn new(env: &Env, options: &Options) -> Breadcrumb {
        let user = env.shown_user_name().unwrap_or_else(|| format!("uid {}", env.uid()));
        Breadcrumb {
            user: text::escaped(user.as_bytes()).into_owned(),
            home: env.home().map(Path::to_owned),
            docker: options.docker_config.clone(),
            store: options.store_dir.as_ref().map(|dir| env.absolute(dir)),
            key: None,
            lock: None,
            demo: options.demo.clone(),
            read_only: options.read_only.is_some(),
            window: None,
        }
    }

    pub(super) fn learn(&mut self, found: Whereabouts) {
        self.store = Some(found.store);
        // What the agent said of another key before is not known of this one.
        if found.key.is_some() && self.key != found.key {
            self.key = found.key;
            self.lock = None;
        }
        self.lock = found.lock.or(self.lock);
    }

    pub(super) fn learn_key(&mut self, found: OwnKey) {
        self.key = found.key;
        self.lock = Some(found.lock);
    }

    pub(super) fn learn_windows(&mut self, windows: &AllSeen) {
        let own = windows.windows.iter().filter(|seen| seen.over.is_none() && seen.record.own);
        self.window = own.map(Seen::until).min();
    }

    /// How long what is shown of the time is right; None: for ever.
    pub(super) fn changes_in(&self, wall: SystemTime) -> Option<Duration> {
        let left = self.window?.duration_since(wall).ok()?;
        let seconds = left.as_secs();
        // Minutes are shown, and in the last one seconds.
        let wait = if seconds < 60 { Duration::ZERO } else { Duration::from_secs(seconds % 60) };
        Some(wait + Duration::from_nanos(left.subsec_nanos().into()) + Duration::from_millis(1))
    }

    /// True when the store is the demo's: nothing in it is real.
    pub(super) fn is_demo(&self) -> bool {
        matches!((&self.demo, &self.store), (Some(demo), Some(store)) if store.starts_with(demo))
    }

    /// For the help: what the line says.
    pub(super) fn marks() -> Vec<Mark> {
        let mark = |name: &str, text| Mark(name.to_owned(), text);
        vec![
            mark("first line", "user, HOME, Docker's folder, store, the key that opens it"),
            mark("locked", "opening an entry asks for the key's passphrase"),
            mark("from key file", "the key is in a file of its own; GnuPG is not asked"),
            mark("window", "how long the deployment window that ends first is still open"),
            mark("no agent", "gpg-agent does not run; opening an entry starts it"),
        ]
    }

    pub(super) fn draw(&self, buffer: &mut Buffer, area: Rect, scope: &Scope) {
        let (pieces, gap) =
            fitted(self.pieces(scope.theme.glyphs.ellipsis, scope.wall), area.width, scope.theme.glyphs.ellipsis);
        let mut x = area.x + 1;
        for (index, piece) in pieces.iter().enumerate() {
            x += if index == 0 { 0 } else { between(piece, gap) };
            if !piece.label.is_empty() {
                x = put(buffer, area, x, &format!("{} ", piece.label), Meaning::Muted, scope);
            }
            x = put(buffer, area, x, &piece.value, piece.meaning, scope);
        }
    }

    fn pieces(&self, mark: &str, wall: SystemTime) -> Vec<Piece> {
        let home = self.home.as_deref();
        let mut pieces = vec![piece("", self.user.clone(), 0)];
        if self.read_only {
            pieces.push(Piece { meaning: Meaning::Warn, ..piece("", "read-only".to_owned(), 0) });
        }
        if let Some(until) = self.window {
            let is_over = wall >= until;
            let left = if is_over { "over".to_owned() } else { age::left(wall, until) };
            let meaning = if is_over || until < wall + SOON { Meaning::Warn } else { Meaning::Good };
            pieces.push(Piece { meaning, ..piece("window", left, 0) });
        }
        if let Some(home) = home {
            let usual = home.file_name().is_some_and(|name| name.as_encoded_bytes() == self.user.as_bytes());
            let goes = if usual { 4 } else { 2 };
            pieces.push(path_piece(
                "home",
                text::escaped(home.as_os_str().as_encoded_bytes()).into_owned(),
                goes,
                true,
            ));
        }
        let usual = home.is_some_and(|home| home.join(".docker") == self.docker);
        let goes = if usual { 3 } else { 1 };
        pieces.push(path_piece("docker", words::path(&self.docker, home), goes, self.docker.ends_with(".docker")));
        if let Some(store) = &self.store {
            let plain = store.file_name().is_some_and(|name| name.to_string_lossy().ends_with("password-store"));
            pieces.push(path_piece("store", words::path(store, home), 0, plain));
        }
        if let Some(key) = &self.key {
            let hex = key.fingerprint.clone().or_else(|| key.recipient.hex());
            let name = hex.map_or_else(|| words::reader_name(key, mark), |hex| words::short_key(&hex, mark));
            pieces.push(Piece { plain: true, ..piece("key", name, 5) });
        }
        if let Some(lock) = self.lock {
            let (long, short, meaning) = lock_words(lock);
            let label = if self.key.is_none() { "key" } else { "" };
            let state = Piece { short: short.to_owned(), meaning, ..piece(label, long.to_owned(), 0) };
            pieces.push(Piece { tight: self.key.is_some(), ..state });
        }
        pieces
    }
}

fn lock_words(lock: Lock) -> (&'static str, &'static str, Meaning) {
    match lock {
        Lock::KeyFile => ("from key file", "from file", Meaning::Plain),
        Lock::Unlocked => ("unlocked", "unlocked", Meaning::Good),
        Lock::Locked => ("locked", "locked", Meaning::Warn),
        Lock::Card => ("on a card", "card", Meaning::Plain),
        Lock::Absent => ("secret key not here", "not here", Meaning::Warn),
        Lock::NoAgent => ("agent not running", "no agent", Meaning::Plain),
        Lock::Silent => ("agent does not answer", "no answer", Meaning::Warn),
        Lock::Untold => ("state unknown", "unknown", Meaning::Plain),
    }
}

fn piece(label: &'static str, value: String, goes: u8) -> Piece {
    let short = value.clone();
    Piece { label, value, short, meaning: Meaning::Plain, goes, plain: false, tight: false, path: false }
}

fn path_piece(label: &'static str, value: String, goes: u8, plain: bool) -> Piece {
    Piece { plain, path: true, ..piece(label, value, goes) }
}

/// The pieces as they fit into so many columns, and the blanks between them.
fn fitted(mut pieces: Vec<Piece>, columns: u16, mark: &str) -> (Vec<Piece>, u16) {
    loop {
        let tried = SAVINGS.map(|save| saved(&pieces, save, columns, mark));
        let fits = tried.iter().find(|(pieces, gap)| width(pieces, *gap) <= columns);
        if let Some(fits) = fits {
            return fits.clone();
        }
        let Some(first) = pieces.iter().map(|piece| piece.goes).max().filter(|goes| *goes > 0) else {
            let [.., last] = tried;
            return last;
        };
        for piece in pieces.iter_mut().filter(|piece| piece.goes == first && piece.label == "key") {
            // Its state stays, and needs to be said of something.
            *piece = self::piece("", "key".to_owned(), 0);
        }
        pieces.retain(|piece| piece.goes != first);
    }
}

fn saved(pieces: &[Piece], save: Save, columns: u16, mark: &str) -> (Vec<Piece>, u16) {
    let mut pieces = pieces.to_vec();
    for piece in &mut pieces {
        if save >= Save::Words {
            piece.value.clone_from(&piece.short);
        }
        if piece.plain && (save >= Save::Words || save >= Save::Labels && piece.path) {
            piece.label = "";
        }
    }
    let gap = if save >= Save::Blanks { 1 } else { 2 };
    if save == Save::Paths {
        let whole = pieces.clone();
        let longest = whole.iter().filter(|piece| piece.path).map(|piece| words::width(&piece.value)).max();
        // All are cut to the same length, the greatest that fits.
        for room in (PATH_MIN..longest.unwrap_or_default()).rev() {
            for (piece, whole) in pieces.iter_mut().zip(&whole).filter(|(piece, _)| piece.path) {
                piece.value = words::fit_middle(&whole.value, room, mark);
            }
            if width(&pieces, gap) <= columns {
                break;
            }
        }
    }
    (pieces, gap)
}

fn between(piece: &Piece, gap: u16) -> u16 {
    if piece.tight { 1 } else { gap }
}

/// Columns, with the blank before the first piece.
fn width(pieces: &[Piece], gap: u16) -> u16 {
    let label = |piece: &Piece| if piece.label.is_empty() { 0 } else { words::width(piece.label) + 1 };
    let column = |(index, piece): (usize, &Piece)| {
        let before = if index == 0 { 1 } else { between(piece, gap) };
        before + label(piece) + words::width(&piece.value)
    };
    pieces.iter().enumerate().map(column).fold(0, u16::saturating_add)
}

fn put(buffer: &mut Buffer, area: Rect, x: u16, text: &str, meaning: Meaning, scope: &Scope) -> u16 {
    let room = area.right().saturating_sub(x);
    let text = words::fit(text, room, scope.theme.glyphs.ellipsis);
    buffer.set_stringn(x, area.y, &text, usize::from(room), scope.theme.style(meaning)).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Recipient;
    use crate::system::keyring::RecipientStanding;
    use crate::system::options::Typed;

    fn line(vars: &[(&str, &str)], lock: Lock, columns: u16) -> String {
        let env = Env::made_of(vars.iter().copied());
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        let mut breadcrumb = Breadcrumb::new(&env, &options);
        let store = breadcrumb.store.clone().unwrap_or_else(|| env.expand_home(Path::new("~/.password-store")));
        let key = Reader {
            recipient: Recipient::new("4FC7A1B2C3D4E5F60718293A4B5C6D7E8F907AC9").expect("a recipient"),
            fingerprint: None,
            name: None,
            standing: RecipientStanding::Unknown,
            expires: None,
        };
        breadcrumb.learn(Whereabouts { store, key: Some(key), lock: Some(lock) });
        let (pieces, gap) = fitted(breadcrumb.pieces("…", SystemTime::UNIX_EPOCH), columns, "…");
        assert!(width(&pieces, gap) <= columns, "{} columns", width(&pieces, gap));
        let mut line = String::new();
        for piece in &pieces {
            line += &" ".repeat(if line.is_empty() { 1 } else { between(piece, gap).into() });
            line += format!("{} {}", piece.label, piece.value).trim_start();
        }
        line
    }

    const ALICE: [(&str, &str); 2] = [("HOME", "/home/alice"), ("USER", "alice")];

    #[test]
    fn words_go_before_facts() {
        let at = |columns| line(&ALICE, Lock::NoAgent, columns);
        assert_eq!(
            at(140),
            " alice  home /home/alice  docker ~/.docker  store ~/.password-store  key 4FC7…7AC9 agent not running"
        );
        assert_eq!(at(90), " alice  /home/alice  ~/.docker  ~/.password-store  key 4FC7…7AC9 agent not running");
        assert_eq!(at(80), " alice  /home/alice  ~/.docker  ~/.password-store  4FC7…7AC9 no agent");
        assert_eq!(at(66), " alice /home/alice ~/.docker ~/.password-store 4FC7…7AC9 no agent");
        assert_eq!(at(44), " alice ~/.docker ~/.pass…-store key no agent");
    }

    #[test]
    fn long_and_unusual_places_keep_their_labels_and_lose_their_middles() {
        let demo = [
            ("HOME", "/run/user/1000/regpass-demo-4711/alice"),
            ("USER", "alice"),
            ("DOCKER_CONFIG", "/srv/build/docker-of-ci"),
            ("PASSWORD_STORE_DIR", "/srv/build/logins-of-everybody"),
        ];
        let text = line(&demo, Lock::KeyFile, 80);
        for fact in ["alice", "/run/u", "docker /srv", "ci", "store /srv", "4FC7…7AC9 from file"] {
            assert!(text.contains(fact), "no {fact:?} in {text:?}");
        }
        let root = line(&[("HOME", "/root"), ("USER", "alice")], Lock::Locked, 44);
        assert!(root.contains("/root") && !root.contains(".docker"), "another's home is the news: {root:?}");
    }
}
