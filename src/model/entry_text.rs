//! An entry's plaintext as lines over one wiped buffer: the password, key/value lines, one-time password secrets, the
//! rest. Reads what pass and gopass write; a change rewrites one line and keeps every other byte. Decrypts nothing,
//! shows nothing: what a line may be shown as is said here, showing it is the frontends'.

use std::ops::Range;

use super::{Problem, Secret};

/// Keys whose values a person may see without asking, lower case. Every other value is secret until revealed.
const HARMLESS_KEYS: [&str; 24] = [
    "account",
    "comment",
    "created",
    "domain",
    "e-mail",
    "email",
    "expires",
    "host",
    "hostname",
    "issuer",
    "login",
    "mail",
    "name",
    "port",
    "registry",
    "server",
    "site",
    "title",
    "uri",
    "url",
    "user",
    "user name",
    "username",
    "website",
];

/// Keys whose value is the secret of one-time passwords (gopass `internal/action/otp.go`, `otp.Calculate`).
const OTP_KEYS: [&str; 3] = ["otpauth", "totp", "hotp"];

/// How a one-time password's URL begins (Google Authenticator, "Key Uri Format").
const OTP_SCHEME: &[u8] = b"otpauth://";

/// The first line of gopass's oldest format: headers, a blank line, text (gopass `pkg/gopass/secrets/secparse/mime.go`).
const MIME_MARK: &[u8] = b"GOPASS-SECRET-1.0";

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Line 1, or the header `Password` of the old format.
    Password,
    /// `key: value`.
    Field,
    /// An `otpauth://` URL, or a key that holds such a secret.
    Otp,
    /// Anything else.
    Text,
}

/// One line. Its ranges are offsets in the text, without the line's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    /// The key, blanks around it left out; empty where there is none.
    key: Range<usize>,
    /// What follows the key; the whole line where there is none.
    value: Range<usize>,
    secret: bool,
}

impl Line {
    /// True when it is shown only to who asks for it.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// Where the value stands in the text; the whole line where it has no key.
    pub fn value_range(&self) -> Range<usize> {
        self.value.clone()
    }
}

/// Why a line cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryTextError {
    #[error("a line's content cannot hold a line end")]
    LineEnd,
    #[error("a key cannot be empty, hold a line end or \": \", or start or end with a blank")]
    Key,
}

impl From<EntryTextError> for Problem {
    fn from(error: EntryTextError) -> Problem {
        Problem::usage(error.to_string())
    }
}

/// A plaintext and where its lines are.
#[derive(Debug)]
pub struct EntryText {
    text: Secret,
    lines: Vec<Line>,
    /// In the old format: where a further header goes.
    headers_end: Option<usize>,
}

impl EntryText {
    /// Any bytes are a text.
    pub fn parse(text: Secret) -> EntryText {
        let bytes = text.expose();
        let is_mime = first_line(bytes) == MIME_MARK;
        let mut lines = Vec::new();
        let mut headers_end = None;
        let mut start = 0;
        for (number, whole) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let range = start..start + content_len(whole);
            let in_headers = is_mime && headers_end.is_none();
            if in_headers && range.is_empty() {
                headers_end = Some(start);
            }
            start += whole.len();
            lines.push(match (is_mime, number) {
                (false, 0) => whole_line(LineKind::Password, range, true),
                (true, 0) => whole_line(LineKind::Text, range, false),
                _ => line(bytes, range, in_headers),
            });
        }
        EntryText { headers_end: headers_end.or(is_mime.then_some(start)), lines, text }
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The password; None when there is none (an empty text, an old format without one).
    pub fn password(&self) -> Option<Secret> {
        let line = self.lines.iter().find(|line| line.kind == LineKind::Password)?;
        Some(self.value(line))
    }

    /// The line's key; empty where it has none.
    pub fn key(&self, line: &Line) -> &[u8] {
        self.text.expose().get(line.key.clone()).unwrap_or_default()
    }

    /// The line's value, or the whole line where it has no key.
    pub fn value(&self, line: &Line) -> Secret {
        self.text.part(line.value.clone())
    }

    /// The first line with exactly this key, as gopass finds one.
    pub fn field(&self, key: &[u8]) -> Option<&Line> {
        self.lines.iter().find(|line| !line.key.is_empty() && self.key(line) == key)
    }

