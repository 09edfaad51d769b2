//! Numbers, times, paths and long names as few words.

use std::path::Path;
use std::time::{Duration, SystemTime};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::super::screen::Scope;
use super::super::theme::Meaning;
use crate::model::text;
use crate::ops::readers::Reader;
use crate::system::keyring::RecipientStanding;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Days of the mean month and year of the Gregorian calendar, rounded: ages are said in one number.
const MONTH: u64 = 30 * DAY;
const YEAR: u64 = 365 * DAY;

/// How long ago, in at most four columns: `now`, `38m`, `11h`, `3d`, `4mo`, `2y`.
pub(in super::super) fn age_short(now: SystemTime, then: SystemTime) -> String {
    let (number, unit) = age(now, then);
    match unit {
        Unit::Moment => "now".to_owned(),
        Unit::Minute => format!("{number}m"),
        Unit::Hour => format!("{number}h"),
        Unit::Day => format!("{number}d"),
        Unit::Month => format!("{number}mo"),
        Unit::Year => format!("{number}y"),
    }
}

/// How long ago, in words: `3 days ago`.
pub(in super::super) fn age_long(now: SystemTime, then: SystemTime) -> String {
    let (number, unit) = age(now, then);
    let word = match unit {
        Unit::Moment => return "just now".to_owned(),
        Unit::Minute => "minute",
        Unit::Hour => "hour",
        Unit::Day => "day",
        Unit::Month => "month",
        Unit::Year => "year",
    };
    counted(number, word) + " ago"
}

/// `1 entry`, `2 entries`.
pub(in super::super) fn counted(number: u64, word: &str) -> String {
    match (number, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) if !word.ends_with("ay") => format!("{number} {stem}ies"),
        _ => format!("{number} {word}s"),
    }
}

enum Unit {
    Moment,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

fn age(now: SystemTime, then: SystemTime) -> (u64, Unit) {
    // A time in the future is a clock that differs, not news.
    let seconds = now.duration_since(then).unwrap_or(Duration::ZERO).as_secs();
    let units =
        [(YEAR, Unit::Year), (MONTH, Unit::Month), (DAY, Unit::Day), (HOUR, Unit::Hour), (MINUTE, Unit::Minute)];
    let unit = units.into_iter().find(|(length, _)| seconds >= *length);
    unit.map_or((0, Unit::Moment), |(length, unit)| (seconds / length, unit))
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
    fn ages_have_one_number() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10 * YEAR);
        let ago = |seconds| {
            (age_short(now, now - Duration::from_secs(seconds)), age_long(now, now - Duration::from_secs(seconds)))
        };
        let words = |short: &str, long: &str| (short.to_owned(), long.to_owned());
        assert_eq!(ago(59), words("now", "just now"));
        assert_eq!(ago(38 * MINUTE), words("38m", "38 minutes ago"));
        assert_eq!(ago(DAY), words("1d", "1 day ago"));
        assert_eq!(ago(40 * DAY), words("1mo", "1 month ago"));
        assert_eq!(ago(800 * DAY), words("2y", "2 years ago"));
        assert_eq!(age_short(now, now + Duration::from_secs(DAY)), "now");
        assert_eq!(counted(2, "entry"), "2 entries");
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
