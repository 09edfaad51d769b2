//! The screens. `TABS` is the one list of those at the top; the rest are pushed over them.

mod activity;
mod add_reader;
mod audit;
mod audit_rows;
mod audit_view;
mod calls;
mod calls_only;
pub(super) mod confirm;
mod conflicts;
mod contexts;
mod contexts_view;
mod difference;
pub(super) mod editor;
mod editor_view;
mod encrypt_anew;
mod entry_facts;
pub(super) mod fix_preview;
mod folder_facts;
mod following;
pub(super) mod form_layer;
pub(super) mod git;
pub(super) mod help;
mod history;
mod home;
mod home_mend;
mod home_rows;
mod home_window;
mod ignore_finding;
mod keep_text;
mod lines;
pub(super) mod log;
mod log_in;
mod new_entry;
mod new_password;
pub(super) mod palette;
pub(super) mod passphrase;
mod proof;
mod readers;
mod registries;
mod registries_columns;
mod registries_do;
mod registries_keys;
mod registries_rows;
mod registries_table;
mod registries_test_view;
mod registries_tests;
mod registries_view;
mod rename_login;
mod search;
mod sides;
mod store;
mod store_facts;
mod store_keys;
mod store_layers;
mod store_tree;
mod store_view;
mod store_writes;
mod transfer;
mod unreadable;

use super::globals;
use super::keymap::{self, APP, Table};
use super::layer::Layer;

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
    Tab { title: "Audit", open: || Box::new(audit::Audit::default()) },
    Tab { title: "Contexts", open: || Box::new(contexts::Contexts::default()) },
];

/// Every table whose keys may be chosen in the config file. Fields, questions and lists of nothing but text keep theirs.
pub(super) fn tables() -> Vec<Table> {
    vec![
        Table::of(APP, globals::KEYS),
        keymap::of_lists(),
        Table::of_tab::<home::Home>(),
        Table::of_tab::<store::StoreScreen>(),
        Table::of_tab::<registries::RegistriesScreen>(),
        Table::of_tab::<activity::Activity>(),
        Table::of_tab::<audit::Audit>(),
        Table::of_tab::<contexts::Contexts>(),
        Table::of_layer::<fix_preview::FixPreview>(),
        Table::of_layer::<history::History>(),
        Table::of_layer::<difference::Difference>(),
        Table::of_layer::<search::Search>(),
        Table::of_layer::<lines::Lines>(),
        Table::of_layer::<readers::Readers>(),
        Table::of_layer::<editor::Editor>(),
        Table::of_layer::<git::Git>(),
        Table::of_layer::<conflicts::ConflictList>(),
        Table::of_layer::<sides::ConflictSides>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People write these names in their config file: one that goes or changes breaks it.
    #[test]
    fn what_the_config_file_calls_each_action() {
        let line = |row: &keymap::Row| format!("{:<30}{}", row.id, row.help);
        let lines: Vec<String> = tables().iter().flat_map(|table| &table.rows).map(line).collect();
        for (index, line) in lines.iter().enumerate() {
            let id = line.split(' ').next();
            assert!(!lines[..index].iter().any(|other| other.split(' ').next() == id), "{line} is there twice");
        }
        insta::assert_snapshot!("actions", lines.join("\n"));
    }
}
