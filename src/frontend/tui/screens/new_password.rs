//! Asks what a password is to be made of: for a new entry, and in place of the password of one that is there.

use super::super::jobs::write::Job as Ask;
use super::super::widgets::form::{Fault, Form};
use super::form_layer::{FormLayer, Question};
use crate::model::EntryPath;
use crate::ops::generate::{Class, Recipe};

/// What can be chosen. The first is what pass makes here: the environment may say otherwise.
pub(super) const MADE_OF: &[&str] =
    &["as usual here", "letters and digits", "letters", "digits", "small letters and digits", "words"];
const WORDS: usize = 5;

/// Until the usual length is known: pass's.
pub(super) const LENGTH: usize = 25;

const WORDS_USUAL: usize = 6;
const SEPARATOR: &str = "-";

/// Two fields of a form: what of, and how many.
#[derive(Debug)]
pub(super) struct RecipeFields {
    pub(super) made_of: usize,
    pub(super) length: usize,
    usual: Recipe,
    /// What the length stands for now.
    in_words: bool,
}

impl RecipeFields {
    pub(super) fn at(made_of: usize, length: usize) -> RecipeFields {
        let usual = Recipe::of_classes(&Class::ALL, LENGTH);
        RecipeFields { made_of, length, usual, in_words: false }
    }

    pub(super) fn learn(&mut self, usual: Recipe, form: &mut Form) {
        if let Recipe::Characters { length, .. } = &usual
            && !self.in_words
            && form.number(self.length) == Some(LENGTH)
        {
            form.set_number(self.length, *length);
        }
        self.usual = usual;
    }

    /// A length of words is another than one of characters.
    pub(super) fn changed(&mut self, form: &mut Form) {
        let in_words = form.chosen(self.made_of) == WORDS;
        if std::mem::replace(&mut self.in_words, in_words) != in_words {
            let usual = if let Recipe::Characters { length, .. } = &self.usual { *length } else { LENGTH };
            form.set_number(self.length, if in_words { WORDS_USUAL } else { usual });
        }
    }

    pub(super) fn recipe(&self, form: &Form) -> Result<Recipe, Fault> {
        let wrong = |why: &str| Fault(self.length, why.to_owned());
        let count = form.number(self.length).filter(|count| *count > 0).ok_or_else(|| wrong("how many?"))?;
        let recipe = match (form.chosen(self.made_of), &self.usual) {
            (0, Recipe::Characters { set, .. }) => Recipe::Characters { set: set.clone(), length: count },
            (0, words @ Recipe::Words { .. }) => words.clone(),
            (1, _) => Recipe::of_classes(&[Class::Lower, Class::Upper, Class::Digit], count),
            (2, _) => Recipe::of_classes(&[Class::Lower, Class::Upper], count),
            (3, _) => Recipe::of_classes(&[Class::Digit], count),
            (4, _) => Recipe::of_classes(&[Class::Lower, Class::Digit], count),
            _ => Recipe::Words { count, separator: SEPARATOR.to_owned() },
        };
        recipe.check().map_err(|problem| wrong(&problem.one_line()))?;
        Ok(recipe)
    }

    /// How hard it would be to guess.
    pub(super) fn strength(&self, form: &Form) -> String {
        match self.recipe(form) {
            Ok(recipe) => {
                let bits = recipe.bits().floor();
                let words = match bits {
                    ..50.0 => "weak",
                    ..80.0 => "fair",
                    ..128.0 => "strong",
                    _ => "very strong",
                };
                format!("{bits:.0} bits to guess: {words}.")
            }
            Err(Fault(_, why)) => why,
        }
    }
}

pub(super) struct NewPassword {
    entry: EntryPath,
    fields: RecipeFields,
}

pub(super) fn open(entry: EntryPath) -> FormLayer<NewPassword> {
    let title = format!("New password for {}", entry.display());
    let form = Form::new(title).with_choice("made of", MADE_OF).with_number("length", LENGTH);
    FormLayer::new(NewPassword { entry, fields: RecipeFields::at(0, 1) }, form)
}

impl Question for NewPassword {
    const MAKES_PASSWORD: bool = true;

    fn learn(&mut self, usual: Recipe, form: &mut Form) {
        self.fields.learn(usual, form);
    }

    fn changed(&mut self, form: &mut Form) {
        self.fields.changed(form);
    }

    fn note(&self, form: &Form) -> String {
        let strength = self.fields.strength(form);
        format!("{strength} Only the password is replaced; the entry's other lines stay.")
    }

    fn job(&self, form: &Form) -> Result<Ask, Fault> {
        Ok(Ask::Password(self.entry.clone(), self.fields.recipe(form)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> (RecipeFields, Form) {
        let form = Form::new(String::new()).with_choice("made of", MADE_OF).with_number("length", LENGTH);
        (RecipeFields::at(0, 1), form)
    }

    #[test]
    fn the_usual_recipe_is_the_first_choice_and_the_others_are_what_they_say() {
        let (mut fields, mut form) = form();
        fields.learn(Recipe::Characters { set: b"ab".to_vec(), length: 40 }, &mut form);
        let usual = Recipe::Characters { set: b"ab".to_vec(), length: 40 };
        assert_eq!(fields.recipe(&form).ok(), Some(usual));
        let mut holds = Vec::new();
        for _ in 1..WORDS {
            form.change(true);
            fields.changed(&mut form);
            let Ok(Recipe::Characters { set, length: 40 }) = fields.recipe(&form) else { panic!("characters") };
            holds.push([b'a', b'A', b'0', b'!'].map(|byte| set.contains(&byte)));
        }
        let expected = [[true, true, true, false], [true, true, false, false], [false, false, true, false]];
        assert_eq!(holds[..3], expected);
        assert_eq!(holds[3], [true, false, true, false]);
        form.change(true);
        fields.changed(&mut form);
        let words = Recipe::Words { count: WORDS_USUAL, separator: "-".to_owned() };
        assert_eq!(fields.recipe(&form).ok(), Some(words));
        form.change(true);
        fields.changed(&mut form);
        assert_eq!(form.number(1), Some(40), "back from words to characters");
    }

    #[test]
    fn no_length_and_too_much_of_it_are_told() {
        let (fields, mut form) = form();
        form.set_number(1, 0);
        assert!(fields.recipe(&form).is_err());
        form.set_number(1, 9999);
        assert!(fields.strength(&form).contains("1 to 4096"), "{}", fields.strength(&form));
    }
}
