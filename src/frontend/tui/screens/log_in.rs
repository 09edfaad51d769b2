//! Asks for a registry's login, which is tried there before it is kept where Docker looks for it.

use super::super::jobs::logins::CANNOT;
use super::super::jobs::write::{Job as Ask, NewLogin};
use super::super::widgets::form::{Fault, Form};
use super::form_layer::{FormLayer, Question};
use crate::model::registry_key::HUB_NAME;
use crate::model::{Login, misplaced};
use crate::ops::registries::{Registry, RegistryLogin};

const VERIFY: &[&str] = &["ask the registry first", "keep it without asking"];

/// The longest secret: more than any known token, in bytes.
const SECRET_MAX: usize = 32 * 1024;

/// The places of the fields.
const REGISTRY: usize = 0;
const USER: usize = 1;
const SECRET: usize = 2;
const HOW: usize = 3;

pub(super) struct LogIn;

/// With what is selected in its fields already.
pub(super) fn open(registry: Option<&Registry>, login: Option<&RegistryLogin>) -> FormLayer<LogIn> {
    let name = registry.map(|one| one.name.as_str()).filter(|name| misplaced::server(name) == **name);
    let user = login.map(|one| &one.login).filter(|user| name.is_some() && user.is_showable());
    let focus = match (name, user) {
        (None, _) => REGISTRY,
        (Some(_), None) => USER,
        (Some(_), Some(_)) => SECRET,
    };
    let mut form = Form::new("Log in".to_owned())
        .with_text("registry", name.unwrap_or_default())
        .with_text("user", user.map(Login::as_str).unwrap_or_default())
        .with_token("secret", SECRET_MAX)
        .with_choice("first", VERIFY)
        .focused_on(focus);
    form.hide(HOW, CANNOT.is_some());
    FormLayer::new(LogIn, form)
}

impl Question for LogIn {
    const MAY_TAKE_LONG: bool = true;

    fn note(&self, form: &Form) -> String {
        if form.text(REGISTRY).trim().is_empty() {
            return format!("A registry is a host, with a port where it has its own; none is {HUB_NAME}.");
        }
        match form.chosen(HOW) {
            0 if CANNOT.is_none() => {
                "What the registry refuses is not stored. It is kept where Docker looks for it.".to_owned()
            }
            _ => "It is kept where Docker looks for it, right or wrong.".to_owned(),
        }
    }

    fn job(&self, form: &Form) -> Result<Ask, Fault> {
        let user = form.text(USER).trim();
        // A colon would end the name in what is sent (RFC 7617, section 2).
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            return Err(Fault(USER, "a user's name is not empty, and has no colon".to_owned()));
        }
        let secret = form.secret(SECRET);
        if secret.is_empty() {
            return Err(Fault(SECRET, "no password or token was typed".to_owned()));
        }
        if form.is_cut(SECRET) {
            return Err(Fault(SECRET, format!("it is longer than {SECRET_MAX} bytes")));
        }
        Ok(Ask::LogIn(NewLogin {
            registry: form.text(REGISTRY).trim().to_owned(),
            login: Login::new(user),
            secret,
            verify: form.chosen(HOW) == 0 && CANNOT.is_none(),
        }))
    }
}
