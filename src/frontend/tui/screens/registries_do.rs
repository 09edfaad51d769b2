//! What the keys of the registries screen change: which account is used, its user name, all of a registry erased. Also the
//! command that logs in again.

use std::path::Path;

use super::super::globals;
use super::super::jobs::accounts::{Job as Deed, Report as Done};
use super::super::jobs::{Job, Report};
use super::super::keys::Offer;
use super::super::screen::{Flow, Scope, Toast};
use super::super::widgets::secret_panel::told;
use super::confirm::Confirm;
use super::editor::Editor;
use super::proof::Proof;
use super::registries::{Action, RegistriesScreen};
use super::registries_table::name_of;
use super::registries_view::canonical;
use super::rename_login;
use crate::model::registry_key::HUB_NAME;
use crate::model::{Problem, misplaced, text};
use crate::ops::registries::{Asked, RegistryLogin};

/// A change on its way, with what it is called.
pub(super) enum Change {
    Use(String),
    Erase(String),
    CopyCommand(String),
}

/// Why nothing can be done to what is selected.
pub(super) fn why_none(screen: &RegistriesScreen) -> Offer {
    Offer::Refused(match screen.selected_elsewhere() {
        Some(_) => "it is not in a store: Docker keeps it elsewhere",
        None => screen.finder.why_nothing(),
    })
}

pub(super) fn offer(screen: &RegistriesScreen, action: Action) -> Offer {
    let Some(login) = screen.selected() else { return why_none(screen) };
    let is_token = login.server.is_hub_token();
    match action {
        Action::CopyCommand if is_token => Offer::Refused("docker login makes this token beside the Hub's login"),
        Action::CopyCommand => Offer::Ready,
        _ if !login.mount.is_root() => Offer::Refused("it is in a mounted store, which the helper does not see"),
        Action::Use if login.server.is_hub_token() => Offer::Refused("a token is no account"),
        Action::Use if login.active && login.official && !has_other(screen) => {
            Offer::Refused("the helper answers this one already")
        }
        _ => Offer::Ready,
    }
}

/// The row of a registry that has more accounts to choose from.
fn has_other(screen: &RegistriesScreen) -> bool {
    let row = screen.finder.selected().filter(|_| screen.is_at_head());
    row.and_then(|row| screen.table.other_account(row)).is_some()
}

/// The login's text, in the editor.
pub(super) fn edit(screen: &RegistriesScreen) -> Flow {
    screen.selected().map_or(Flow::Stay, |login| Flow::Push(Box::new(Editor::new(login.entry.clone()))))
}

pub(super) fn act(screen: &mut RegistriesScreen, action: Action, scope: &Scope) -> Flow {
    let Some(login) = screen.selected().cloned() else { return Flow::Stay };
    screen.problem = None;
    screen.secret.hide();
    if matches!(action, Action::Use) && login.active && has_other(screen) {
        return screen.show_other_account();
    }
    let ticket = screen.tickets.next();
    let (change, job) = match action {
        Action::Use => (Change::Use(name_of(&login)), Job::Accounts(Deed::Use(login.server, login.login))),
        Action::CopyCommand => {
            let command = command(&login, scope);
            (Change::CopyCommand(text::escaped(command.as_bytes()).into_owned()), Job::CopyText(command))
        }
        Action::Erase => {
            let change = Change::Erase(canonical(&login));
            let deed = Flow::Start(ticket, Job::Accounts(Deed::Erase(login.server.clone())));
            let effect = effect_of_erase(screen, &login, scope);
            // After a no it waits for nothing.
            screen.changing.push((ticket.number, change));
            let title = format!("Erase {}", canonical(&login));
            return Flow::Push(Box::new(Confirm::new(title, effect, "erase", deed)));
        }
        _ => return Flow::Push(Box::new(rename_login::open(login.server, login.login))),
    };
    screen.changing.push((ticket.number, change));
    Flow::Start(ticket, job)
}

fn effect_of_erase(screen: &RegistriesScreen, login: &RegistryLogin, scope: &Scope) -> String {
    let hub = login.canonical == HUB_NAME;
    let all = screen.registry().into_iter().flat_map(|registry| &registry.logins);
    let gone: Vec<String> = all
        .filter(|one| one.mount.is_root() && (one.canonical == login.canonical || hub))
        .map(|one| format!("{} at {}", one.login.shown(), one.server.display()))
        .collect();
    let (gone, key) = (gone.join(", "), globals::undo_key(scope));
    format!("The store loses: {gone}. Every spelling is then asked for again. {key} takes it back.")
}

/// What logs in again, for a shell; Docker asks for the secret.
fn command(login: &RegistryLogin, scope: &Scope) -> String {
    let mut command = format!("{}docker login", scope.typed.variables());
    if !login.login.is_identity_token() {
        command.push_str(&format!(" -u {}", text::shell_word(Path::new(login.login.as_str()))));
    }
    if login.canonical != HUB_NAME {
        command.push_str(&format!(" {}", text::shell_word(Path::new(&misplaced::server(&login.canonical)))));
    }
    command
}

pub(super) fn report(
    screen: &mut RegistriesScreen,
    change: Change,
    report: Result<Report, Problem>,
    scope: &Scope,
) -> Flow {
    let report = match report {
        Ok(report) => report,
        Err(problem) => {
            screen.problem = Some(problem);
            screen.zoomed |= screen.alone;
            return Flow::Stay;
        }
    };
    match (change, report) {
        (Change::CopyCommand(command), Report::Copied(copied)) => told(copied, &command, scope.now),
        (Change::Use(name), Report::Accounts(Done::Switched(done))) => {
            let instead = done.asked.as_ref().and_then(Asked::instead);
            let said = match (instead, done.official) {
                (Some(instead), _) => Toast::warn(format!("Docker will not ask: {instead}; {name} is the one in use")),
                (None, None) => Toast::good(format!("Docker gets {name} now")),
                (None, Some(other)) => {
                    Toast::warn(format!("Docker gets {name} now; the official helper would answer {}", other.quoted()))
                }
            };
            Flow::Many(vec![Flow::StoreChanged, Flow::Say(said)])
        }
        (Change::Erase(name), Report::Accounts(Done::Erased(erased))) => {
            let said = if erased.still.is_empty() {
                Toast::good(format!("erased {name}; proved: nothing answers"))
            } else {
                Toast::warn(format!("erased {name}, and something still has a login of it"))
            };
            Flow::Many(vec![Flow::StoreChanged, Flow::Push(Box::new(Proof::new(name, erased))), Flow::Say(said)])
        }
        _ => Flow::Stay,
    }
}
