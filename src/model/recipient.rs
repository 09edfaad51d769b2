//! Who may read: the lines of a `.gpg-id` file. Only their text; which key a line means is `system/keyring`.

/// One recipient as a `.gpg-id` line or `$PASSWORD_STORE_KEY` names it: fingerprint, key id, e-mail, part of a name, or
/// a gpg group. Never empty, never with surrounding blanks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recipient(String);

impl Recipient {
    /// None for blank text.
    pub fn new(text: &str) -> Option<Recipient> {
        let text = text.trim();
        (!text.is_empty()).then(|| Recipient(text.to_owned()))
    }

    /// The text as written, with its `!` if it has one.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when the line asks for exactly this (sub)key (`KEYID!`, GnuPG manual "How to Specify a User Id").
    pub fn is_exact(&self) -> bool {
        self.0.ends_with('!')
    }

    /// The hexadecimal digits in upper case, without `0x`, blanks and `!`, when the text is a key id (8 or 16) or a
    /// fingerprint (32, 40 or 64); else None. Only a fingerprint of 40 digits may have blanks between them, as gpg
    /// prints it: two ids on one line are not one id.
    pub fn hex(&self) -> Option<String> {
        let text = self.0.trim_end_matches('!');
        let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let digits: String = text.chars().filter(|character| *character != ' ').collect();
        let blanks = digits.len() < text.len();
        let fits = (digits.len() == 40 || !blanks && matches!(digits.len(), 8 | 16 | 32 | 64))
            && digits.chars().all(|c| c.is_ascii_hexdigit());
        fits.then(|| digits.to_ascii_uppercase())
    }
}

/// Why a recipients file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// pass 1.7.4 fails (`set_gpg_recipients` finds none), gopass 1.16.1 encrypts to every usable key of the keyring.
    #[error("it names no recipient")]
    Empty,
    #[error("line {line} is not UTF-8 text")]
    NotText { line: usize },
    #[error("line {line} is git's mark of a conflict: both sides of a merge changed it")]
    Conflict { line: usize },
}

/// How the lines begin that git puts around the two sides of a conflict (git-merge(1), "How conflicts are presented").
const CONFLICT_MARKS: [&[u8]; 3] = [b"<<<<<<< ", b"||||||| ", b">>>>>>> "];

/// The content of a `.gpg-id` file, read as the better of pass (1.7.4, `set_gpg_recipients`) and gopass
/// (`internal/recipients/recipients.go`) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpgIdFile {
    /// In file order, each once; never empty.
    pub recipients: Vec<Recipient>,
    /// The last line has no newline: pass 1.7.4 silently drops it, regpass does not.
    pub unterminated: bool,
}

