//! New passwords: made, stored, and told how hard they are to guess. As pass does it: a new entry, or only the first
//! line of one that is there.

mod dice;
mod recipe;

pub use recipe::{Class, Recipe};

use super::change::Written;
use super::entries;
use crate::model::{EntryPath, EntryText, Problem, Secret, text};
use crate::system::System;
use crate::system::cipher::Asking;
use dice::Dice;

/// pass's defaults for `PASSWORD_STORE_GENERATED_LENGTH` and the two character sets.
const LENGTH: usize = 25;
const SET: &str = "[:punct:][:alnum:]";
const SET_NO_SYMBOLS: &str = "[:alnum:]";

/// How often a password is put in place of the old one when others change the entry meanwhile.
const TRIES: usize = 5;

/// What becomes of an entry that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// It is refused.
    Nothing,
    /// All of it is replaced.
    Entry,
    /// Only its password is; it must be there.
    Password,
}

/// A password that was made and stored.
#[derive(Debug)]
pub struct Generated {
    pub password: Secret,
    /// The binary logarithm of how many passwords the recipe can make.
    pub bits: f64,
    pub written: Written,
}

/// pass's recipe, as the environment changes it; `length` beats it.
pub fn default_recipe(system: &System, length: Option<usize>, symbols: bool) -> Result<Recipe, Problem> {
    let options = &system.options;
    let set = match symbols {
        true => options.character_set.as_deref().unwrap_or(SET),
        false => options.character_set_no_symbols.as_deref().unwrap_or(SET_NO_SYMBOLS),
    };
    Recipe::of_set(set, length.map_or_else(|| default_length(system), Ok)?)
}

/// `PASSWORD_STORE_GENERATED_LENGTH`, else pass's own.
pub fn default_length(system: &System) -> Result<usize, Problem> {
    let Some(said) = &system.options.generated_length else { return Ok(LENGTH) };
    said.parse().map_err(|_| {
        Problem::usage(format!("PASSWORD_STORE_GENERATED_LENGTH is {}, not a number", text::quoted(said)))
            .hint("such as: export PASSWORD_STORE_GENERATED_LENGTH=25")
    })
}

/// A password by itself, stored nowhere.
pub fn password(recipe: &Recipe) -> Result<Secret, Problem> {
    recipe.check()?;
    recipe.make(&mut Dice::new())
}

/// Makes a password and stores it.
pub fn store(system: &System, entry: &EntryPath, recipe: &Recipe, onto: Onto) -> Result<Generated, Problem> {
    let password = password(recipe)?;
    let written = match onto {
        Onto::Password => put_in_place(system, entry, &password)?,
        Onto::Nothing | Onto::Entry => {
            let text = EntryText::parse(Secret::default()).with_password(&password)?.into_secret();
            entries::insert_as(system, entry, text, onto == Onto::Entry, added)?
        }
    };
    Ok(Generated { password, bits: recipe.bits(), written })
}

/// Makes an entry of a text whose password was made here.
pub fn insert(system: &System, entry: &EntryPath, text: Secret) -> Result<Written, Problem> {
    entries::insert_as(system, entry, text, false, added)
}

/// The commit's subject, as pass's.
fn added(name: &str) -> String {
    format!("Add generated password for {name}.")
}

fn put_in_place(system: &System, entry: &EntryPath, password: &Secret) -> Result<Written, Problem> {
    for _ in 0..TRIES {
        let opened = entries::open(system, entry, Asking::Allowed)?;
        if opened.is_new() {
            return Err(entries::missing(system, entry));
        }
        let text = EntryText::parse(opened.plaintext.part(0..opened.plaintext.len())).with_password(password)?;
        let subject = |name: &str| format!("Replace generated password for {name}.");
        if let Some(written) = entries::replace(system, &opened, text.into_secret(), subject)? {
            return Ok(written);
        }
    }
    Err(entries::changed_meanwhile(entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path};

    fn read(bench: &Bench, name: &str) -> String {
        std::fs::read_to_string(bench.root().join(name)).expect("there")
    }

    #[test]
    fn a_new_entry_and_a_new_first_line() {
        let bench = Bench::new();
        let recipe = default_recipe(&bench.system, None, true).expect("a recipe");
        let made = store(&bench.system, &path("a"), &recipe, Onto::Nothing).expect("stored");
        assert_eq!(made.password.len(), 25);
        assert!(made.bits > 163.0 && made.bits < 164.0, "{}", made.bits);
        let shown = String::from_utf8(made.password.expose().to_vec()).expect("ASCII");
        assert_eq!(read(&bench, "a.gpg"), format!("for alice\n{shown}\n"));
        assert!(store(&bench.system, &path("a"), &recipe, Onto::Nothing).is_err());

        bench.put("b.gpg", "for alice\nold\r\nuser: x\nno end");
        let made = store(&bench.system, &path("b"), &recipe, Onto::Password).expect("stored");
        let shown = String::from_utf8(made.password.expose().to_vec()).expect("ASCII");
        assert_eq!(read(&bench, "b.gpg"), format!("for alice\n{shown}\r\nuser: x\nno end"));
        let made = store(&bench.system, &path("b"), &recipe, Onto::Entry).expect("stored");
        assert_eq!(read(&bench, "b.gpg").len(), "for alice\n\n".len() + made.password.len());
        let missing = store(&bench.system, &path("c"), &recipe, Onto::Password).expect_err("not there");
        assert_eq!(missing.kind, ProblemKind::NotFound);
    }
}