    /// The first line that is a one-time password's URL.
    pub fn otp_url(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.kind == LineKind::Otp && line.key.is_empty())
    }

    /// The same text with another value in one of its lines.
    pub fn with_value(&self, line: &Line, value: &Secret) -> Result<EntryText, EntryTextError> {
        refuse_line_ends(value)?;
        Ok(self.spliced(line.value.clone(), &[value.expose()]))
    }

    /// The same text with another password. One that has no place for it yet gets one.
    pub fn with_password(&self, password: &Secret) -> Result<EntryText, EntryTextError> {
        refuse_line_ends(password)?;
        match (self.lines.iter().find(|line| line.kind == LineKind::Password), self.headers_end) {
            (Some(line), _) => Ok(self.spliced(line.value.clone(), &[password.expose()])),
            (None, Some(end)) => Ok(self.with_header(end, b"Password", password)),
            (None, None) => Ok(self.spliced(0..0, &[password.expose(), b"\n"])),
        }
    }

    /// The same text with another value for a key: its first line is rewritten, else a line is added.
    pub fn with_field(&self, key: &[u8], value: &Secret) -> Result<EntryText, EntryTextError> {
        let has_separator = key.windows(2).any(|pair| pair == b": ") || key.contains(&b'\n');
        if key.is_empty() || key.trim_ascii() != key || has_separator {
            return Err(EntryTextError::Key);
        }
        refuse_line_ends(value)?;
        if let Some(line) = self.field(key) {
            return Ok(self.spliced(line.value.clone(), &[value.expose()]));
        }
        if let Some(end) = self.headers_end {
            return Ok(self.with_header(end, key, value));
        }
        let end = self.text.len();
        // The first line stays the password's.
        let before: &[u8] = if self.text.expose().ends_with(b"\n") { b"" } else { b"\n" };
        Ok(self.spliced(end..end, &[before, key, b": ", value.expose(), b"\n"]))
    }

    fn with_header(&self, end: usize, key: &[u8], value: &Secret) -> EntryText {
        let before: &[u8] = if self.text.expose()[..end].ends_with(b"\n") { b"" } else { b"\n" };
        self.spliced(end..end, &[before, key, b": ", value.expose(), b"\n"])
    }

    /// The same text with other bytes in this place, line ends among them.
    pub fn replaced(&self, range: Range<usize>, bytes: &[u8]) -> EntryText {
        self.spliced(range, &[bytes])
    }

    fn spliced(&self, range: Range<usize>, pieces: &[&[u8]]) -> EntryText {
        let bytes = self.text.expose();
        let added: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut text = Secret::with_capacity(bytes.len() + added);
        text.push(&bytes[..range.start]);
        pieces.iter().for_each(|piece| text.push(piece));
        text.push(&bytes[range.end..]);
        EntryText::parse(text)
    }

    pub fn as_secret(&self) -> &Secret {
        &self.text
    }

    pub fn into_secret(self) -> Secret {
        self.text
    }
}

/// Why a text that is a secret as a whole is not what a person meant who changed another one into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    /// It has become so many lines.
    Lines(usize),
    /// It begins or ends with a line break, which the other did not.
    Ends,
}

/// None where it is as it should be. A secret that had several lines before may have any.
pub fn torn(before: &Secret, after: &Secret) -> Option<Torn> {
    /// Line ends in front, inside and at the end.
    fn breaks(text: &[u8]) -> [usize; 3] {
        let count = |part: &[u8]| part.iter().filter(|byte| **byte == b'\n').count();
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let start = text.iter().position(|byte| !is_end(byte)).unwrap_or(text.len());
        let end = text.iter().rposition(|byte| !is_end(byte)).map_or(start, |last| last + 1);
        [count(&text[..start]), count(&text[start..end]), count(&text[end..])]
    }
    let ([front, inside, end], [new_front, new_inside, new_end]) = (breaks(before.expose()), breaks(after.expose()));
    match () {
        () if inside > 0 => None,
        () if new_inside > 0 => Some(Torn::Lines(new_inside + 1)),
        () => (new_front > front || new_end > end).then_some(Torn::Ends),
    }
}

/// What an editor made of a text that had no line end, without the one that many editors add to a last line.
pub fn without_added_end(before: &Secret, mut after: Secret) -> Secret {
    let (old, new) = (before.expose(), after.expose());
    let kept = match new {
        _ if old.contains(&b'\n') => new.len(),
        [kept @ .., b'\r', b'\n'] if !old.ends_with(b"\r") => kept.len(),
        [kept @ .., b'\n'] => kept.len(),
        whole => whole.len(),
    };
    after.truncate(kept);
    after
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let whole = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    &whole[..content_len(whole)]
}

