//! Asks what a new entry is to hold: a name, a password typed or made, who and where it is for.

use super::super::jobs::write::{Job as Ask, NewEntry, Password};
use super::super::widgets::form::{Fault, Form};
use super::form_layer::{FormLayer, Question};
use super::new_password::{LENGTH, MADE_OF, RecipeFields};
use crate::model::EntryPath;
use crate::ops::generate::Recipe;

const PASSWORD: &[&str] = &["made for me", "typed by me"];

/// The places of the fields.
const NAME: usize = 0;
const HOW: usize = 1;
const SECRET: usize = 2;
const AGAIN: usize = 3;
const OF: usize = 4;
const LONG: usize = 5;
const USER: usize = 6;
const URL: usize = 7;
const NOTES: usize = 8;

pub(super) struct New {
    fields: RecipeFields,
}

/// In a folder, whose name stands there already.
pub(super) fn open(folder: &EntryPath) -> FormLayer<New> {
    let before = if folder.is_root() { String::new() } else { format!("{}/", folder.as_os_str().to_string_lossy()) };
    let form = Form::new("New entry".to_owned())
        .with_text("name", &before)
        .with_choice("password", PASSWORD)
        .with_secret("it is")
        .with_secret("once more")
        .with_choice("made of", MADE_OF)
        .with_number("length", LENGTH)
        .with_text("user", "")
        .with_text("url", "")
        .with_text("notes", "");
    FormLayer::new(New { fields: RecipeFields::at(OF, LONG) }, form)
}

impl New {
    fn is_typed(form: &Form) -> bool {
        form.chosen(HOW) == 1
    }

    fn password(&self, form: &Form) -> Result<Password, Fault> {
        if !New::is_typed(form) {
            return self.fields.recipe(form).map(Password::Made);
        }
        let typed = form.secret(SECRET);
        match typed.is_empty() {
            true => Err(Fault(SECRET, "no password was typed".to_owned())),
            false if !typed.same_as(&form.secret(AGAIN)) => Err(Fault(AGAIN, "the two are not the same".to_owned())),
            false => Ok(Password::Typed(typed)),
        }
    }
}

/// A name that was typed; a folder alone is none.
pub(super) fn name(form: &Form, field: usize) -> Result<EntryPath, Fault> {
    let typed = form.text(field);
    if typed.is_empty() || typed.ends_with('/') {
        return Err(Fault(field, "which name is it to have?".to_owned()));
    }
    EntryPath::parse(typed).map_err(|error| Fault(field, error.to_string()))
}

impl Question for New {
    const MAKES_PASSWORD: bool = true;

    fn learn(&mut self, usual: Recipe, form: &mut Form) {
        self.fields.learn(usual, form);
    }

    fn changed(&mut self, form: &mut Form) {
        self.fields.changed(form);
        let typed = New::is_typed(form);
        [SECRET, AGAIN].into_iter().for_each(|field| form.hide(field, !typed));
        [OF, LONG].into_iter().for_each(|field| form.hide(field, typed));
    }

    fn note(&self, form: &Form) -> String {
        if New::is_typed(form) { "What is left empty is left out.".to_owned() } else { self.fields.strength(form) }
    }

    fn job(&self, form: &Form) -> Result<Ask, Fault> {
        let lines = [("user", USER), ("url", URL)].map(|(key, field)| (key, form.text(field).trim().to_owned()));
        Ok(Ask::New(NewEntry {
            entry: name(form, NAME)?,
            password: self.password(form)?,
            fields: lines.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            notes: form.text(NOTES).trim().to_owned(),
        }))
    }
}