impl GpgIdFile {
    /// Reads the lines: `#` starts a comment, blanks (and the CR of CRLF) around an id do not count, blank lines are skipped.
    pub fn parse(bytes: &[u8]) -> Result<GpgIdFile, RecipientError> {
        let mut recipients: Vec<Recipient> = Vec::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if CONFLICT_MARKS.iter().any(|mark| line.starts_with(mark)) {
                return Err(RecipientError::Conflict { line: index + 1 });
            }
            let line = line.split(|byte| *byte == b'#').next().unwrap_or_default();
            let text = std::str::from_utf8(line).map_err(|_| RecipientError::NotText { line: index + 1 })?;
            if let Some(recipient) = Recipient::new(text.trim_start_matches('\u{feff}'))
                && !recipients.contains(&recipient)
            {
                recipients.push(recipient);
            }
        }
        if recipients.is_empty() {
            return Err(RecipientError::Empty);
        }
        Ok(GpgIdFile { recipients, unterminated: !bytes.ends_with(b"\n") })
    }

    /// The file without the lines of the recipients that `drop` names, and with `add` at its end. Comments, order and
    /// other lines stay as they are; the last one gets the line end that pass needs.
    pub fn edited(bytes: &[u8], drop: impl Fn(&Recipient) -> bool, add: &[Recipient]) -> Vec<u8> {
        let mut edited = Vec::with_capacity(bytes.len() + 64 * add.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = line.split(|byte| *byte == b'#').next().and_then(|text| std::str::from_utf8(text).ok());
            let recipient = text.and_then(|text| Recipient::new(text.trim_start_matches('\u{feff}')));
            if !recipient.is_some_and(|recipient| drop(&recipient)) {
                edited.extend_from_slice(line);
            }
        }
        if !edited.is_empty() && !edited.ends_with(b"\n") {
            edited.push(b'\n');
        }
        for recipient in add {
            edited.extend_from_slice(recipient.as_str().as_bytes());
            edited.push(b'\n');
        }
        edited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        GpgIdFile::parse(text.as_bytes())
            .map(|file| file.recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect())
            .unwrap_or_default()
    }

    #[test]
    fn reads_what_pass_and_gopass_read() {
        assert_eq!(ids("AAAA\nBBBB"), ["AAAA", "BBBB"]);
        assert_eq!(ids("AAAA\r\nBBBB\r\n"), ["AAAA", "BBBB"]);
        assert_eq!(ids("  AAAA # note\n\n\t#only a comment\nBBBB#x\nAAAA\n"), ["AAAA", "BBBB"]);
        assert_eq!(ids("Alice Example <alice@example.test>\n"), ["Alice Example <alice@example.test>"]);
    }

    #[test]
    fn an_empty_file_is_an_error_not_everyone() {
        for text in ["", "\n\n", "# nobody\n", " \t\r\n"] {
            assert_eq!(GpgIdFile::parse(text.as_bytes()), Err(RecipientError::Empty), "{text:?}");
        }
        assert_eq!(GpgIdFile::parse(b"AAAA\n\xff\n"), Err(RecipientError::NotText { line: 2 }));
    }

    #[test]
    fn both_sides_of_a_merge_are_nobody_s_recipients() {
        for (text, line) in [
            ("AAAA\n<<<<<<< HEAD\nBBBB\n=======\nCCCC\n>>>>>>> refs/remotes/origin/main\n", 2),
            ("AAAA\n>>>>>>> x # y\n", 2),
            ("||||||| base\nAAAA\n", 1),
        ] {
            assert_eq!(GpgIdFile::parse(text.as_bytes()), Err(RecipientError::Conflict { line }), "{text}");
        }
        assert_eq!(ids("Alice <<<<<<<\n"), ["Alice <<<<<<<"]);
    }

    #[test]
    fn an_edit_keeps_everything_else() {
        let edit = |text: &str, gone: &str, new: &[&str]| {
            let new: Vec<Recipient> = new.iter().filter_map(|text| Recipient::new(text)).collect();
            let edited = GpgIdFile::edited(text.as_bytes(), |recipient| recipient.as_str() == gone, &new);
            String::from_utf8(edited).expect("text")
        };
        assert_eq!(edit("# team\n\nAAAA # a\nBBBB#b", "", &["CCCC"]), "# team\n\nAAAA # a\nBBBB#b\nCCCC\n");
        assert_eq!(edit("# AAAA\n AAAA # gone\r\nBBBB\nAAAA", "AAAA", &[]), "# AAAA\nBBBB\n");
        assert_eq!(edit("", "", &["CCCC", "DDDD"]), "CCCC\nDDDD\n");
    }

    #[test]
    fn tells_hex_ids_from_names() {
        let hex = |text: &str| Recipient::new(text).and_then(|recipient| recipient.hex());
        assert_eq!(hex("0xdeadbeefdeadbeef!").as_deref(), Some("DEADBEEFDEADBEEF"));
        assert_eq!(hex("AAAA BBBB CCCC DDDD EEEE  FFFF 0000 1111 2222 3333").map(|h| h.len()), Some(40));
        assert_eq!(hex("alice@example.test"), None);
        assert_eq!(hex("deadbee"), None);
        assert_eq!(hex("deadbeef deadbeef"), None);
    }
}
