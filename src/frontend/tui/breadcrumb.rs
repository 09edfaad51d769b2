//! The first line: who is working, and on what. Not knowing that is the cause of most trouble with credential stores, so
//! it is always there; what was not looked up yet is left out, and what does not fit is left out by importance.

use std::path::{Path, PathBuf};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::screen::Scope;
use super::theme::Meaning;
use super::widgets::words;
use crate::model::text;
use crate::ops::readers::{Lock, Reader, Whereabouts};
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
}

/// A piece, and how early it has to go when there is no room: the highest first.
struct Piece {
    label: &'static str,
    value: String,
    meaning: Meaning,
    goes: u8,
    /// Belongs to the piece before it.
    tight: bool,
}

impl Breadcrumb {
    /// From what is known without looking.
    pub(super) fn new(env: &Env, options: &Options) -> Breadcrumb {
        let user = env.user_name().unwrap_or_else(|| format!("uid {}", env.uid()));
        Breadcrumb {
            user: text::escaped(user.as_bytes()).into_owned(),
            home: env.home().map(Path::to_owned),
            docker: options.docker_config.clone(),
            store: options.store_dir.as_ref().map(|dir| env.absolute(dir)),
            key: None,
            lock: None,
        }
    }

    pub(super) fn learn(&mut self, found: Whereabouts) {
        self.store = Some(found.store);
        self.key = found.key;
        self.lock = found.lock;
    }

    pub(super) fn draw(&self, buffer: &mut Buffer, area: Rect, scope: &Scope) {
        let mut pieces = self.pieces(scope.theme.glyphs.ellipsis);
        while width(&pieces) > area.width && pieces.len() > 1 {
            let first_to_go = pieces.iter().map(|piece| piece.goes).max();
            pieces.retain(|piece| Some(piece.goes) != first_to_go);
        }
        let mut x = area.x + 1;
        for piece in &pieces {
            x -= u16::from(piece.tight);
            if !piece.label.is_empty() {
                x = put(buffer, area, x, &format!("{} ", piece.label), Meaning::Muted, scope);
            }
            x = put(buffer, area, x, &piece.value, piece.meaning, scope) + 2;
        }
    }

    fn pieces(&self, mark: &str) -> Vec<Piece> {
        let home = self.home.as_deref();
        let piece = |label, value, meaning, goes| Piece { label, value, meaning, goes, tight: false };
        let mut pieces = vec![piece("", self.user.clone(), Meaning::Accent, 0)];
        if let Some(home) = home {
            pieces.push(piece("", words::path(home, None), Meaning::Plain, 3));
        }
        // The usual folder follows from the home; another one is the news.
        let usual = home.is_some_and(|home| home.join(".docker") == self.docker);
        let goes = if usual { 4 } else { 1 };
        pieces.push(piece("docker", words::path(&self.docker, home), Meaning::Plain, goes));
        if let Some(store) = &self.store {
            pieces.push(piece("store", words::path(store, home), Meaning::Plain, 1));
        }
        if let Some(key) = &self.key {
            let hex = key.fingerprint.clone().or_else(|| key.recipient.hex());
            let key = hex.map_or_else(|| words::reader_name(key, mark), |hex| words::short_key(&hex, mark));
            pieces.push(piece("key", key, Meaning::Plain, 2));
        }
        let (word, meaning) = match self.lock {
            None => return pieces,
            Some(Lock::KeyFile) => ("from file", Meaning::Plain),
            Some(Lock::Unlocked) => ("unlocked", Meaning::Good),
            Some(Lock::Locked) => ("locked", Meaning::Warn),
            Some(Lock::Card) => ("on a card", Meaning::Plain),
        };
        pieces.push(Piece { tight: true, ..piece("", word.to_owned(), meaning, 2) });
        pieces
    }
}

fn width(pieces: &[Piece]) -> u16 {
    let label = |piece: &Piece| if piece.label.is_empty() { 0 } else { words::width(piece.label) + 1 };
    pieces.iter().map(|piece| label(piece) + words::width(&piece.value) + 2).sum()
}

fn put(buffer: &mut Buffer, area: Rect, x: u16, text: &str, meaning: Meaning, scope: &Scope) -> u16 {
    let room = area.right().saturating_sub(x);
    let text = words::fit(text, room, scope.theme.glyphs.ellipsis);
    buffer.set_stringn(x, area.y, &text, usize::from(room), scope.theme.style(meaning)).0
}
