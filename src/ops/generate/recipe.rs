//! What a generated password is made of, and how much of it an attacker would have to guess. Draws nothing by itself.

use std::collections::BTreeSet;

use super::dice::Dice;
use crate::model::{Problem, Secret, text};

/// The longest password made, in characters.
const LENGTH_MAX: usize = 4096;

/// The most words made.
const WORDS_MAX: usize = 64;

/// 2,048 English words that differ in their first four letters (BIP-39); `words.LICENSE` says where they are from.
const WORDS: &str = include_str!("words.txt");

/// A kind of character. The names are those of `--classes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Lower,
    Upper,
    Digit,
    Symbol,
}

impl Class {
    pub const ALL: [Class; 4] = [Class::Lower, Class::Upper, Class::Digit, Class::Symbol];

    pub fn name(self) -> &'static str {
        match self {
            Class::Lower => "lower",
            Class::Upper => "upper",
            Class::Digit => "digit",
            Class::Symbol => "symbol",
        }
    }

    fn holds(self, byte: u8) -> bool {
        match self {
            Class::Lower => byte.is_ascii_lowercase(),
            Class::Upper => byte.is_ascii_uppercase(),
            Class::Digit => byte.is_ascii_digit(),
            Class::Symbol => !byte.is_ascii_alphanumeric(),
        }
    }
}

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// `length` characters of a set, at least one of each class that the set has, where so many fit.
    Characters {
        set: Vec<u8>,
        length: usize,
    },
    Words {
        count: usize,
        separator: String,
    },
}

impl Recipe {
    /// Of whole classes.
    pub fn of_classes(classes: &[Class], length: usize) -> Recipe {
        let graphic = (b'!'..=b'~').filter(|byte| classes.iter().any(|class| class.holds(*byte)));
        Recipe::Characters { set: graphic.collect(), length }
    }

    /// Of a set as `tr` takes one (`PASSWORD_STORE_CHARACTER_SET`).
    pub fn of_set(set: &str, length: usize) -> Result<Recipe, Problem> {
        let set = tr_set(set).ok_or_else(|| {
            Problem::usage(format!("{} is not a set of ASCII characters as tr takes it", text::quoted(set)))
                .hint("such as: export PASSWORD_STORE_CHARACTER_SET='[:alnum:].,-'")
        })?;
        Ok(Recipe::Characters { set, length })
    }

    /// Fails when nothing can be made by it.
    pub fn check(&self) -> Result<(), Problem> {
        match self {
            Recipe::Characters { set, .. } if set.is_empty() => {
                Err(Problem::usage("there is no character to make a password of"))
            }
            Recipe::Characters { length, .. } if !(1..=LENGTH_MAX).contains(length) => {
                Err(Problem::usage(format!("a password has 1 to {LENGTH_MAX} characters")))
            }
            Recipe::Words { count, .. } if !(1..=WORDS_MAX).contains(count) => {
                Err(Problem::usage(format!("a passphrase has 1 to {WORDS_MAX} words")))
            }
            Recipe::Words { separator, .. } if separator.contains(['\n', '\r', '\0']) => {
                Err(Problem::usage("what stands between the words cannot hold a line end"))
            }
            _ => Ok(()),
        }
    }

    /// The binary logarithm of how many different passwords it can make.
    pub fn bits(&self) -> f64 {
        match self {
            Recipe::Characters { set, length } => {
                let all = set.len() as f64;
                let power = i32::try_from(*length).unwrap_or(i32::MAX);
                // Those that lack some class, by inclusion and exclusion over which ones.
                let groups = groups(set, *length);
                let mut share = 0.0;
                for left_out in 0..1_u32 << groups.len() {
                    let missing: usize =
                        (0..groups.len()).filter(|at| left_out >> at & 1 == 1).map(|at| groups[at].1).sum();
                    let sign = if left_out.count_ones() % 2 == 0 { 1.0 } else { -1.0 };
                    share += sign * ((all - missing as f64) / all).powi(power);
                }
                f64::from(power) * libm::log2(all) + libm::log2(share)
            }
            Recipe::Words { count, .. } => *count as f64 * libm::log2(words().count() as f64),
        }
    }

    pub(super) fn make(&self, dice: &mut Dice) -> Result<Secret, Problem> {
        match self {
            Recipe::Characters { set, length } => characters(set, *length, dice),
            Recipe::Words { count, separator } => {
                let all: Vec<&str> = words().collect();
                let sides = u32::try_from(all.len()).unwrap_or(1);
                let longest = all.iter().map(|word| word.len()).max().unwrap_or_default();
                let mut made = Secret::with_capacity(count * (longest + separator.len()));
                for number in 0..*count {
                    if number > 0 {
                        made.push(separator.as_bytes());
                    }
                    made.push(all[dice.roll(sides)?].as_bytes());
                }
                Ok(made)
            }
        }
    }
}

fn words() -> impl Iterator<Item = &'static str> {
    WORDS.lines()
}

/// The classes that a set has characters of, and how many; none where not one of each fits.
fn groups(set: &[u8], length: usize) -> Vec<(Class, usize)> {
    let count = |class: Class| set.iter().filter(|byte| class.holds(**byte)).count();
    let groups: Vec<_> = Class::ALL.into_iter().map(|class| (class, count(class))).filter(|(_, n)| *n > 0).collect();
    if groups.len() <= length { groups } else { Vec::new() }
}

