//! Asks for another name for a text that was written and cannot be stored where it was meant for, or is not to be yet.

use std::sync::Arc;

use super::super::jobs::write::Job as Ask;
use super::super::screen::Flow;
use super::super::widgets::form::{Fault, Form};
use super::editor;
use super::form_layer::{FormLayer, Question};
use super::new_entry;
use crate::model::{EntryPath, Secret};
use crate::system::store::layout;

pub(super) struct Keep {
    text: Arc<Secret>,
}

/// `entry` is what the text was written for.
pub(super) fn open(entry: &EntryPath, text: Secret) -> FormLayer<Keep> {
    // Beside a login it would be another login of the registry.
    let name = if layout::is_login(entry) { entry.name() } else { entry.as_os_str() };
    let before = format!("{}-mine", name.to_string_lossy());
    let form = Form::new("Store your text under another name".to_owned()).with_text("name", &before);
    FormLayer::new(Keep { text: Arc::new(text) }, form)
}

impl Question for Keep {
    fn note(&self, _form: &Form) -> String {
        "The entry stays as it is; the two can then be compared and put together.".to_owned()
    }

    fn job(&self, form: &Form) -> Result<Ask, Fault> {
        Ok(Ask::Keep(new_entry::name(form, 0)?, Arc::clone(&self.text)))
    }

    /// Nothing of the text is lost any more.
    fn ends(&self) -> Flow {
        Flow::Shut(editor::NAME)
    }
}
