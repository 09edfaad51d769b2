//! The words of Docker's credential helper protocol, byte for byte (docker-credential-helpers v0.9.8,
//! `credentials/credentials.go`): which action is asked for, what arrives on stdin, how answers are written.
//! Pure functions on given readers; the JSON of a `store` call is read by `payload.rs`. For the helper frontend.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};

use zeroize::Zeroizing;

use crate::model::{Credential, Login, RegistryKey, Secret};

/// The name that release builds of the official helper print, whatever they were called as (its `Makefile`).
pub const NAME: &str = "docker-credential-pass";

/// Recognised by clients only as the whole of stdout, with exit code 1 (`credentials/error.go`).
pub const NOT_FOUND: &str = "credentials not found in native keychain";

/// The longest line, without its line feed: one less than `bufio.MaxScanTokenSize`.
pub const LINE_MAX: usize = 64 * 1024 - 1;

/// The most input read in all, in bytes. The official helper knows no limit; a login is a few thousand bytes.
pub const INPUT_MAX: usize = 8 << 20;

/// What the arguments ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// No action, or more than one: the usage line and exit code 1.
    Unclear,
    Help,
    Version,
    Call(Action),
    Unknown(&'a OsStr),
}

/// The actions that touch the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Get,
    Store,
    Erase,
    List,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Get => "get",
            Action::Store => "store",
            Action::Erase => "erase",
            Action::List => "list",
        }
    }
}

/// What is wrong with what a client sent. The texts are the official helper's own: clients compare or show them.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("bufio.Scanner: token too long")]
    LineTooLong,
    #[error("the input is larger than {INPUT_MAX} bytes")]
    TooLarge,
    #[error("cannot read the input: {0}")]
    Read(#[from] io::Error),
    #[error("no credentials server URL")]
    NoServer,
    #[error("no credentials username")]
    NoUser,
    #[error(transparent)]
    Json(#[from] super::payload::JsonError),
}

/// Understands `argv` without the program's own name. Exactly one argument is an action.
pub fn request(args: &[OsString]) -> Request<'_> {
    let [word] = args else { return Request::Unclear };
    match word.to_str() {
        Some("get") => Request::Call(Action::Get),
        Some("store") => Request::Call(Action::Store),
        Some("erase") => Request::Call(Action::Erase),
        Some("list") => Request::Call(Action::List),
        Some("version" | "--version" | "-v") => Request::Version,
        Some("--help" | "-h") => Request::Help,
        _ => Request::Unknown(word),
    }
}

/// Everything on stdin as Go's line scanner hands it over: lines joined with nothing between them, one carriage return
/// dropped from the end of each. Read to its end even when a line is too long, so that the client can finish writing.
pub fn read_joined(input: &mut dyn Read) -> Result<Secret, InputError> {
    let mut chunk = Zeroizing::new([0u8; 8192]);
    let mut joined = Secret::with_capacity(chunk.len());
    let (mut total, mut line) = (0usize, 0usize);
    let mut too_long = false;
    loop {
        let read = match input.read(&mut chunk[..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        total += read;
        if total > INPUT_MAX {
            return Err(if too_long { InputError::LineTooLong } else { InputError::TooLarge });
        }
        for part in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
            let content = part.strip_suffix(b"\n");
            line += content.unwrap_or(part).len();
            too_long |= line > LINE_MAX;
            if !too_long {
                joined.push(content.unwrap_or(part));
            }
            if content.is_some() {
                end_line(&mut joined, &mut line);
            }
        }
        if read == 0 {
            end_line(&mut joined, &mut line);
            return if too_long { Err(InputError::LineTooLong) } else { Ok(joined) };
        }
    }
}

fn end_line(joined: &mut Secret, line: &mut usize) {
    if *line > 0 && joined.expose().last() == Some(&b'\r') {
        joined.truncate(joined.len() - 1);
    }
    *line = 0;
}

/// The server of a `get` or `erase`: any bytes, Unicode white space trimmed at both ends.
pub fn server(joined: &Secret) -> Result<RegistryKey, InputError> {
    match trimmed(joined.expose()) {
        b"" => Err(InputError::NoServer),
        server => Ok(RegistryKey::new(server)),
    }
}

/// As Go's `strings.TrimSpace`: invalid bytes are not space.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let mut start = 0;
    let mut end = 0;
    let mut at = 0;
    let mut begun = false;
    for chunk in bytes.utf8_chunks() {
        for (offset, character) in chunk.valid().char_indices() {
            if !character.is_whitespace() {
                if !begun {
                    (begun, start) = (true, at + offset);
                }
                end = at + offset + character.len_utf8();
            }
        }
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            if !begun {
                (begun, start) = (true, at);
            }
            at += chunk.invalid().len();
            end = at;
        }
    }
    &bytes[start..end]
}

/// The answer to `get`, with its line feed.
pub fn credential_answer(server: &RegistryKey, credential: &Credential) -> Secret {
    let secret = credential.secret.expose();
    // Room for every byte as a six-character escape would waste memory; a buffer that grows is wiped (`Secret::push`).
    let mut answer = Secret::with_capacity(128 + server.as_bytes().len() + 2 * secret.len());
    answer.push(b"{\"ServerURL\":");
    push_string(&mut answer, server.as_bytes());
    answer.push(b",\"Username\":");
    push_string(&mut answer, credential.login.as_str().as_bytes());
    answer.push(b",\"Secret\":");
    push_string(&mut answer, secret);
    answer.push(b"}\n");
    answer
}

