//! The lines of the home tab, made from what is known; `home.rs` is what it does with them.

use std::path::Path;

use super::super::globals;
use super::super::jobs::audit::Verdicts;
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::words;
use super::audit_view;
use super::calls;
use crate::model::{age, text};
use crate::ops::deadline::Seen;
use crate::ops::mending::{self, Mend};
use crate::ops::overview::{self, Overview, Step};
use crate::ops::readers::{Lock, OwnKey};
use crate::ops::recipients::Astray;
use crate::system::docker::creds_store::Placed;

/// Said where a number would stand.
const UNLISTED: &str = "cannot be listed";

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) text: String,
    pub(super) meaning: Meaning,
    pub(super) go: Go,
    /// What regpass can put in place for it.
    pub(super) mend: Option<Mend>,
    /// The deployment window that it tells of.
    pub(super) window: Option<WindowRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WindowRow {
    /// An open one, at this registry.
    Open(String),
    /// All that are over.
    Over,
}

/// Where Enter leads from a line.
#[derive(Clone, Debug)]
pub(super) enum Go {
    Nowhere,
    /// Copies it.
    Command(String),
    Tab(&'static str),
}

/// How many entries there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entries {
    Counting,
    Counted(usize),
    Unlisted,
}

impl Row {
    fn fact(label: &str, text: impl Into<String>) -> Row {
        Row {
            label: label.to_owned(),
            text: text.into(),
            meaning: Meaning::Plain,
            go: Go::Nowhere,
            mend: None,
            window: None,
        }
    }

    fn with(self, meaning: Meaning) -> Row {
        Row { meaning, ..self }
    }

    fn leading(self, go: Go) -> Row {
        Row { go, ..self }
    }

    pub(super) fn is_heading(&self) -> bool {
        self.text.is_empty()
    }
}

/// What to do comes first: on a small screen it is all there is room for.
pub(super) fn rows(
    found: &Overview,
    (entries, astray): (Entries, Option<&Astray>),
    own: Option<&OwnKey>,
    scope: &Scope,
) -> Vec<Row> {
    let mut steps: Vec<Step> = found.next.clone();
    steps.extend(astray.into_iter().flat_map(overview::steps_for_astray));
    if found.stores.first().is_some_and(|store| store.exists) {
        steps.extend(own.and_then(|own| overview::step_for(own.lock)));
    }
    let glyphs = scope.theme.glyphs;
    let mut rows: Vec<Row> = steps.iter().map(|step| step_row(step, glyphs.warn)).collect();
    let over = overview::step_for_windows(&found.windows, scope.wall);
    rows.extend(over.map(|step| Row { window: Some(WindowRow::Over), ..step_row(&step, glyphs.warn) }));
    if rows.is_empty() {
        rows.push(Row::fact("next", format!("{} everything is in place", glyphs.good)).with(Meaning::Good));
        rows.push(try_row(scope));
    }
    rows.extend(windows(found, scope));
    if found.is_demo {
        rows.push(Row::fact("demo", "nothing here is real; it goes when you quit").with(Meaning::Warn));
    }
    rows.extend(scope.audit.as_ref().map(|verdicts| audit_row(verdicts, scope)));
    rows.extend(places(found, scope));
    if found.stores.iter().any(|store| store.exists) {
        rows.extend(contents(found, entries, own, scope));
    }
    rows.extend(last_calls(found, scope));
    rows
}

/// What is open, and how long still.
fn windows(found: &Overview, scope: &Scope) -> Vec<Row> {
    let open = found.windows.windows.iter().filter(|seen| seen.over_at(scope.wall).is_none());
    let one = |seen: &Seen| {
        let stays = if seen.record.own { "" } else { "; the login was there before, and stays" };
        let text = format!(
            "{} {} open for {} more{stays}",
            scope.theme.glyphs.good,
            text::escaped(seen.record.registry.as_bytes()),
            age::left(scope.wall, seen.until())
        );
        let row = Row::fact("window", text).with(Meaning::Good).leading(Go::Tab("Registries"));
        Row { window: Some(WindowRow::Open(seen.record.registry.clone())), ..row }
    };
    open.map(one).collect()
}

fn last_calls(found: &Overview, scope: &Scope) -> Vec<Row> {
    let mut rows = Vec::new();
    let journal = match &found.journal {
        Ok(journal) => journal,
        // The step says why, and what helps.
        Err(_) => return vec![Row::fact("last calls", "not known: their record cannot be read").with(Meaning::Warn)],
    };
    if !found.journal_on {
        rows.push(Row::fact("last calls", "not recorded: journal = false in the config file").with(Meaning::Warn));
    }
    if let Some(broken) = journal.broken() {
        let row = Row::fact("last calls", broken.message).with(Meaning::Warn);
        rows.push(row.leading(Go::Tab("Activity")));
    } else if journal.calls.is_empty() && found.journal_on {
        rows.push(Row::fact("last calls", "none yet: Docker makes one at docker login"));
    }
    for call in journal.calls.iter().rev() {
        let (outcome, meaning) = calls::outcome(call);
        let text = format!(
            "{}  {:<5}  {}  {outcome}",
            calls::when(call, scope.wall),
            text::escaped(call.action.as_bytes()),
            calls::server(call)
        );
        let label = if rows.is_empty() { "last calls" } else { "" };
        rows.push(Row::fact(label, text).with(meaning));
    }
    rows
}

