//! Foreign words that may repeat a secret which this program handed out: a server's answer, another helper's complaint. Whether
//! they hold a piece of it is looked for before they are cut, in the forms in which programs write texts down. Called by the
//! rooms that hand secrets out.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::model::{Credential, Secret, text};

/// So many bytes in a row that are also in the secret are a part of it.
const RUN: usize = 12;

/// The most characters that one byte is written with: `\u0026`.
const ESCAPE: usize = 6;

/// What no text that is shown may hold.
#[derive(Debug, Default)]
pub struct Mask {
    hidden: Vec<Secret>,
}

impl Mask {
    pub fn of(credential: &Credential) -> Mask {
        let mut mask = Mask::default();
        mask.add(&credential.secret);
        let mut both = Secret::with_capacity(credential.login.as_str().len() + 1 + credential.secret.len());
        both.push(credential.login.as_str().as_bytes());
        both.push(b":");
        both.push(credential.secret.expose());
        mask.add(&Secret::new(STANDARD.encode(both.expose()).into_bytes()));
        mask
    }

    /// A token that was handed out on the way is a secret too.
    pub fn add(&mut self, secret: &Secret) {
        if !secret.is_empty() {
            self.hidden.push(secret.part(0..secret.len()));
            let encoded = percent_encoded(secret);
            if !encoded.same_as(secret) {
                self.hidden.push(encoded);
            }
        }
    }

    /// Whether the text holds a secret, or a run of one, in whatever case, as it is or as JSON writes it.
    fn hides(&self, text: &[u8]) -> bool {
        let plain = unescaped(text);
        let forms = [text, plain.expose()].map(|form| Zeroizing::new(form.to_ascii_lowercase()));
        self.hidden.iter().any(|hidden| forms.iter().any(|form| repeats(form, hidden)))
    }

    /// Escaped and bounded, or a remark in its place. Takes time with what is shown, however long the words are.
    pub fn shown(&self, words: &str, most: usize) -> String {
        // As far as a run can reach that begins in what is shown.
        let near = Zeroizing::new(words.chars().take(most + RUN * ESCAPE).collect::<String>());
        if self.hides(near.as_bytes()) {
            return "(not shown: it repeats the secret)".to_owned();
        }
        let mut cut: String = near.chars().take(most).collect();
        if cut.len() < words.len() {
            cut.push('…');
        }
        text::escaped(cut.as_bytes()).into_owned()
    }
}

/// `lower` is in small letters.
fn repeats(lower: &[u8], secret: &Secret) -> bool {
    let length = secret.len().clamp(1, RUN);
    let there: HashSet<&[u8]> = lower.windows(length).collect();
    let mut run = Zeroizing::new([0; RUN]);
    !there.is_empty()
        && secret.expose().windows(length).any(|piece| {
            let run = &mut run[..length];
            run.copy_from_slice(piece);
            run.make_ascii_lowercase();
            there.contains(&*run)
        })
}

/// With the escapes of a JSON text undone (RFC 8259, section 7), wherever they stand.
fn unescaped(text: &[u8]) -> Secret {
    let mut plain = Secret::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        let (character, length) = match (first, more.first()) {
            (b'\\', Some(b'u')) => (unit(more.get(1..5)), 5),
            (b'\\', Some(b'n')) => (Some('\n'), 1),
            (b'\\', Some(b'r')) => (Some('\r'), 1),
            (b'\\', Some(b't')) => (Some('\t'), 1),
            (b'\\', Some(sign @ (b'"' | b'\\' | b'/'))) => (Some(char::from(*sign)), 1),
            _ => (None, 0),
        };
        match character {
            Some(character) => {
                plain.push(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = more.get(length..).unwrap_or_default();
            }
            None => {
                plain.push(&[*first]);
                rest = more;
            }
        }
    }
    plain
}

/// Four hexadecimal digits.
fn unit(digits: Option<&[u8]>) -> Option<char> {
    let digits = std::str::from_utf8(digits?).ok()?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

/// For a form or a query: everything but RFC 3986's unreserved characters is encoded.
pub fn percent_encoded(secret: &Secret) -> Secret {
    let mut encoded = Secret::with_capacity(secret.len() * 3);
    for byte in secret.expose() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            encoded.push(&[*byte]);
        } else {
            let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase() as u8;
            encoded.push(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Login;
    use crate::system::env::Env;

    /// The longest words that a test lets be shown.
    const MOST: usize = 300;

    fn mask_of(secret: &str) -> Mask {
        Mask::of(&Credential::new(Login::new("alice"), Secret::new(secret.as_bytes().to_vec())))
    }

    fn is_hidden(mask: &Mask, words: &str) -> bool {
        mask.shown(words, MOST) == "(not shown: it repeats the secret)"
    }

    #[test]
    fn a_piece_of_a_secret_is_found_in_every_form() {
        let mask = mask_of("correct horse battery");
        for echo in [
            "correct horse battery",
            "no user alice with CORRECT HORSE BATTERY",
            "cut: correct horse",
            "tail: horse battery",
            "correct%20horse%20battery",
            "c\\u006frrect\\u0020h\\u006Frse",
            "YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5",
        ] {
            assert!(is_hidden(&mask, echo), "{echo}");
        }
        assert!(!is_hidden(&mask, "correct hor") && !is_hidden(&Mask::default(), "anything"));
        let short = mask_of("p\"w");
        assert!(is_hidden(&short, "wrong: p\"w!") && is_hidden(&short, "{\"p\\\"W\"}") && !is_hidden(&short, "p w"));
        assert!(!is_hidden(&short, "\\u12 \\uZZZZ \\ud800 \\"));
    }

    #[test]
    fn long_words_and_a_long_secret_are_compared_in_no_time() {
        let text = |length: usize, seed: u32| -> String {
            let next = |now: &mut u32| {
                *now = now.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Some(char::from(b'a' + (*now >> 24) as u8 % 26))
            };
            (0..length).scan(seed, |now, _| next(now)).collect()
        };
        let secret = text(64 * 1024, 7);
        let mask = mask_of(&secret);
        let began = Env::clock();
        let shown = mask.shown(&text(250 * 1024, 8), MOST);
        assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());
        assert_eq!(shown.chars().count(), MOST + 1);
        // What begins right before the cut is found, and no more than is shown counts.
        let (front, piece) = (text(MOST - 4, 8), &secret[40_000..40_020]);
        assert!(is_hidden(&mask, &format!("{front}{piece}")));
        assert!(!is_hidden(&mask, &format!("{front}{front}{piece}")));
    }
}