/// Drawn as a whole until each class is in it: any such password is as likely as any other, which one with a place kept
/// for each class would not be.
fn characters(set: &[u8], length: usize, dice: &mut Dice) -> Result<Secret, Problem> {
    let wanted: Vec<Class> = groups(set, length).into_iter().map(|(class, _)| class).collect();
    let sides = u32::try_from(set.len()).unwrap_or(1);
    loop {
        let mut made = Secret::with_capacity(length);
        let mut seen = BTreeSet::new();
        for _ in 0..length {
            let byte = set[dice.roll(sides)?];
            seen.extend(Class::ALL.into_iter().filter(|class| class.holds(byte)));
            made.push(&[byte]);
        }
        if wanted.iter().all(|class| seen.contains(class)) {
            return Ok(made);
        }
    }
}

/// The characters of a `tr` set (tr(1)): `[:class:]`, `a-z`, `\` and a character. None for what is not printable ASCII,
/// and for classes that have nothing printable.
fn tr_set(mut set: &str) -> Option<Vec<u8>> {
    let mut found = BTreeSet::new();
    while !set.is_empty() {
        if let Some((name, rest)) = set.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
            found.extend((b'!'..=b'~').filter(tr_class(name)?));
            set = rest;
            continue;
        }
        let (first, rest) = tr_character(set)?;
        match rest.strip_prefix('-').filter(|after| !after.is_empty()) {
            Some(after) => {
                let (last, rest) = tr_character(after)?;
                if last < first {
                    return None;
                }
                found.extend(first..=last);
                set = rest;
            }
            None => {
                found.insert(first);
                set = rest;
            }
        }
    }
    Some(found.into_iter().collect())
}

fn tr_character(set: &str) -> Option<(u8, &str)> {
    let set = set.strip_prefix('\\').filter(|rest| !rest.is_empty()).unwrap_or(set);
    let first = set.bytes().next().filter(u8::is_ascii_graphic)?;
    Some((first, &set[1..]))
}

fn tr_class(name: &str) -> Option<fn(&u8) -> bool> {
    match name {
        "alnum" => Some(u8::is_ascii_alphanumeric),
        "alpha" => Some(u8::is_ascii_alphabetic),
        "digit" => Some(u8::is_ascii_digit),
        "graph" | "print" => Some(u8::is_ascii_graphic),
        "lower" => Some(u8::is_ascii_lowercase),
        "punct" => Some(u8::is_ascii_punctuation),
        "upper" => Some(u8::is_ascii_uppercase),
        "xdigit" => Some(u8::is_ascii_hexdigit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(recipe: &Recipe) -> String {
        recipe.check().expect("a recipe");
        String::from_utf8(recipe.make(&mut Dice::new()).expect("made").expose().to_vec()).expect("text")
    }

    #[test]
    fn each_class_is_there_and_nothing_else() {
        for (classes, length) in [(&Class::ALL[..], 4), (&Class::ALL[..], 25), (&[Class::Digit][..], 6)] {
            for _ in 0..50 {
                let password = made(&Recipe::of_classes(classes, length));
                assert_eq!(password.len(), length);
                for class in Class::ALL {
                    assert_eq!(password.bytes().any(|byte| class.holds(byte)), classes.contains(&class), "{password}");
                }
            }
        }
        assert_eq!(made(&Recipe::of_classes(&Class::ALL, 2)).len(), 2);
    }

    #[test]
    fn sets_are_those_of_tr() {
        let set = |text: &str| tr_set(text).map(|set| String::from_utf8(set).expect("ASCII"));
        assert_eq!(tr_set("[:punct:][:alnum:]").map(|set| set.len()), Some(94));
        assert_eq!(tr_set("[:graph:]"), tr_set("!-~"));
        assert_eq!(set("a-cz-"), Some("-abcz".to_owned()));
        assert_eq!(set("\\[\\-x"), Some("-[x".to_owned()));
        assert_eq!(set("[:digit:]ABC"), Some("0123456789ABC".to_owned()));
        for bad in ["z-a", "[:space:]", "[:nope:]", "é", "a b"] {
            assert_eq!(set(bad), None, "{bad}");
        }
    }

    #[test]
    fn bits_count_what_can_come_out() {
        // All strings of two digits; of one lower-case letter and one digit in either order.
        assert!((Recipe::of_classes(&[Class::Digit], 2).bits() - 100_f64.log2()).abs() < 1e-9);
        let two = Recipe::of_classes(&[Class::Lower, Class::Digit], 2);
        assert!((two.bits() - (2.0 * 26.0 * 10.0_f64).log2()).abs() < 1e-9);
        assert!((Recipe::Words { count: 6, separator: "-".to_owned() }.bits() - 66.0).abs() < 1e-9);
        let long = Recipe::of_classes(&Class::ALL, LENGTH_MAX).bits();
        assert!(long > 26_000.0 && long.is_finite());
    }

    #[test]
    fn words_are_from_the_list() {
        assert_eq!(words().count(), 2048);
        assert!(words().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
        let passphrase = made(&Recipe::Words { count: 5, separator: " ".to_owned() });
        let parts: Vec<&str> = passphrase.split(' ').collect();
        assert!(parts.len() == 5 && parts.iter().all(|part| words().any(|word| word == *part)), "{passphrase}");
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        for recipe in [
            Recipe::of_classes(&[], 5),
            Recipe::of_classes(&Class::ALL, 0),
            Recipe::of_classes(&Class::ALL, LENGTH_MAX + 1),
            Recipe::Words { count: 0, separator: String::new() },
            Recipe::Words { count: 3, separator: "\n".to_owned() },
        ] {
            assert!(recipe.check().is_err(), "{recipe:?}");
        }
    }
}
