//! Calls of the credential helper in few words, for the screens that show them. The record is foreign text: escaped here.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::screen::Scope;
use super::super::theme::{Glyphs, Meaning};
use super::super::widgets::details::Details;
use super::super::widgets::words;
use crate::model::registry_key::HUB_NAME;
use crate::model::{EntryPath, RegistryKey, text, utc};
use crate::ops::registries::{self, RegistryLogin};
use crate::system::journal::{Call, MASK};
use crate::system::options::Typed;
use crate::system::store::layout;

/// When (UTC), always as wide: `today` or the day, and the time; the date alone in other years than this.
pub(super) fn when(call: &Call, now: SystemTime) -> String {
    let told = text::escaped(call.time.as_bytes()).into_owned();
    let now = utc::rfc3339(now);
    let parts = (told.get(..10), told.get(5..10), told.get(11..19));
    let (Some(date), Some(day), Some(time)) = parts else { return words::fit(&told, 14, "") };
    let told = if now.starts_with(date) {
        format!("today {time}")
    } else if now.get(..4) == told.get(..4) {
        format!("{day} {time}")
    } else {
        date.to_owned()
    };
    format!("{told:<14}")
}

/// What the call was about; `-` for nothing in particular.
pub(super) fn server(call: &Call) -> Cow<'_, str> {
    match call.server.as_deref() {
        None => Cow::Borrowed("-"),
        Some(MASK) => Cow::Borrowed("(no host)"),
        Some(server) => text::escaped(server.as_bytes()),
    }
}

/// How it ended: the word, and what it means. A call that did its work and left a warning is not simply good.
pub(super) fn outcome(call: &Call) -> (Cow<'_, str>, Meaning) {
    let meaning = match &*call.outcome {
        outcome if call.warning.is_some() && !outcome.starts_with("error") => Meaning::Warn,
        "found" | "stored" | "erased" => Meaning::Good,
        "not-found" | "window-over" => Meaning::Warn,
        outcome if outcome.starts_with("error") => Meaning::Bad,
        _ => Meaning::Plain,
    };
    (text::escaped(call.outcome.as_bytes()), meaning)
}

/// The word for how it ended stands beside this.
pub(super) fn mark(meaning: Meaning, glyphs: &Glyphs) -> &'static str {
    match meaning {
        Meaning::Good => glyphs.good,
        Meaning::Warn => glyphs.warn,
        Meaning::Bad => glyphs.bad,
        _ => " ",
    }
}

/// What was asked, in few words.
pub(super) fn title(call: &Call) -> String {
    format!("{} {}", text::escaped(call.action.as_bytes()), server(call))
}

/// What the call means for the one who made it: which places were used, what Docker will have printed, what mends it.
pub(super) fn explain(call: &Call, kept: Option<&RegistryLogin>, details: &mut Details<'_>, scope: &Scope) {
    // What mends it comes before the explanation ends: a small screen has few lines.
    let sentences = meant(call);
    let (first, more) = sentences.split_at(sentences.len().min(1));
    first.iter().for_each(|sentence| details.sentence(sentence, outcome(call).1));
    if let Some(warning) = &call.warning {
        details.sentence(&format!("Docker did not show this: {}", text::escaped(warning.as_bytes())), Meaning::Warn);
    }
    if call.server.as_deref() == Some(MASK) {
        let why =
            "What was asked about is no host's name; it is not recorded, since it may be a secret in the wrong place.";
        details.sentence(why, Meaning::Warn);
    }
    if let Some(sentence) = elsewhere(call, scope) {
        details.sentence(&sentence, Meaning::Warn);
    }
    if let Some(login) = kept {
        let sentence = format!(
            "The store has a login for it under another spelling: {} ({}). Ask by that one, or keep it under this one too.",
            login.server.display(),
            login.login.shown()
        );
        details.sentence(&sentence, Meaning::Warn);
    }
    if let Some(command) = remedy(call, kept, scope) {
        let what = if outcome(call).1 == Meaning::Warn { "What mends it:" } else { "What is missing, by:" };
        details.sentence(&format!("{what}  {}", text::escaped(command.as_bytes())), Meaning::Plain);
    }
    more.iter().for_each(|sentence| details.sentence(sentence, outcome(call).1));
    details.gap();
    let safe = |told: &Option<String>| told.as_ref().map(|told| text::escaped(told.as_bytes()).into_owned());
    let when = text::escaped(call.time.as_bytes()).into_owned();
    details.fact("when", &format!("{when}, {} ms", call.millis), Meaning::Plain);
    let caller = safe(&call.caller).unwrap_or_else(|| "unknown".to_owned());
    details.fact("asked by", &format!("{caller}, uid {}", call.uid), Meaning::Plain);
    details.line_fact("HOME", &safe(&call.home).unwrap_or_else(|| "none".to_owned()), Meaning::Plain);
    details.line_fact("store", &safe(&call.store).unwrap_or_else(|| "unknown".to_owned()), Meaning::Plain);
    if let Some(user) = safe(&call.user) {
        details.fact("user", &user, Meaning::Plain);
    }
}

