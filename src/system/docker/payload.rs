//! The JSON of a `store` call, read as Go's `encoding/json` reads it into its `Credentials` struct: what is accepted,
//! what is ignored and every error text are the official helper's (Go 1.26, `scanner.go`, `decode.go`, `stream.go`).
//! One pass checks the syntax and notes where the fields are; nothing is copied before the whole document is sound, and
//! the secret is copied once. For `protocol.rs` and the helper.

use std::ops::Range;

use super::document::is_named;
use super::protocol::InputError;
use crate::model::{Credential, Login, RegistryKey, Secret};

/// `maxNestingDepth` in Go's `scanner.go`.
const DEPTH_MAX: usize = 10_000;

/// The struct's fields, in the order of its declaration.
const FIELDS: [&str; 3] = ["ServerURL", "Username", "Secret"];

/// Go's error texts. A syntax error repeats one character of the input at most.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("EOF")]
    Blank,
    #[error("unexpected EOF")]
    Truncated,
    #[error("invalid character {} {context}", quoted_byte(*.byte))]
    Syntax { byte: u8, context: &'static str },
    #[error("invalid character {} in literal {word} (expecting '{want}')", quoted_byte(*.byte))]
    Word { byte: u8, word: &'static str, want: char },
    #[error("json: cannot unmarshal {} into Go struct field Credentials.{field} of type string", .kind.as_str())]
    FieldType { kind: Kind, field: &'static str },
    #[error("json: cannot unmarshal {} into Go value of type credentials.Credentials", .kind.as_str())]
    DocumentType { kind: Kind },
}

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Number => "number",
            Kind::Text => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        }
    }
}

/// The credential in a `store` call. Field names match in any case, the last one wins, unknown ones and everything
/// after the document are ignored; a missing secret is an empty one.
pub fn credential(json: &Secret) -> Result<(RegistryKey, Credential), InputError> {
    let [server, user, secret] = texts(json)?;
    if server.is_empty() {
        return Err(InputError::NoServer);
    }
    if user.is_empty() {
        return Err(InputError::NoUser);
    }
    Ok((RegistryKey::new(server.expose()), Credential::new(login(&user), secret)))
}

/// The credential in another helper's answer to `get`, as Docker takes it: the server is not looked at, and without a user
/// there is none (docker/cli `native_store.go`).
pub fn answer(json: &Secret) -> Result<Option<Credential>, InputError> {
    let [_, user, secret] = texts(json)?;
    Ok((!user.is_empty()).then(|| Credential::new(login(&user), secret)))
}

/// Unquoted text is UTF-8: every invalid byte became U+FFFD.
fn login(user: &Secret) -> Login {
    Login::new(String::from_utf8_lossy(user.expose()).into_owned())
}

/// The three fields; one that is not there is empty.
fn texts(json: &Secret) -> Result<[Secret; 3], InputError> {
    let json = json.expose();
    let mut fields = Fields::default();
    let kind = Scanner { json, at: 0, open: Vec::new() }.document(&mut fields)?;
    match kind {
        Kind::Object | Kind::Null => {}
        kind => return Err(JsonError::DocumentType { kind }.into()),
    }
    if let Some(error) = fields.error {
        return Err(error.into());
    }
    Ok(fields.texts.map(|range| range.map(|range| unquoted(&json[range])).unwrap_or_default()))
}

/// Where the struct's fields are in the document, and the first wrong type among them.
#[derive(Default)]
struct Fields {
    /// With their quotes.
    texts: [Option<Range<usize>>; 3],
    error: Option<JsonError>,
}

impl Fields {
    fn see(&mut self, key: &[u8], kind: Kind, value: Range<usize>) {
        let Some(index) = FIELDS.iter().position(|field| names(key, field)) else { return };
        match kind {
            Kind::Text => self.texts[index] = Some(value),
            // Go leaves a string as it was when it meets null.
            Kind::Null => {}
            kind => {
                self.error.get_or_insert(JsonError::FieldType { kind, field: FIELDS[index] });
            }
        }
    }
}

/// True when a quoted key means the field.
fn names(quoted: &[u8], field: &str) -> bool {
    // A key that can match is short, even when every character is written as an escape.
    if quoted.len() > 6 * field.len() + 2 {
        return false;
    }
    let key = unquoted(quoted);
    let Ok(key) = std::str::from_utf8(key.expose()) else { return false };
    is_named(key, field)
}

/// Walks one JSON value. An error names the byte that Go's state machine would have stopped at.
struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
    /// The opening brackets that are not closed yet.
    open: Vec<u8>,
}

