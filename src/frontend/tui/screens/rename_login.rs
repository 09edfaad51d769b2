//! Asks under which user name a registry login is to be kept.

use super::super::jobs::write::Job as Ask;
use super::super::widgets::form::{Fault, Form};
use super::form_layer::{FormLayer, Question};
use crate::model::{Login, RegistryKey};

pub(super) struct RenameLogin {
    server: RegistryKey,
    from: Login,
}

pub(super) fn open(server: RegistryKey, from: Login) -> FormLayer<RenameLogin> {
    let form = Form::new(format!("Rename at {}", server.display())).with_text("new user", from.as_str());
    FormLayer::new(RenameLogin { server, from }, form)
}

impl Question for RenameLogin {
    fn note(&self, _form: &Form) -> String {
        "The secret stays what it is, under every spelling of the registry.".to_owned()
    }

    fn job(&self, form: &Form) -> Result<Ask, Fault> {
        let to = Login::new(form.text(0));
        if to == self.from {
            return Err(Fault(0, "that is its name already".to_owned()));
        }
        Ok(Ask::RenameLogin { server: self.server.clone(), from: self.from.clone(), to })
    }
}