/// The command that mends it, or tells what would, as the one who made the call and with that one's HOME; None where nothing
/// has to be mended, or nobody knows what was asked for.
pub(super) fn remedy(call: &Call, kept: Option<&RegistryLogin>, scope: &Scope) -> Option<String> {
    let spelled_too = kept.and_then(|login| copied(call, login));
    let command = match outcome(call).1 {
        _ if spelled_too.is_some() => spelled_too.unwrap_or_default(),
        Meaning::Warn => {
            let server = call.server.as_deref().filter(|server| !server.contains("***"))?;
            match registries::name_of(&RegistryKey::new(server)) {
                name if name == HUB_NAME => "docker login".to_owned(),
                name => format!("docker login {}", text::shell_word(Path::new(&name))),
            }
        }
        Meaning::Bad => "regpass status".to_owned(),
        _ => return None,
    };
    let home = call.home.as_deref().map(Path::new);
    let is_ours = home == scope.home.as_deref();
    let before = match call.uid {
        uid if uid == scope.uid && is_ours => String::new(),
        uid if uid == scope.uid => home.map_or_else(String::new, |home| format!("HOME={} ", text::shell_word(home))),
        // With this HOME, sudo was called without -H: what is to be mended is here.
        0 if is_ours => String::new(),
        0 => "sudo -H ".to_owned(),
        uid => format!("sudo -H -u '#{uid}' "),
    };
    let places = places(call, scope);
    // sudo takes no variable but by leave of its configuration.
    let env = if before.starts_with("sudo") && !places.is_empty() { "env " } else { "" };
    Some(format!("{before}{env}{places}{command}"))
}

/// The login for what was asked about, kept in the call's store under another spelling; None too where there is one for just
/// this spelling by now.
pub(super) fn otherwise<'r>(call: &Call, logins: &'r [RegistryLogin]) -> Option<&'r RegistryLogin> {
    let asked = call.server.as_deref().filter(|_| call.action == "get" && call.outcome == "not-found")?;
    let (asked, store) = (RegistryKey::new(asked), Path::new(call.store.as_deref()?));
    let canonical = asked.canonical();
    let there: Vec<&RegistryLogin> =
        logins.iter().filter(|login| login.canonical == canonical && login.file.starts_with(store)).collect();
    if there.iter().any(|login| login.server == asked) {
        return None;
    }
    there.iter().find(|login| login.active).or(there.first()).copied()
}

/// The command that keeps it under the asked spelling too; none for a name that may be a secret.
fn copied(call: &Call, login: &RegistryLogin) -> Option<String> {
    let names =
        [call.server.as_deref()?, &login.server.display(), &login.login.shown()].map(|name| name.contains(MASK));
    if names.contains(&true) {
        return None;
    }
    let to = layout::login_entry(&RegistryKey::new(call.server.as_deref()?), &login.login).ok()?;
    let word = |entry: &EntryPath| text::shell_word(Path::new(entry.as_os_str()));
    Some(format!("regpass cp {} {}", word(&login.entry), word(&to)))
}