impl Scanner<'_> {
    /// The first value of the document; what follows it is not looked at.
    fn document(&mut self, fields: &mut Fields) -> Result<Kind, JsonError> {
        let mut top = None;
        // The member of the outermost object that is being read: its key, its kind, where its value starts.
        let mut member: Option<(Range<usize>, Kind, usize)> = None;
        let mut key = None;
        loop {
            let first = self.peek_beyond_space()?;
            let start = self.at;
            let kind = self.begin_value(first)?;
            top.get_or_insert(kind);
            if let Some(key) = key.take() {
                member = Some((key, kind, start));
            }
            let mut ended = match kind {
                Kind::Object | Kind::Array => self.peek_beyond_space()? == closing(first),
                _ => true,
            };
            if ended && matches!(kind, Kind::Object | Kind::Array) {
                self.close();
            } else if kind == Kind::Object {
                key = self.member_key()?;
            }
            while ended {
                if self.open.len() == 1
                    && let Some((key, kind, start)) = member.take()
                {
                    fields.see(&self.json[key], kind, start..self.at);
                }
                let Some(bracket) = self.open.last().copied() else { return Ok(top.unwrap_or(kind)) };
                match self.peek_beyond_space()? {
                    byte if byte == closing(bracket) => self.close(),
                    b',' => {
                        self.at += 1;
                        ended = false;
                        if bracket == b'{' {
                            key = self.member_key()?;
                        }
                    }
                    byte => {
                        let object = bracket == b'{';
                        let context = if object { "after object key:value pair" } else { "after array element" };
                        return Err(JsonError::Syntax { byte, context });
                    }
                }
            }
        }
    }

    /// Reads a scalar to its end, or the opening bracket of an array or object.
    fn begin_value(&mut self, first: u8) -> Result<Kind, JsonError> {
        match first {
            b'{' | b'[' => {
                self.open.push(first);
                if self.open.len() > DEPTH_MAX {
                    return Err(JsonError::Syntax { byte: first, context: "exceeded max depth" });
                }
                self.at += 1;
                Ok(if first == b'{' { Kind::Object } else { Kind::Array })
            }
            b'"' => self.text().map(|_| Kind::Text),
            b'-' | b'0'..=b'9' => self.number().map(|()| Kind::Number),
            b't' => self.word("true").map(|()| Kind::Bool),
            b'f' => self.word("false").map(|()| Kind::Bool),
            b'n' => self.word("null").map(|()| Kind::Null),
            byte => Err(JsonError::Syntax { byte, context: "looking for beginning of value" }),
        }
    }

    fn close(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    /// A key and its colon. The key's range is answered for members of the outermost object only.
    fn member_key(&mut self) -> Result<Option<Range<usize>>, JsonError> {
        match self.peek_beyond_space()? {
            b'"' => {}
            byte => return Err(JsonError::Syntax { byte, context: "looking for beginning of object key string" }),
        }
        let key = self.text()?;
        match self.peek_beyond_space()? {
            b':' => self.at += 1,
            byte => return Err(JsonError::Syntax { byte, context: "after object key" }),
        }
        Ok((self.open.len() == 1).then_some(key))
    }

    /// A string from its opening quote; the range with both quotes.
    fn text(&mut self) -> Result<Range<usize>, JsonError> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.next()? {
                b'"' => return Ok(start..self.at),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.next()?;
                            if !byte.is_ascii_hexdigit() {
                                return Err(JsonError::Syntax { byte, context: "in \\u hexadecimal character escape" });
                            }
                        }
                    }
                    byte => return Err(JsonError::Syntax { byte, context: "in string escape code" }),
                },
                byte @ ..0x20 => return Err(JsonError::Syntax { byte, context: "in string literal" }),
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let mut first = self.next()?;
        if first == b'-' {
            first = self.digit("in numeric literal")?;
        }
        if first != b'0' {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, context: &'static str) -> Result<u8, JsonError> {
        match self.next()? {
            byte @ b'0'..=b'9' => Ok(byte),
            byte => Err(JsonError::Syntax { byte, context }),
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// `true`, `false` or `null`, of which the first letter was seen.
    fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        self.at += 1;
        for want in word.chars().skip(1) {
            let byte = self.next()?;
            if char::from(byte) != want {
                return Err(JsonError::Word { byte, word, want });
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, JsonError> {
        let byte = self.peek().ok_or_else(|| self.end())?;
        self.at += 1;
        Ok(byte)
    }

    fn peek_beyond_space(&mut self) -> Result<u8, JsonError> {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        self.peek().ok_or_else(|| self.end())
    }

    /// What Go's `Decoder` calls the end of its input.
    fn end(&self) -> JsonError {
        if self.json.iter().copied().all(is_space) { JsonError::Blank } else { JsonError::Truncated }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn closing(bracket: u8) -> u8 {
    if bracket == b'{' { b'}' } else { b']' }
}

/// The text of a string whose syntax was checked, quotes included in `quoted`. Invalid bytes and lone surrogates become
/// U+FFFD, one each (Go's `unquoteBytes`).
fn unquoted(quoted: &[u8]) -> Secret {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    // Text never grows except where invalid bytes are replaced; then `push` moves it and wipes the old place.
    let mut text = Secret::with_capacity(inner.len());
    for chunk in inner.utf8_chunks() {
        unescape(chunk.valid().as_bytes(), &mut text);
        for _ in chunk.invalid() {
            text.push("\u{fffd}".as_bytes());
        }
    }
    text
}

fn unescape(bytes: &[u8], text: &mut Secret) {
    let mut at = 0;
    while at < bytes.len() {
        let plain = bytes[at..].iter().position(|byte| *byte == b'\\').unwrap_or(bytes.len() - at);
        text.push(&bytes[at..at + plain]);
        at += plain;
        let Some(code) = bytes.get(at + 1) else { break };
        at += 2;
        match code {
            b'b' => text.push(b"\x08"),
            b'f' => text.push(b"\x0c"),
            b'n' => text.push(b"\n"),
            b'r' => text.push(b"\r"),
            b't' => text.push(b"\t"),
            b'u' => {
                let high = utf16_unit(bytes.get(at..at + 4));
                at += 4;
                let low = if bytes.get(at..at + 2) == Some(b"\\u") { utf16_unit(bytes.get(at + 2..at + 6)) } else { 0 };
                let (character, pair) = from_utf16(high, low);
                at += if pair { 6 } else { 0 };
                text.push(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            literal => text.push(&[*literal]),
        }
    }
}

fn utf16_unit(digits: Option<&[u8]>) -> u16 {
    let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default();
    u16::from_str_radix(digits, 16).unwrap_or_default()
}

/// The character of one unit, or of a surrogate pair (then true); a lone surrogate is U+FFFD.
fn from_utf16(high: u16, low: u16) -> (char, bool) {
    if let Some(character) = char::from_u32(u32::from(high)) {
        return (character, false);
    }
    match char::decode_utf16([high, low]).next() {
        Some(Ok(character)) => (character, true),
        _ => (char::REPLACEMENT_CHARACTER, false),
    }
}

/// A byte as Go's `quoteChar` shows it: as the Latin-1 character of that number, escaped when it is not printable.
fn quoted_byte(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        0x07 => "'\\a'".to_owned(),
        0x08 => "'\\b'".to_owned(),
        0x0b => "'\\v'".to_owned(),
        0x0c => "'\\f'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        ..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        // C1 controls, no-break space, soft hyphen.
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(json: impl AsRef<[u8]>) -> Result<(String, String, Vec<u8>), String> {
        let json = Secret::new(json.as_ref().to_vec());
        match credential(&json) {
            Ok((server, found)) => {
                let login = found.login.as_str().to_owned();
                Ok((server.to_text().into_owned(), login, found.secret.expose().to_vec()))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn secret_of(json: impl AsRef<[u8]>) -> Vec<u8> {
        decode(json).expect("decodes").2
    }

    #[test]
    fn fields_match_in_any_case_and_the_last_wins() {
        let json = r#" {"serverurl":"h","USERNAME":"u","x":{"Secret":[1,{"a":null}]},"Secret":"a","ſECRET":"b"} rest"#;
        assert_eq!(decode(json), Ok(("h".into(), "u".into(), b"b".to_vec())));
        let json = r#"{"ServerURL":"h","Username":"u","Secret":"a","Secret":null}"#;
        assert_eq!(secret_of(json), b"a");
        let json = r#"{"\u0053erverURL":"h","\u0055\u0073\u0065\u0072\u006e\u0061\u006d\u0065":"u"}"#;
        assert_eq!(decode(json), Ok(("h".into(), "u".into(), Vec::new())));
    }

    #[test]
    fn strings_are_unquoted_as_go_does() {
        let wrap = |text: &[u8]| [br#"{"ServerURL":"h","Username":"u","Secret":""#, text, b"\"}"].concat();
        for (text, want) in [
            (&br#"\"\\\/\b\f\n\r\t"#[..], "\"\\/\u{8}\u{c}\n\r\t"),
            (br"\u00e9\ud83d\ude00", "é😀"),
            (br"\ud83d", "\u{fffd}"),
            (br"\ud83dx", "\u{fffd}x"),
            (br"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (br"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (br"\ud83d\u0041", "\u{fffd}A"),
            (br"\u0000", "\0"),
            (b"\xff\xe2\x82", "\u{fffd}\u{fffd}\u{fffd}"),
            ("é\u{7f}".as_bytes(), "é\u{7f}"),
        ] {
            assert_eq!(secret_of(wrap(text)), want.as_bytes(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn errors_have_go_s_words() {
        let invalid = |what: &str| Err(format!("invalid character {what}"));
        for (json, want) in [
            ("", Err("EOF".to_owned())),
            (" \t\r", Err("EOF".to_owned())),
            ("{", Err("unexpected EOF".to_owned())),
            (r#"{"ServerURL":"h""#, Err("unexpected EOF".to_owned())),
            ("nul", Err("unexpected EOF".to_owned())),
            ("1.", Err("unexpected EOF".to_owned())),
            ("-", Err("unexpected EOF".to_owned())),
            ("null", Err("no credentials server URL".to_owned())),
            ("nullx", Err("no credentials server URL".to_owned())),
            ("{}", Err("no credentials server URL".to_owned())),
            (r#"{"ServerURL":"h"}"#, Err("no credentials username".to_owned())),
            ("hello", invalid("'h' looking for beginning of value")),
            ("\u{feff}{}", invalid("'ï' looking for beginning of value")),
            ("'", invalid("'\\'' looking for beginning of value")),
            ("\u{7}", invalid("'\\a' looking for beginning of value")),
            ("\0", invalid("'\\x00' looking for beginning of value")),
            (r#"{"a":1,}"#, invalid("'}' looking for beginning of object key string")),
            ("{a", invalid("'a' looking for beginning of object key string")),
            (r#"{"a" 1"#, invalid("'1' after object key")),
            (r#"{"a":1 2"#, invalid("'2' after object key:value pair")),
            (r#"{"a":01"#, invalid("'1' after object key:value pair")),
            ("[1,]", invalid("']' looking for beginning of value")),
            ("[1 2", invalid("'2' after array element")),
            ("[1}", invalid("'}' after array element")),
            ("{\"a\":\"\t", invalid("'\\t' in string literal")),
            ("{\"a\":\"\r", invalid("'\\r' in string literal")),
            (r#"{"a":"\x"#, invalid("'x' in string escape code")),
            (r#"{"a":"\u00g"#, invalid("'g' in \\u hexadecimal character escape")),
            ("[-a", invalid("'a' in numeric literal")),
            ("[1.a", invalid("'a' after decimal point in numeric literal")),
            ("[1e+a", invalid("'a' in exponent of numeric literal")),
            ("trux", invalid("'x' in literal true (expecting 'e')")),
            ("falsx", invalid("'x' in literal false (expecting 'e')")),
            ("nux", invalid("'x' in literal null (expecting 'l')")),
        ] {
            assert_eq!(decode(json), want, "{json:?}");
        }
    }

    #[test]
    fn wrong_types_are_named_after_the_syntax_is_sound() {
        let of_field = |kind: &str, field: &str| {
            Err(format!("json: cannot unmarshal {kind} into Go struct field Credentials.{field} of type string"))
        };
        let of_document =
            |kind: &str| Err(format!("json: cannot unmarshal {kind} into Go value of type credentials.Credentials"));
        for (json, want) in [
            (r#"{"Username":1,"Secret":[]}"#, of_field("number", "Username")),
            (r#"{"secret":{"a":[1]},"Username":true}"#, of_field("object", "Secret")),
            (r#"{"ServerURL":[[]]}"#, of_field("array", "ServerURL")),
            (r#"{"ServerURL":false}"#, of_field("bool", "ServerURL")),
            ("[{}]", of_document("array")),
            (r#""x" y"#, of_document("string")),
            ("5x", of_document("number")),
            ("true", of_document("bool")),
            (r#"{"Username":1"#, Err("unexpected EOF".to_owned())),
        ] {
            assert_eq!(decode(json), want, "{json}");
        }
    }

    #[test]
    fn depth_is_bounded_where_go_bounds_it() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let wrap = |inner: String| format!(r#"{{"x":{inner},"ServerURL":"h","Username":"u"}}"#);
        assert!(decode(wrap(nested(DEPTH_MAX - 1))).is_ok());
        assert_eq!(decode(wrap(nested(DEPTH_MAX))), Err("invalid character '[' exceeded max depth".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn nothing_breaks_it(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = decode(bytes);
        }

        #[test]
        fn what_serde_json_accepts_is_read_alike(server in "\\PC+", user in "\\PC+", secret in "(?s).*") {
            let json = serde_json::json!({ "ServerURL": server, "Username": user, "Secret": secret }).to_string();
            proptest::prop_assert_eq!(decode(json), Ok((server, user, secret.into_bytes())));
        }
    }
}
