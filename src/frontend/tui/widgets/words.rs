//! Numbers, times, paths and long names as few words.

use std::path::Path;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::screen::Scope;
use super::super::theme::Meaning;
use crate::model::{age, text};
use crate::ops::readers::Reader;
use crate::system::git::Commit;
use crate::system::keyring::RecipientStanding;

/// `1 entry`, `2 entries`.
pub(in super::super) fn counted(number: u64, word: &str) -> String {
    match (number, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) if !word.ends_with("ay") => format!("{number} {stem}ies"),
        _ => format!("{number} {word}s"),
    }
}

/// A fingerprint or key id as people compare it: its ends.
pub(in super::super) fn short_key(hex: &str, mark: &str) -> String {
    match (hex.get(..4), hex.get(hex.len().saturating_sub(4)..)) {
        (Some(head), Some(tail)) if hex.len() > 8 => format!("{head}{mark}{tail}"),
        _ => hex.to_owned(),
    }
}

/// Who a recipient is: the name, else the key, else what the recipients file says.
pub(in super::super) fn reader_name(reader: &Reader, mark: &str) -> String {
    // Of `Alice (work) <alice@example.test>` the part before the address says who it is.
    let name = reader.name.as_deref().map(|name| name.split(" <").next().unwrap_or(name).trim());
    let hex = reader.fingerprint.clone().or_else(|| reader.recipient.hex());
    match (name.filter(|name| !name.is_empty()), hex) {
        (Some(name), _) => name.to_owned(),
        (None, Some(hex)) => short_key(&hex, mark),
        (None, None) => text::escaped(reader.recipient.as_str().as_bytes()).into_owned(),
    }
}

/// A recipient with how it stands.
pub(in super::super) fn reader(reader: &Reader, scope: &Scope) -> (String, Meaning) {
    let glyphs = scope.theme.glyphs;
    let name = reader_name(reader, glyphs.ellipsis);
    let (mark, word, meaning) = match reader.standing {
        RecipientStanding::Valid => (glyphs.good, "", Meaning::Plain),
        RecipientStanding::Unknown => return (name, Meaning::Plain),
        RecipientStanding::Expired => (glyphs.bad, " expired", Meaning::Bad),
        RecipientStanding::Revoked => (glyphs.bad, " revoked", Meaning::Bad),
        RecipientStanding::Disabled => (glyphs.bad, " disabled", Meaning::Bad),
        RecipientStanding::Untrusted => (glyphs.warn, " not trusted", Meaning::Warn),
        RecipientStanding::Unusable => (glyphs.bad, " cannot encrypt", Meaning::Bad),
        RecipientStanding::Missing => (glyphs.warn, " key missing", Meaning::Warn),
        RecipientStanding::Ambiguous => (glyphs.warn, " ambiguous", Meaning::Warn),
    };
    (format!("{name} {mark}{word}"), meaning)
}

/// A path, escaped, with the home as `~`.
pub(in super::super) fn path(path: &Path, home: Option<&Path>) -> String {
    let escaped = |path: &Path| text::escaped(path.as_os_str().as_encoded_bytes()).into_owned();
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Some(rest) => format!("~/{}", escaped(rest)),
        None => escaped(path),
    }
}

/// How long ago and by whom, at the start of a commit's row of so many columns: as wide in every row.
pub(in super::super) fn commit_start(commit: &Commit, columns: u16, scope: &Scope) -> String {
    let room = (columns / 5).min(16);
    let author = fit(&text::escaped(commit.author.as_bytes()), room, scope.theme.glyphs.ellipsis);
    let gap = usize::from(room.saturating_sub(width(&author)));
    format!("{:>4}  {author}{:gap$}  ", age::short(scope.wall, commit.time), "")
}

/// Columns that a text takes.
pub(in super::super) fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// The text cut to so many columns, with the mark at its end when something was cut.
pub(in super::super) fn fit(text: &str, columns: u16, mark: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(mark));
    let mut fitted = head(text, room);
    if columns >= width(mark) {
        fitted.push_str(mark);
    }
    fitted
}

/// The text cut to so many columns in its middle: the ends of a registry's name say most.
pub(in super::super) fn fit_middle(text: &str, columns: u16, mark: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(mark));
    let end: String = tail(text, room / 2);
    format!("{}{mark}{end}", head(text, room - room / 2))
}

fn head(text: &str, columns: u16) -> String {
    let mut taken = 0;
    text.chars().take_while(|character| within(&mut taken, *character, columns)).collect()
}

fn tail(text: &str, columns: u16) -> String {
    let mut taken = 0;
    let end: Vec<char> = text.chars().rev().take_while(|character| within(&mut taken, *character, columns)).collect();
    end.into_iter().rev().collect()
}

fn within(taken: &mut u16, character: char, columns: u16) -> bool {
    *taken = taken.saturating_add(u16::try_from(character.width().unwrap_or(0)).unwrap_or(2));
    *taken <= columns
}

/// The text in lines of at most so many columns, broken at blanks where there are any.
pub(in super::super) fn wrapped(text: &str, columns: u16) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        while width(word) > columns {
            let mut piece = head(word, columns.max(2));
            // After a mark inside a long name, unless that leaves the line half empty.
            if let Some(mark) = piece.rfind(['/', '.', ':', '-', '_', '@', ',']).filter(|mark| mark * 2 > piece.len()) {
                piece.truncate(mark + 1);
            }
            word = &word[piece.len()..];
            lines.push(piece);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted() {
        assert_eq!(counted(1, "entry"), "1 entry");
        assert_eq!(counted(2, "entry"), "2 entries");
        assert_eq!(counted(2, "byte"), "2 bytes");
    }

    #[test]
    fn cut_text_never_takes_more_columns() {
        for columns in 0..12 {
            for text in ["abcdefgh", "日本語日本語", "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}"] {
                assert!(width(&fit(text, columns, "…")) <= columns, "{text} {columns}");
                assert!(columns == 0 || width(&fit_middle(text, columns, "…")) <= columns, "{text} {columns}");
            }
        }
        assert_eq!(fit("abcdefgh", 5, "…"), "abcd…");
        assert_eq!(fit_middle("abcdefgh", 5, "…"), "ab…gh");
    }

    #[test]
    fn lines_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrapped("no key here", 7), ["no key", "here"]);
        assert_eq!(wrapped("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("a.example.test:5000", 12), ["a.example.", "test:5000"]);
    }

    #[test]
    fn the_home_is_a_tilde() {
        let home = Path::new("/home/a");
        assert_eq!(path(Path::new("/home/a/.docker"), Some(home)), "~/.docker");
        assert_eq!(path(home, Some(home)), "~");
        assert_eq!(path(Path::new("/home/ab"), Some(home)), "/home/ab");
    }
}