/// The store and GnuPG's home of the call, as far as a command with its home would not find them by itself.
fn places(call: &Call, scope: &Scope) -> String {
    let home = call.home.as_deref().map(Path::new);
    let is_ours = call.uid == scope.uid && home == scope.home.as_deref();
    let store = call.store.as_ref().map(PathBuf::from);
    let usual = home.map(|home| home.join(".password-store"));
    let store = store.filter(|store| usual.as_ref() != Some(store) || call.uid == scope.uid && scope.store_set);
    let docker_config = scope.typed.docker_config.clone().filter(|_| is_ours);
    Typed { store, gnupg_home: call.gnupg_home.as_ref().map(PathBuf::from), docker_config, read_only: false }
        .variables()
}

/// Docker's words are those of docker/cli (`cli/config/credentials`, `cli/command/image/pull.go`) and of its daemon.
fn meant(call: &Call) -> Vec<String> {
    let server = server(call);
    match (&*call.action, &*call.outcome) {
        ("get", "found") => vec!["The login was handed over.".to_owned()],
        ("get", "not-found") => vec![
            format!("This store has no login for {server}: the pull went on anonymously."),
            "For a private image or a push Docker will have printed: no basic auth credentials, or unauthorized."
                .to_owned(),
        ],
        ("get", "window-over") => vec![
            match &call.error {
                Some(why) => format!("No login was handed out: {}.", text::escaped(why.as_bytes())),
                None => "No login was handed out: the window that it came with is over.".to_owned(),
            },
            "Docker was told that there is none. To log out: regpass window close --over".to_owned(),
        ],
        (_, outcome) if outcome.starts_with("error") => {
            let why = call
                .error
                .as_ref()
                .map_or_else(|| "it left no words".to_owned(), |error| text::escaped(error.as_bytes()).into_owned());
            vec![
                format!("The helper failed: {why}"),
                "Docker will have printed: error getting credentials; from Docker 29 on a pull ends there, before it went on anonymously."
                    .to_owned(),
            ]
        }
        (_, "stored") => vec!["The login was stored.".to_owned()],
        (_, "unchanged") => vec!["The same login was there already; nothing was written.".to_owned()],
        (_, "erased") => vec!["The login was removed.".to_owned()],
        (_, "nothing-to-erase") => {
            vec!["There was no login to remove. docker logout asks for several spellings.".to_owned()]
        }
        (_, "listed") => vec!["All registries were listed, without secrets.".to_owned()],
        _ => Vec::new(),
    }
}

/// A call from another home looked into another store: the usual reason why sudo finds nothing.
fn elsewhere(call: &Call, scope: &Scope) -> Option<String> {
    let theirs = call.home.as_deref()?;
    let ours = scope.home.as_deref()?;
    let differs = Path::new(theirs) != ours;
    differs.then(|| {
        let theirs = text::escaped(theirs.as_bytes()).into_owned();
        format!("It was asked with another HOME than yours: {theirs}.")
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::catalogue::tests::login;
    use super::*;

    #[test]
    fn what_may_be_a_secret_stands_in_no_command() {
        let line = |server: &str| {
            format!(r#"{{"time":"","action":"get","server":"{server}","outcome":"not-found","millis":1,"uid":1}}"#)
        };
        let told = |asked: &str, server: &str, user: &str| {
            let call: Call = serde_json::from_str(&line(asked)).expect("a call");
            copied(&call, &login(server, user, "docker-credential-helpers/x/y"))
        };
        assert!(told("a.test", "https://a.test", "bob").is_some_and(|command| command.starts_with("regpass cp ")));
        assert_eq!(told("https://***@a.test", "https://a.test", "bob"), None);
        assert_eq!(told("a.test", "https://u:p@a.test", "bob"), None);
        assert_eq!(told("a.test", "https://a.test", "ghp_0aB1cD2eF3"), None);
    }
}
