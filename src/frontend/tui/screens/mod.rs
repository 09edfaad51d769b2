//! The screens. `TABS` is the one list of those at the top; the rest are pushed over them.

mod activity;
mod add_reader;
mod calls;
mod confirm;
mod conflicts;
mod difference;
mod encrypt_anew;
mod git;
pub(super) mod help;
mod history;
mod home;
mod home_rows;
pub(super) mod passphrase;
mod readers;
mod registries;
mod registries_view;
mod search;
mod sides;
mod store;
mod store_keys;
mod store_layers;
mod store_tree;
mod store_view;
mod unreadable;

use super::screen::Layer;

/// A top-level screen: what its tab says and how it begins.
pub(super) struct Tab {
    pub(super) title: &'static str,
    pub(super) open: fn() -> Box<dyn Layer>,
}

pub(super) const TABS: &[Tab] = &[
    Tab { title: "Home", open: || Box::new(home::Home::default()) },
    Tab { title: "Store", open: || Box::new(store::StoreScreen::default()) },
    Tab { title: "Registries", open: || Box::new(registries::RegistriesScreen::default()) },
    Tab { title: "Activity", open: || Box::new(activity::Activity::default()) },
];
