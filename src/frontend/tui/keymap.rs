//! Keys that the person chose in the config file (`[ui] keys`) in the place of a table's own, and whether those choices
//! can be used. Read once; what is chosen lives as long as the program, as the tables do.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;

use super::keys::{self, Binding, Key};
use super::screen::Screen;
use super::theme::Glyphs;
use super::widgets::list::MOVES;
use super::widgets::text_area;
use crate::model::{Problem, text};

/// The names that the keys of every list and of the app itself carry in ids.
pub(super) const LIST: &str = "list";
pub(super) const APP: &str = "app";

/// Which actions have other keys than their table says.
#[derive(Clone, Debug, Default)]
pub(super) struct Keymap(Rc<BTreeMap<String, &'static [Key]>>);

/// A table whose keys may be chosen, without its actions.
pub(super) struct Table {
    pub(super) screen: &'static str,
    pub(super) rows: Vec<Row>,
    /// A tab: the app's keys count too while it is in front.
    pub(super) is_tab: bool,
    /// A text that takes keys before these.
    pub(super) is_text: bool,
}

pub(super) struct Row {
    pub(super) id: String,
    pub(super) keys: &'static [Key],
    pub(super) help: &'static str,
}

impl Table {
    pub(super) fn of<A: Copy + Debug>(screen: &'static str, table: &'static [Binding<A>]) -> Table {
        let row = |binding: &Binding<A>| Row { id: id(screen, binding.action), keys: binding.keys, help: binding.help };
        Table { screen, rows: table.iter().map(row).collect(), is_tab: false, is_text: false }
    }

    pub(super) fn of_layer<S: Screen>() -> Table {
        Table { is_text: S::IS_TEXT, ..Table::of(S::NAME, S::KEYS) }
    }

    pub(super) fn of_tab<S: Screen>() -> Table {
        Table { is_tab: true, ..Table::of_layer::<S>() }
    }
}

/// What the config file calls an action: `store.copy`. Made of the action's own name, so that none lacks one; the test
/// of `screens::tables` holds them to what people have written.
pub(super) fn id(screen: &str, action: impl Debug) -> String {
    let mut id = format!("{screen}.");
    for character in format!("{action:?}").chars() {
        if !character.is_ascii_lowercase() && !id.ends_with(['.', '-']) {
            id.push('-');
        }
        if character.is_ascii_alphanumeric() {
            id.push(character.to_ascii_lowercase());
        }
    }
    id.trim_end_matches('-').to_owned()
}

impl Keymap {
    /// The keys that stand for the row's action.
    pub(super) fn keys_of<A: Copy + Debug>(&self, screen: &str, binding: &Binding<A>) -> &'static [Key] {
        if self.0.is_empty() {
            return binding.keys;
        }
        self.0.get(&id(screen, binding.action)).copied().unwrap_or(binding.keys)
    }

    /// The first key of an action, as it is written in what is said on the screen.
    pub(super) fn label<A: Copy + Debug + PartialEq>(
        &self,
        (screen, table): (&str, &'static [Binding<A>]),
        action: A,
        glyphs: &Glyphs,
    ) -> String {
        let binding = table.iter().find(|binding| binding.action == action);
        let keys = binding.map_or(&[][..], |binding| self.keys_of(screen, binding));
        keys.first().map(|key| key.label(glyphs)).unwrap_or_default()
    }

    /// The action that a key stands for in a screen's table.
    pub(super) fn action_of<A: Copy + Debug>(&self, screen: &str, table: &'static [Binding<A>], key: Key) -> Option<A> {
        table.iter().find(|binding| self.keys_of(screen, binding).contains(&key)).map(|binding| binding.action)
    }

    /// The person's choices, if each names an action of these tables and keys that nothing else has beside it.
    pub(super) fn choose(chosen: &BTreeMap<String, Vec<String>>, tables: &[Table]) -> Result<Keymap, Problem> {
        let mut map = BTreeMap::new();
        for (id, names) in chosen {
            if !tables.iter().flat_map(|table| &table.rows).any(|row| row.id == *id) {
                return Err(unknown_action(id, tables));
            }
            let keys = names.iter().map(|name| named(id, name)).collect::<Result<Vec<Key>, Problem>>()?;
            if keys.is_empty() {
                return Err(Problem::usage(format!("in the config file, {} has no key", text::quoted(id)))
                    .hint("name one at least, or remove the line for the key it has by itself"));
            }
            map.insert(id.clone(), &*keys.leak());
        }
        tables.iter().filter(|table| table.is_text).try_for_each(|table| check_text(table, &map))?;
        tables.iter().try_for_each(|table| check(table, tables, &map))?;
        Ok(Keymap(Rc::new(map)))
    }
}

/// Two actions that are there at the same time have no key in common, unless the tables themselves say so.
fn check(table: &Table, tables: &[Table], map: &BTreeMap<String, &'static [Key]>) -> Result<(), Problem> {
    let beside = |other: &&Table| match other.screen {
        LIST => table.screen != APP && !table.is_text,
        APP => table.is_tab,
        name => name == table.screen,
    };
    let rows: Vec<&Row> = tables.iter().filter(beside).flat_map(|table| &table.rows).collect();
    for (index, row) in rows.iter().enumerate() {
        for other in rows.iter().skip(index + 1).filter(|other| other.id != row.id) {
            let (one, two) = (map.get(&row.id), map.get(&other.id));
            let (keys, others) = (one.unwrap_or(&row.keys), two.unwrap_or(&other.keys));
            let both = keys.iter().find(|key| others.contains(key)).filter(|_| one.is_some() || two.is_some());
            if let Some(key) = both {
                let (name, kept) = (config_name(*key), if one.is_some() { other } else { row });
                let message = format!(
                    "in the config file, the key {} is for {} and for {}",
                    text::quoted(&name),
                    text::quoted(&row.id),
                    text::quoted(&other.id)
                );
                return Err(Problem::usage(message).hint(format!(
                    "give it to one of them: {} is \"{}\"",
                    text::quoted(&kept.id),
                    kept.help
                )));
            }
        }
    }
    Ok(())
}

/// What is typed into a text is no key beside it.
fn check_text(table: &Table, map: &BTreeMap<String, &'static [Key]>) -> Result<(), Problem> {
    for row in &table.rows {
        let keys = map.get(&row.id).copied().unwrap_or_default();
        if let Some(key) = keys.iter().find(|key| text_area::is_for_text(**key)) {
            let (name, id) = (config_name(*key), text::quoted(&row.id));
            let message = format!("in the config file, the key {} is text, and so not for {id}", text::quoted(&name));
            return Err(Problem::usage(message).hint("choose Ctrl- and a letter, or F1 to F12"));
        }
    }
    Ok(())
}

fn unknown_action(id: &str, tables: &[Table]) -> Problem {
    let screen = id.split('.').next().unwrap_or_default();
    let table = tables.iter().find(|table| table.screen == screen);
    let known: Vec<String> = match table {
        Some(table) => table.rows.iter().map(|row| row.id.clone()).collect(),
        None => tables.iter().map(|table| format!("{}.*", table.screen)).collect(),
    };
    Problem::usage(format!("in the config file, keys in [ui] names no action {}", text::quoted(id)))
        .hint(format!("there are {}", known.join(", ")))
}

/// The key of that name in the config file.
fn named(id: &str, name: &str) -> Result<Key, Problem> {
    let found = keys::parse(name).ok_or_else(|| {
        Problem::usage(format!("in the config file, {} is no key, for {}", text::quoted(name), text::quoted(id)))
            .hint("a key is one character, Ctrl- and a letter, F1 to F12, or Enter, Esc, Tab, Shift-Tab, Space, Up, Down, Left, Right, Home, End, PgUp, PgDn, Insert, Delete, Backspace")
    })?;
    if found.is_ctrl('c') {
        return Err(Problem::usage(format!("in the config file, Ctrl-C is not for {}", text::quoted(id)))
            .hint("it always leaves regpass; choose another key"));
    }
    if let Some((_, sent)) = SENT_AS.iter().find(|(letter, _)| found.is_ctrl(*letter)) {
        let (name, id) = (text::quoted(name), text::quoted(id));
        return Err(Problem::usage(format!(
            "in the config file, terminals send {sent} for {name}, so that {id} never hears it"
        ))
        .hint(format!("choose another key, or {sent} itself")));
    }
    Ok(found)
}

/// Keys that reach no program as themselves, and what comes in their place (ASCII's control characters 9 and 13).
const SENT_AS: &[(char, &str)] = &[('i', "Tab"), ('m', "Enter")];

/// As the config file writes it.
fn config_name(key: Key) -> String {
    keys::NAMES.iter().find(|(_, code)| Key::named(*code) == key).map_or_else(
        || match key.code() {
            crossterm::event::KeyCode::Char(character) if key.is_ctrl(character) => format!("Ctrl-{character}"),
            crossterm::event::KeyCode::Char(character) => character.to_string(),
            other => other.to_string(),
        },
        |(name, _)| (*name).to_owned(),
    )
}

/// The keys of every list, as a table of their own.
pub(super) fn of_lists() -> Table {
    Table::of(LIST, MOVES)
}

#[cfg(test)]
mod tests {
    use super::super::screens;
    use super::*;
    use crate::system::config_file::TEMPLATE;

    #[derive(Clone, Copy, Debug)]
    #[expect(dead_code, reason = "only the names are looked at")]
    enum Action {
        NextTab,
        Tab(usize),
        Scroll { down: bool },
    }

    #[test]
    fn an_id_is_the_screen_and_the_words_of_the_action() {
        assert_eq!(id("app", Action::NextTab), "app.next-tab");
        assert_eq!(id("app", Action::Tab(2)), "app.tab-2");
        assert_eq!(id("store", Action::Scroll { down: true }), "store.scroll-down-true");
    }

    fn chosen(choices: &[(&str, &[&str])]) -> Result<Keymap, Problem> {
        let choices = choices
            .iter()
            .map(|(id, keys)| ((*id).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect()))
            .collect();
        Keymap::choose(&choices, &screens::tables())
    }

    #[test]
    fn the_template_s_example_can_be_used() {
        let example = TEMPLATE.lines().find_map(|line| line.strip_prefix("#keys = ")).expect("an example");
        let table: toml::Table = format!("keys = {example}").parse().expect("TOML");
        let keys = table["keys"].clone().try_into::<BTreeMap<String, Vec<String>>>().expect("keys");
        assert!(keys.len() > 1);
        Keymap::choose(&keys, &screens::tables()).expect("nothing else has these keys");
    }

    #[test]
    fn what_cannot_be_used_is_said_with_what_can() {
        let told = |choices: &[(&str, &[&str])]| chosen(choices).expect_err("refused").to_string();
        for (choices, message) in [
            (&[("store.fly", &["y"][..])][..], "names no action \"store.fly\""),
            (&[("stoer.copy", &["y"])], "names no action \"stoer.copy\""),
            (&[("store.copy", &["yy"])], "\"yy\" is no key, for \"store.copy\""),
            (&[("store.copy", &["\u{1b}[2J"])], "is no key"),
            (&[("store.copy", &[])], "\"store.copy\" has no key"),
            (&[("store.copy", &["ctrl-c"])], "Ctrl-C is not for"),
            (&[("store.copy", &["Ctrl-M"])], "terminals send Enter for \"Ctrl-M\", so that \"store.copy\""),
            (&[("editor.save", &["ctrl-i"])], "terminals send Tab for"),
            (&[("store.copy", &["r"])], "the key \"r\" is for \"store.copy\" and for \"store.reveal\""),
            (&[("store.copy", &["q"])], "the key \"q\" is for \"app.quit\" and for \"store.copy\""),
            (&[("list.down", &["c"])], "the key \"c\" is for"),
            (&[("app.next-tab", &["F5"])], "the key \"F5\" is for"),
            (&[("editor.save", &["s"])], "the key \"s\" is text, and so not for \"editor.save\""),
            (&[("editor.save", &["F2", "PgDn"])], "the key \"PgDn\" is text"),
            (&[("editor.save", &["Ctrl-r"])], "the key \"Ctrl-r\" is for \"editor.save\" and for \"editor.reveal\""),
        ] {
            let told = told(choices);
            assert!(told.contains(message) && !told.contains('\u{1b}'), "{told}");
        }
    }

    #[test]
    fn two_actions_may_change_places_and_layers_have_keys_of_their_own() {
        assert!(chosen(&[("store.copy", &["r"]), ("store.reveal", &["c"])]).is_ok());
        assert!(chosen(&[("git.close", &["q", "Esc"]), ("store.copy", &["Y", "Ctrl-Y"])]).is_ok());
        assert!(chosen(&[("editor.save", &["F10"]), ("list.down", &["Ctrl-s"])]).is_ok(), "a text has no list");
        assert!(chosen(&[]).is_ok(), "the tables themselves");
    }
}
