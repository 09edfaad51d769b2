//! Whose a key says it is. Foreign text: what is shown is escaped, what programs are given is not.

use std::fmt;
use std::ops::Deref;

use super::text;

/// A certificate's user id. Reads as its escaped form everywhere but in `raw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserId {
    raw: String,
    shown: String,
}

impl UserId {
    pub fn new(bytes: &[u8]) -> UserId {
        UserId { raw: String::from_utf8_lossy(bytes).into_owned(), shown: text::escaped(bytes).into_owned() }
    }

    /// As the certificate has it, for JSON: never for a terminal.
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

impl Deref for UserId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.shown
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_escaped_unless_asked_for_as_it_is() {
        let name = UserId::new("A\u{1b}[31m".as_bytes());
        assert_eq!((&*name, name.to_string().as_str(), name.raw()), ("A\\u{1b}[31m", "A\\u{1b}[31m", "A\u{1b}[31m"));
    }
}