/// Where to begin, by the keys that count here.
fn try_row(scope: &Scope) -> Row {
    let known = globals::rows(&scope.keymap, scope.read_only, false);
    let try_one = |id: &str, what: &str| {
        let key = known.iter().find(|row| row.id == id).and_then(|row| row.keys.first())?;
        Some(format!("{} {what}", key.label(scope.theme.glyphs)))
    };
    let tries = [
        ("app.tab-2", "the store"),
        ("app.tab-3", "registries"),
        ("app.tab-5", "audit"),
        ("app.palette", "every action"),
        ("app.help", "every key"),
    ];
    let tries: Vec<String> = tries.iter().filter_map(|(id, what)| try_one(id, what)).collect();
    Row::fact("try", tries.join("; "))
}

/// What the last audit said, and the way to it.
fn audit_row(verdicts: &Verdicts, scope: &Scope) -> Row {
    let (mark, meaning) = audit_view::standing(verdicts, scope);
    let when = age::long(scope.wall, verdicts.when);
    let text = format!("{mark} {}; looked {when}", verdicts.words());
    Row::fact("audit", text).with(meaning).leading(Go::Tab("Audit"))
}

/// What the stores hold, and the key that opens it.
fn contents(found: &Overview, entries: Entries, own: Option<&OwnKey>, scope: &Scope) -> [Row; 3] {
    let entries = match entries {
        Entries::Counting => "being counted".to_owned(),
        Entries::Counted(count) => words::counted(count as u64, "entry"),
        Entries::Unlisted => UNLISTED.to_owned(),
    };
    let registries = found.registries.map_or(UNLISTED.to_owned(), |count| words::counted(count as u64, "registry"));
    [
        key_row(found, own, scope),
        Row::fact("entries", entries).leading(Go::Tab("Store")),
        Row::fact("registries", registries).leading(Go::Tab("Registries")),
    ]
}

fn step_row(step: &Step, mark: &str) -> Row {
    let go = match step.command.clone() {
        // Done there with a look at what it changes.
        Some(command) if command.starts_with("regpass fix ") => Go::Tab("Audit"),
        Some(command) => Go::Command(command),
        None => Go::Nowhere,
    };
    let row = Row::fact("next", format!("{mark} {}", step.what)).with(Meaning::Warn).leading(go);
    Row { mend: step.mend.clone(), ..row }
}

fn places(found: &Overview, scope: &Scope) -> Vec<Row> {
    let glyphs = scope.theme.glyphs;
    let short = |path: &Path| words::path(path, scope.home.as_deref());
    let user = found.user.as_deref().map_or_else(|| "unknown".to_owned(), |user| text::escaped(user.as_bytes()).into());
    let home = found.home.as_deref().map_or_else(
        || "no home".to_owned(),
        |home| format!("home {}", text::escaped(home.as_os_str().as_encoded_bytes())),
    );
    let docker = Row::fact("docker", format!("{}: {}", short(&found.docker_file), found.docker_words()));
    let ours = found.helper.is_regpass();
    let (mark, meaning) = if ours { (glyphs.good, Meaning::Good) } else { (glyphs.warn, Meaning::Warn) };
    let mut rows = vec![
        Row::fact("you", format!("{user} (uid {}), {home}", found.uid)),
        Row { mend: docker_mend(found), ..docker },
        Row::fact("helper", format!("{mark} {}", found.helper.words())).with(meaning),
    ];
    for store in &found.stores {
        let label = if store.mount.is_empty() { "store" } else { "mount" };
        let name = if store.mount.is_empty() { String::new() } else { format!("{} at ", text::quoted(&store.mount)) };
        let (state, meaning) = if store.exists { ("", Meaning::Plain) } else { (": not there", Meaning::Warn) };
        let row = Row::fact(label, format!("{name}{}{state}", short(&store.root))).with(meaning);
        rows.push(row.leading(Go::Tab("Store")));
    }
    rows.push(match &found.key_file {
        Some(file) => Row::fact("key file", short(file)),
        None => Row::fact("GnuPG", short(&found.gnupg_home)),
    });
    rows
}

/// What was put there can be taken out.
fn docker_mend(found: &Overview) -> Option<Mend> {
    let docker = found.docker.as_ref().ok()?;
    let put = docker.placed == Placed::AtTop && docker.helper.as_deref() == Some(mending::USUAL);
    put.then(|| Mend::NoCredsStore(docker.file.clone()))
}

fn key_row(found: &Overview, own: Option<&OwnKey>, scope: &Scope) -> Row {
    let mark = scope.theme.glyphs.ellipsis;
    let key = own.and_then(|own| own.key.as_ref()).or(found.key.as_ref());
    let Some(key) = key else { return Row::fact("key", "none that the store is written for") };
    let name = words::reader_name(key, mark);
    let hex = key.fingerprint.as_deref().map(|hex| words::short_key(hex, mark));
    let hex = hex.filter(|hex| *hex != name).map(|hex| format!(" {hex}"));
    let (state, meaning) = match own.map(|own| own.lock) {
        Some(Lock::Unlocked) => ("unlocked", Meaning::Good),
        Some(Lock::Locked) => ("locked: opening an entry asks for its passphrase", Meaning::Warn),
        Some(Lock::KeyFile) => ("from the key file", Meaning::Plain),
        Some(Lock::Card) => ("on a card", Meaning::Plain),
        Some(Lock::Absent) => ("its secret key is not here", Meaning::Warn),
        Some(Lock::NoAgent) => ("the agent does not run", Meaning::Warn),
        Some(Lock::Silent) => ("the agent does not answer", Meaning::Warn),
        Some(Lock::Untold) | None => ("not known whether it is locked", Meaning::Plain),
    };
    Row::fact("key", format!("{name}{}, {state}", hex.unwrap_or_default())).with(meaning)
}
