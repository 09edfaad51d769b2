//! Ways through the rows of the registries screen: unfolding a registry, finding one, and another account of it.

use super::super::keys::Offer;
use super::super::screen::{Flow, Scope, Toast};
use super::registries::{Action, RegistriesScreen};
use super::registries_table::Item;
use crate::ops::registries::shown_name;

impl RegistriesScreen {
    /// Shows what belongs to the selected row's registry, or hides it and selects the registry's row.
    pub(super) fn unfold(&mut self, open: bool) -> Flow {
        let Some(row) = self.finder.selected() else { return Flow::Stay };
        let head = self.table.unfold(row, open);
        self.list();
        if !open {
            self.finder.select(head);
            self.secret.hide();
        }
        Flow::Stay
    }

    /// Shows the accounts, and selects one that could be used instead.
    pub(super) fn show_other_account(&mut self) -> Flow {
        let other = self.finder.selected().and_then(|row| self.table.other_account(row));
        let (Some(row), Some(Item::Login(login))) = (other, other.and_then(|row| self.table.item(row))) else {
            return Flow::Stay;
        };
        let user = login.login.shown();
        let said = Toast::good(format!("an account that Docker does not get; the same key makes it {user}"));
        self.unfold(true);
        self.finder.select(row);
        Flow::Say(said)
    }

    /// Selects the wanted registry; says what makes a login where there is none.
    pub(super) fn select_wanted(&mut self, scope: &Scope) -> Flow {
        let Some(name) = self.wanted.take_if(|_| self.loading.is_none()) else { return Flow::Stay };
        let head = self.table.head_of(&name);
        if let Some(head) = head {
            self.finder.clear();
            self.list();
            self.finder.select(head);
            self.secret.hide();
        }
        let stored = head.and_then(|head| self.table.registry(head)).is_some_and(|one| !one.logins.is_empty());
        if stored {
            return Flow::Stay;
        }
        Flow::Say(Toast::warn(format!(
            "no login of {} here: {} logs in",
            shown_name(&name),
            scope.key_of::<RegistriesScreen>(Action::LogIn)
        )))
    }

    pub(super) fn offer_fold(&self, open: bool) -> Offer {
        let Some(row) = self.finder.selected() else { return Offer::Refused(self.finder.why_nothing()) };
        match self.table.is_open(row) == open {
            _ if !self.table.is_folded_at(row) => Offer::Refused("its one login is all there is of it"),
            true if open => Offer::Refused("all of it is shown"),
            true => Offer::Refused("it is one row already"),
            false => Offer::Ready,
        }
    }
}
