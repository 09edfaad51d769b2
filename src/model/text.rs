//! Foreign text made safe for a terminal: names, user names, server answers and file contents may hold escape
//! sequences, bidirectional overrides or bytes that are not UTF-8. Every message and every cell goes through here.

use std::borrow::Cow;

/// The text with control characters, bidirectional and invisible formatting characters, and invalid bytes replaced by
/// visible escapes (`\n`, `\u{1b}`, `\xff`). Unchanged text is borrowed.
pub fn escaped(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(is_unsafe)
    {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut safe, character);
        }
        for byte in chunk.invalid() {
            safe.push_str(&format!("\\x{byte:02x}"));
        }
    }
    Cow::Owned(safe)
}

/// `escaped`, at most `QUOTED_MAX` characters long.
pub fn bounded(bytes: impl AsRef<[u8]>) -> String {
    let text = escaped(bytes.as_ref());
    if text.chars().nth(QUOTED_MAX).is_none() {
        return text.into_owned();
    }
    text.chars().take(QUOTED_MAX - 1).chain(['…']).collect()
}

/// `bounded` between double quotes: how messages name a thing.
pub fn quoted(bytes: impl AsRef<[u8]>) -> String {
    format!("\"{}\"", bounded(bytes))
}

/// A path between double quotes, escaped.
pub fn quoted_path(path: &std::path::Path) -> String {
    quoted(path.as_os_str().as_encoded_bytes())
}

/// A path as one word of a POSIX shell, safe for a terminal. No program takes it for an option: a path means the same with
/// `./` before it, and so does an entry's name.
pub fn shell_word(path: &std::path::Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let mut text = escaped(bytes);
    if bytes.starts_with(b"-") {
        text.to_mut().insert_str(0, "./");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The longest foreign text a message repeats, in characters: enough for any path, too short to flood a screen.
pub const QUOTED_MAX: usize = 400;

fn push_escaped(safe: &mut String, character: char) {
    match character {
        '\n' => safe.push_str("\\n"),
        '\r' => safe.push_str("\\r"),
        '\t' => safe.push_str("\\t"),
        _ if is_unsafe(character) => safe.push_str(&character.escape_unicode().to_string()),
        _ => safe.push(character),
    }
}

/// Control characters (Cc), line and paragraph separators, and the formatting characters that reorder or hide text
/// (Unicode Technical Report 36, section 2: bidirectional overrides, zero width, tags).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(escaped("registry.example.test:5000/é".as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_that_moves_a_terminal_survives() {
        let hostile = b"a\x1b]0;title\x07b\x9bc\xffd\n\xe2\x80\xaee";
        let safe = escaped(hostile);
        assert!(!safe.chars().any(is_unsafe), "{safe}");
        assert!(safe.contains("\\u{1b}") && safe.contains("\\xff") && safe.contains("\\n"), "{safe}");
    }

    #[test]
    fn paths_become_shell_words() {
        let word = |path: &str| shell_word(std::path::Path::new(path));
        assert_eq!(word("/a/b-c.d"), "/a/b-c.d");
        assert_eq!(word("/a b/it's"), "'/a b/it'\\''s'");
        assert_eq!(word("-rf"), "./-rf");
    }

    #[test]
    fn quotes_are_bounded() {
        assert_eq!(quoted("x".repeat(10_000)).chars().count(), QUOTED_MAX + 2);
        assert_eq!(bounded("x".repeat(QUOTED_MAX)), "x".repeat(QUOTED_MAX));
        assert_eq!(bounded("é".repeat(QUOTED_MAX + 1)).chars().count(), QUOTED_MAX);
    }
}