/// The answer to `list`, with its line feed: one object, servers ordered bytewise.
pub fn list_answer(logins: &[(RegistryKey, Login)]) -> Secret {
    let mut sorted: Vec<&(RegistryKey, Login)> = logins.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut answer = Secret::with_capacity(64 + 64 * sorted.len());
    answer.push(b"{");
    for (index, (server, login)) in sorted.into_iter().enumerate() {
        if index > 0 {
            answer.push(b",");
        }
        push_string(&mut answer, server.as_bytes());
        answer.push(b":");
        push_string(&mut answer, login.as_str().as_bytes());
    }
    answer.push(b"}\n");
    answer
}

/// A JSON string as Go's `encoding/json` writes it with HTML escaping on (`appendString` in its `encode.go`).
fn push_string(answer: &mut Secret, bytes: &[u8]) {
    answer.push(b"\"");
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        let mut plain = 0;
        for (at, character) in valid.char_indices() {
            if let Some(escape) = escape(character) {
                answer.push(&valid.as_bytes()[plain..at]);
                answer.push(escape.as_bytes());
                plain = at + character.len_utf8();
            }
        }
        answer.push(&valid.as_bytes()[plain..]);
        for _ in chunk.invalid() {
            answer.push(b"\\ufffd");
        }
    }
    answer.push(b"\"");
}

fn escape(character: char) -> Option<Cow<'static, str>> {
    Some(match character {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\u{8}' => "\\b".into(),
        '\u{c}' => "\\f".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            format!("\\u{:04x}", u32::from(character)).into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(input: impl AsRef<[u8]>) -> Vec<u8> {
        read_joined(&mut input.as_ref()).expect("reads").expose().to_vec()
    }

    /// Hands out one byte a call: no rule may depend on where a read ends.
    struct Dripping<'a>(&'a [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(1).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn lines_are_joined_as_go_does() {
        for (input, want) in [
            ("a\nb\nc", "abc"),
            ("a\r\nb\r\nc\r\n", "abc"),
            ("a\rb", "a\rb"),
            ("a\r\r\nb", "a\rb"),
            ("a\r", "a"),
            ("\r\n\r\n", ""),
            ("a\n\rb", "a\rb"),
            ("a\n\r\n", "a"),
            ("", ""),
        ] {
            assert_eq!(joined(input), want.as_bytes(), "{input:?}");
            let dripped = read_joined(&mut Dripping(input.as_bytes())).expect("reads");
            assert_eq!(dripped.expose(), want.as_bytes(), "{input:?} byte by byte");
        }
    }

    #[test]
    fn the_longest_line_is_go_s() {
        let line = |len: usize| vec![b'a'; len];
        assert_eq!(joined(line(LINE_MAX)).len(), LINE_MAX);
        assert_eq!(
            joined([line(LINE_MAX), b"\n".to_vec(), line(LINE_MAX), b"\n".to_vec()].concat()).len(),
            2 * LINE_MAX
        );
        for input in [
            line(LINE_MAX + 1),
            [line(LINE_MAX + 1), b"\nb".to_vec()].concat(),
            [line(LINE_MAX), b"\r\n".to_vec()].concat(),
        ] {
            assert!(matches!(read_joined(&mut &input[..]), Err(InputError::LineTooLong)), "{}", input.len());
        }
    }

    #[test]
    fn endless_input_ends() {
        let mut endless = io::repeat(b'\n');
        assert!(matches!(read_joined(&mut endless), Err(InputError::TooLarge)));
        assert!(matches!(read_joined(&mut io::repeat(b'a')), Err(InputError::LineTooLong)));
    }

    #[test]
    fn unicode_space_is_trimmed_and_nothing_else() {
        for (input, want) in [
            (" \t\u{b}\u{c}\u{85}\u{a0}\u{2003}\u{2028}h\u{3000} ", "h"),
            ("\u{feff}h\u{200b}", "\u{feff}h\u{200b}"),
            ("\0h\x1c", "\0h\x1c"),
            (" a b ", "a b"),
            (" \u{2003} ", ""),
        ] {
            assert_eq!(trimmed(input.as_bytes()), want.as_bytes(), "{input:?}");
        }
        assert_eq!(trimmed(b" \x85h\xa0 "), b"\x85h\xa0");
        assert_eq!(trimmed(b"\xe2\x80 "), b"\xe2\x80");
    }

    #[test]
    fn answers_are_escaped_as_go_does() {
        let mut answer = Secret::default();
        push_string(&mut answer, "a/<&>\"\\\u{8}\u{c}\n\r\t\u{1}\u{7f}\u{2028}\u{2029}\u{feff}é😀".as_bytes());
        let want = "\"a/\\u003c\\u0026\\u003e\\\"\\\\\\b\\f\\n\\r\\t\\u0001\u{7f}\\u2028\\u2029\u{feff}é😀\"";
        assert_eq!(answer.expose(), want.as_bytes());
        let mut answer = Secret::default();
        push_string(&mut answer, b"\xff\xe2\x82A\xef\xbf\xbd");
        assert_eq!(answer.expose(), "\"\\ufffd\\ufffd\\ufffdA\u{fffd}\"".as_bytes());
    }

    #[test]
    fn lists_are_ordered_bytewise() {
        let logins: Vec<_> = ["é", "alpha", "a.b", "Beta", "9", "10"]
            .map(|server| (RegistryKey::new(server), Login::new("u")))
            .into_iter()
            .collect();
        let want = r#"{"10":"u","9":"u","Beta":"u","a.b":"u","alpha":"u","é":"u"}"#;
        assert_eq!(list_answer(&logins).expose(), format!("{want}\n").as_bytes());
        assert_eq!(list_answer(&[]).expose(), b"{}\n");
    }
}
