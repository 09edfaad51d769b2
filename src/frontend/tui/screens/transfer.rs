//! Asks where entries and folders are to go: another name, another folder, a second name.

use super::super::jobs::write::Job as Ask;
use super::super::widgets::form::{Fault, Form};
use super::super::widgets::words;
use super::form_layer::{FormLayer, Question};
use crate::model::{EntryPath, EntryPathError};
use crate::ops::transfer::{Kind, Place};
use crate::system::store::layout;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Rename,
    /// Into a folder.
    Move,
    Copy,
}

pub(super) struct Transfer {
    way: Way,
    from: Vec<Place>,
}

/// `from` is not empty; more than one is moved or copied into a folder.
pub(super) fn open(way: Way, from: Vec<Place>) -> FormLayer<Transfer> {
    let what = match &from[..] {
        [one] => layout::told(&one.path).into_owned(),
        several => words::counted(several.len() as u64, "marked thing"),
    };
    let whole = |path: &EntryPath| path.as_os_str().to_string_lossy().into_owned();
    let folder = from.first().map(|one| one.path.parent()).unwrap_or_default();
    let folder = if folder.is_root() { String::new() } else { whole(&folder) + "/" };
    let (title, label, before) = match (way, &from[..]) {
        (Way::Rename, [one]) => (format!("Rename {what}"), "new name", whole(&one.path)),
        (Way::Copy, [one]) => (format!("Copy {what}"), "copy to", whole(&one.path)),
        (Way::Copy, _) => (format!("Copy {what}"), "into folder", folder),
        _ => (format!("Move {what}"), "into folder", folder),
    };
    FormLayer::new(Transfer { way, from }, Form::new(title).with_text(label, &before))
}

impl Transfer {
    /// What is typed is the folder to put it into, whether one is there or not.
    fn is_into(&self) -> bool {
        self.way == Way::Move || self.from.len() > 1
    }
}

impl Question for Transfer {
    fn note(&self, _form: &Form) -> String {
        let what = match (self.way, self.is_into()) {
            (Way::Rename, _) => "A name in another folder moves it there.",
            (Way::Copy, false) => "A name that ends in / is a folder to put it into.",
            (_, _) => "The folder is made if it is not there; / is the store's top.",
        };
        format!("{what} Entries are encrypted anew where others may read.")
    }

    fn job(&self, form: &Form) -> Result<Ask, Fault> {
        let typed = form.text(0);
        let to = match EntryPath::parse(typed) {
            Ok(path) => Place { path, as_folder: self.is_into() || typed.ends_with('/') },
            Err(EntryPathError::Empty) if !typed.is_empty() => Place { path: EntryPath::root(), as_folder: true },
            Err(error) => return Err(Fault(0, error.to_string())),
        };
        let kind = if self.way == Way::Copy { Kind::Copy } else { Kind::Move };
        Ok(Ask::Transfer(kind, self.from.clone(), to))
    }
}