/// Without `\n` or `\r\n`.
fn content_len(whole: &[u8]) -> usize {
    let line = whole.strip_suffix(b"\n").unwrap_or(whole);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

fn whole_line(kind: LineKind, range: Range<usize>, secret: bool) -> Line {
    Line { kind, key: range.start..range.start, value: range, secret }
}

/// A line that is not the first: the first `": "` parts key and value; the key is trimmed, the value is not (gopass
/// `pkg/gopass/secrets/akv.go`, `ParseAKV`).
fn line(bytes: &[u8], range: Range<usize>, in_headers: bool) -> Line {
    let content = &bytes[range.clone()];
    if content.trim_ascii_start().starts_with(OTP_SCHEME) {
        return whole_line(LineKind::Otp, range, true);
    }
    let split = content.windows(2).position(|pair| pair == b": ");
    let key = split.map(|at| trimmed(bytes, range.start..range.start + at)).filter(|key| !key.is_empty());
    let (Some(at), Some(key)) = (split, key) else {
        let blank = content.trim_ascii().is_empty();
        return whole_line(LineKind::Text, range, !blank);
    };
    let value = range.start + at + 2..range.end;
    let name = bytes[key.clone()].to_ascii_lowercase();
    let is = |keys: &[&str]| keys.iter().any(|key| key.as_bytes() == name);
    let kind = match () {
        () if in_headers && name == b"password" => LineKind::Password,
        () if is(&OTP_KEYS) => LineKind::Otp,
        () => LineKind::Field,
    };
    let harmless = kind == LineKind::Field && is(&HARMLESS_KEYS) && !carries_password(&bytes[value.clone()]);
    Line { kind, key, value, secret: !harmless }
}

fn trimmed(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let content = &bytes[range.clone()];
    let front = content.len() - content.trim_ascii_start().len();
    let end = range.start + content.trim_ascii_end().len();
    (range.start + front).min(end)..end
}

/// True for a URL with more than a host in front of its path: `https://user:password@host/`, `https://token@host/`.
fn carries_password(value: &[u8]) -> bool {
    let after = value.windows(3).position(|part| part == b"://").map(|at| &value[at + 3..]);
    after.is_some_and(|rest| rest.split(|byte| *byte == b'/').next().is_some_and(|host| host.contains(&b'@')))
}

fn refuse_line_ends(value: &Secret) -> Result<(), EntryTextError> {
    let broken = value.expose().iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    if broken { Err(EntryTextError::LineEnd) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: &str) -> EntryText {
        EntryText::parse(secret(bytes))
    }

    fn secret(bytes: &str) -> Secret {
        Secret::new(bytes.as_bytes().to_vec())
    }

    fn shown(text: &EntryText) -> String {
        String::from_utf8(text.as_secret().expose().to_vec()).expect("text")
    }

    /// Kind, key, value, whether secret.
    fn lines(bytes: &str) -> Vec<(LineKind, String, String, bool)> {
        let text = text(bytes);
        let of = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let one = |line: &Line| (line.kind, of(text.key(line)), of(text.value(line).expose()), line.is_secret());
        text.lines().iter().map(one).collect()
    }

    #[test]
    fn lines_are_what_gopass_takes_them_for() {
        let plain = "pw: x\nuser: bob\nuser:bob\n  Pin :  12: 34 \nuser: two\n\notpauth://totp/a: b?secret=X\ntotp: ABC\n\
                     : none\nnote";
        let one = |kind, key: &str, value: &str, secret| (kind, key.to_owned(), value.to_owned(), secret);
        let expected = [
            one(LineKind::Password, "", "pw: x", true),
            one(LineKind::Field, "user", "bob", false),
            one(LineKind::Text, "", "user:bob", true),
            one(LineKind::Field, "Pin", " 12: 34 ", true),
            one(LineKind::Field, "user", "two", false),
            one(LineKind::Text, "", "", false),
            one(LineKind::Otp, "", "otpauth://totp/a: b?secret=X", true),
            one(LineKind::Otp, "totp", "ABC", true),
            one(LineKind::Text, "", ": none", true),
            one(LineKind::Text, "", "note", true),
        ];
        assert_eq!(lines(plain), expected);
        assert_eq!(lines("pw\r\nURL: x\r\n")[1], one(LineKind::Field, "URL", "x", false));
        assert!(lines("").is_empty());
    }

    #[test]
    fn an_address_with_a_password_in_it_is_secret() {
        let secret = |value: &str| lines(&format!("pw\nurl: {value}\n"))[1].3;
        assert!(secret("https://bob:hunter2@example.test/") && secret("git+ssh://token@example.test"));
        assert!(!secret("https://example.test/@bob") && !secret("bob@example.test"));
    }

    #[test]
    fn one_line_changes_and_nothing_else() {
        let before = text("old\r\nuser: a\r\n---\n a:   [1,\t2]\nuser: b\n\n\u{1b} end");
        let changed = before.with_password(&secret("new")).expect("fits");
        assert_eq!(shown(&changed), "new\r\nuser: a\r\n---\n a:   [1,\t2]\nuser: b\n\n\u{1b} end");
        let changed = before.with_field(b"user", &secret("c")).expect("fits");
        assert_eq!(shown(&changed), "old\r\nuser: c\r\n---\n a:   [1,\t2]\nuser: b\n\n\u{1b} end");
        let changed = before.with_field(b"pin", &secret("1")).expect("fits");
        assert_eq!(shown(&changed), "old\r\nuser: a\r\n---\n a:   [1,\t2]\nuser: b\n\n\u{1b} end\npin: 1\n");
    }

    #[test]
    fn the_first_line_stays_the_passwords() {
        assert_eq!(shown(&text("").with_field(b"k", &secret("v")).expect("fits")), "\nk: v\n");
        assert_eq!(shown(&text("pw").with_field(b"k", &secret("v")).expect("fits")), "pw\nk: v\n");
        assert_eq!(shown(&text("").with_password(&secret("pw")).expect("fits")), "pw\n");
        assert_eq!(shown(&text("\nuser: x").with_password(&secret("pw")).expect("fits")), "pw\nuser: x");
    }

    #[test]
    fn the_old_format_keeps_its_password_in_a_header() {
        let old = text("GOPASS-SECRET-1.0\nPassword: pw\nUser: bob\n\nbody: text\nPassword: no\n");
        assert!(old.password().is_some_and(|password| password.same_as(&secret("pw"))));
        assert_eq!(
            shown(&old.with_password(&secret("new")).expect("fits")),
            "GOPASS-SECRET-1.0\nPassword: new\nUser: bob\n\nbody: text\nPassword: no\n"
        );
        assert_eq!(
            shown(&old.with_field(b"Pin", &secret("1")).expect("fits")),
            "GOPASS-SECRET-1.0\nPassword: pw\nUser: bob\nPin: 1\n\nbody: text\nPassword: no\n"
        );
        let bare = text("GOPASS-SECRET-1.0").with_password(&secret("x")).expect("fits");
        assert_eq!(shown(&bare), "GOPASS-SECRET-1.0\nPassword: x\n");
    }

    #[test]
    fn a_line_end_that_an_editor_added_is_taken_off_once() {
        let left = |before: &str, after: &str| {
            let left = without_added_end(&secret(before), secret(after));
            String::from_utf8(left.expose().to_vec()).expect("text")
        };
        for (before, after, expected) in [
            ("old", "new\n", "new"),
            ("old", "new\r\n", "new"),
            ("old", "new", "new"),
            ("old", "new\n\n", "new\n"),
            ("old", "new\nmore\n", "new\nmore"),
            ("old\r", "old\r\n", "old\r"),
            ("", "new\n", "new"),
            ("old\n", "new\n", "new\n"),
            ("old\nmore", "new\nmore\n", "new\nmore\n"),
        ] {
            assert_eq!(left(before, after), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_whole_secret_is_not_torn() {
        let torn = |before: &str, after: &str| torn(&secret(before), &secret(after));
        for (before, after) in
            [("old", "new"), ("old\n", "new\n"), ("old\n", "new"), ("{\n}", "\n{\n\n}\n"), ("", "new")]
        {
            assert_eq!(torn(before, after), None, "{before:?} {after:?}");
        }
        for (before, after) in
            [("old", "\nold"), ("old", "old\n"), ("old", "old\r\n"), ("old\n", "\nold"), ("", "new\n")]
        {
            assert_eq!(torn(before, after), Some(Torn::Ends), "{before:?} {after:?}");
        }
        assert_eq!(torn("old\n", "old\nuser: a\nx"), Some(Torn::Lines(3)));
    }

    #[test]
    fn what_would_break_lines_is_refused() {
        let before = text("pw\nuser: a\n");
        for bad in ["a\nb", "a\r"] {
            assert_eq!(before.with_password(&secret(bad)).err(), Some(EntryTextError::LineEnd));
            assert_eq!(before.with_field(b"user", &secret(bad)).err(), Some(EntryTextError::LineEnd));
        }
        for bad in [&b""[..], b" k", b"k ", b"a: b", b"a\nb"] {
            assert_eq!(before.with_field(bad, &secret("v")).err(), Some(EntryTextError::Key), "{bad:?}");
        }
    }

    #[test]
    fn the_table_is_lower_case_and_sorted() {
        assert!(HARMLESS_KEYS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(HARMLESS_KEYS.iter().all(|key| *key == key.to_lowercase()));
    }

    proptest! {
        #[test]
        fn a_value_written_is_the_value_read(before in "[a: \\n\\r-]{0,30}", value in "[a: ]{0,5}") {
            let (value, before) = (secret(&value), text(&before));
            let after = before.with_field(b"key", &value).expect("fits");
            prop_assert!(after.value(after.field(b"key").expect("there")).same_as(&value));
            let after = before.with_password(&value).expect("fits");
            // A text of no bytes has no lines.
            prop_assert!(after.password().unwrap_or_default().same_as(&value));
        }
    }
}
