//! What `regpass window` says: for people, and for programs (docs/json.md, `window`).

use std::time::SystemTime;

use serde_json::{Value, json};

use super::super::{Session, login, logout, names};
use super::left;
use crate::frontend::console::Role;
use crate::model::{Login, Problem, text, utc};
use crate::ops::deadline::{self, AllSeen, Seen};
use crate::ops::window::{Closed, Ended, Folder, One, Opened, Refused, Timer};

pub(super) fn opened(
    session: &Session,
    opened: &Opened,
    timers: &[Timer],
    folder: Option<&Folder>,
    as_json: bool,
) -> Result<(), Problem> {
    if as_json {
        return session.console.json(&opened_json(opened, timers, folder));
    }
    lines(session, opened);
    if let Some(folder) = folder {
        session.console.advice(&format!("use it: export DOCKER_CONFIG={}", text::shell_word(&folder.path)));
    }
    for timer in timers {
        session.console.advice(&format!("close it when nobody is there: {}", timer.command));
    }
    session.console.advice("close it: regpass window close");
    Ok(())
}

/// What is open, line by line.
pub(super) fn lines(session: &Session, opened: &Opened) {
    let console = &session.console;
    let until = left(session.env.unstopped(), opened.until);
    for one in &opened.registries {
        let name = text::quoted(&one.name);
        let login = whose(one);
        let what = match (&one.entered, &one.checked) {
            (Some(entered), _) => match &entered.checked {
                Some(checked) => format!("{login} is kept by {}, and was read back: {}", one.keeper, checked.message),
                None => format!("{login} is kept by {}, and was read back: the registry was not asked", one.keeper),
            },
            (None, Some(checked)) => format!("{login} was there: {}", checked.message),
            (None, None) => format!("{login} was there"),
        };
        let end = if one.own { "" } else { "; it stays at the end" };
        console.status(&format!("{name} is open {until}: {what}{end}"));
        let entered = one.entered.iter();
        entered.clone().flat_map(|entered| &entered.warnings).for_each(|warning| console.warning(warning));
        for told in entered.flat_map(|entered| &entered.in_clear) {
            console.warning(&Problem::failed(told.clone()).hint("move it into the store: regpass fix"));
        }
    }
}

fn whose(one: &One) -> String {
    one.login.as_ref().map_or_else(|| "a login".to_owned(), |login| format!("the login of {}", login.quoted()))
}

/// `schema` 1 of docs/json.md, `window open`.
fn opened_json(opened: &Opened, timers: &[Timer], folder: Option<&Folder>) -> Value {
    let registries: Vec<Value> = opened.registries.iter().map(one).collect();
    let timers: Vec<Value> =
        timers.iter().map(|timer| json!({ "program": timer.program, "command": timer.command })).collect();
    json!({
        "schema": names::SCHEMA, "opened": true, "window": opened.window, "until": utc::rfc3339(opened.until),
        "registries": registries, "docker_config": folder.map(|folder| folder.path.to_string_lossy()), "timers": timers,
    })
}

fn one(one: &One) -> Value {
    let entered = one.entered.as_ref();
    let checked = entered.and_then(|entered| entered.checked.as_deref()).or(one.checked.as_deref());
    let warnings = one.warnings.iter().chain(entered.into_iter().flat_map(|entered| &entered.warnings));
    json!({
        "registry": one.name, "user": one.login.as_ref().filter(|login| login.is_showable()).map(Login::as_str),
        "keeper": one.keeper, "own": one.own, "changed": entered.is_some_and(|entered| entered.changed),
        "checked": checked.map(login::checked), "problems": warnings.map(Problem::one_line).collect::<Vec<_>>(),
    })
}

/// The exit code is that of a login that was refused.
pub(super) fn refused(session: &Session, refused: &Refused, as_json: bool) -> Result<u8, Problem> {
    if as_json {
        let checked = refused.checked.as_ref();
        session.console.json(&json!({
            "schema": names::SCHEMA, "opened": false, "registry": checked.map(|(name, _)| name),
            "checked": checked.map(|(_, checked)| login::checked(checked)),
            "closed": refused.closed.ended.iter().map(ended_json).collect::<Vec<_>>(),
        }))?;
    }
    let mut problem = refused.problem.clone();
    for ended in &refused.closed.ended {
        problem = problem.because(format!("what was open by then: {}", words(ended)));
    }
    refused.closed.warnings.iter().for_each(|warning| session.console.warning(warning));
    let Some((_, checked)) = &refused.checked else { return Err(problem) };
    session.console.problem(&problem);
    Ok(checked.outcome.class().exit)
}

pub(super) fn extended(
    session: &Session,
    moved: &[(String, SystemTime)],
    now: SystemTime,
    as_json: bool,
) -> Result<(), Problem> {
    if as_json {
        let moved = moved.iter().map(|(name, until)| json!({ "registry": name, "until": utc::rfc3339(*until) }));
        return session.console.json(&json!({ "schema": names::SCHEMA, "registries": moved.collect::<Vec<_>>() }));
    }
    for (name, until) in moved {
        session.console.status(&format!("{} is open {}", text::quoted(name), left(now, *until)));
    }
    Ok(())
}

pub(super) fn closed(session: &Session, closed: &Closed, as_json: bool) -> Result<(), Problem> {
    closed.warnings.iter().for_each(|warning| session.console.warning(warning));
    let logged_out = closed.ended.iter().filter_map(|ended| match ended {
        Ended::Out(done) => Some(done),
        _ => None,
    });
    logged_out.flat_map(|done| &done.warnings).for_each(|warning| session.console.warning(warning));
    if as_json {
        return session.console.json(&json!({
            "schema": names::SCHEMA, "proved": closed.is_proved(),
            "registries": closed.ended.iter().map(ended_json).collect::<Vec<_>>(),
            "removed": closed.removed.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
            "problems": closed.warnings.iter().map(Problem::one_line).collect::<Vec<_>>(),
        }));
    }
    closed.ended.iter().filter(|ended| ended.is_proved()).for_each(|ended| session.console.status(&words(ended)));
    for path in &closed.removed {
        session.console.status(&format!("{}, which was made for the window, is gone", text::quoted_path(path)));
    }
    if closed.ended.is_empty() && closed.warnings.is_empty() {
        session.console.status("no window is there to be closed");
    }
    Ok(())
}

fn words(ended: &Ended) -> String {
    match ended {
        Ended::Out(done) => logout::told(done),
        Ended::Shared(name, until) => {
            format!("{} stays open until {}: another window has it too", text::quoted(name), deadline::minute(*until))
        }
        Ended::Stays(name) => format!("the login of {} was there before the window, and stays", text::quoted(name)),
        Ended::Failed(name, why) => format!("{}: {}", text::quoted(name), why.one_line()),
    }
}

fn ended_json(ended: &Ended) -> Value {
    let (kind, until, problem) = match ended {
        Ended::Out(_) => ("logged-out", None, None),
        Ended::Shared(_, until) => ("shared", Some(utc::rfc3339(*until)), None),
        Ended::Stays(_) => ("stays", None, None),
        Ended::Failed(_, why) => ("failed", None, Some(why.one_line())),
    };
    let mut value = match ended {
        Ended::Out(done) => logout::one(done),
        _ => json!({ "registry": ended.registry(), "proved": ended.is_proved(), "until": until, "problem": problem }),
    };
    value["ended"] = kind.into();
    value
}

pub(super) fn status(session: &Session, all: &AllSeen, as_json: bool) -> Result<(), Problem> {
    let now = session.env.unstopped();
    if as_json {
        return session.console.json(&status_json(all, now));
    }
    if all.is_empty() {
        session.console.status("no window is open");
        return Ok(());
    }
    let console = &session.console;
    let mut text = String::new();
    for seen in &all.windows {
        let (role, state) = state_words(seen, now);
        let user = seen.record.user.as_deref().map(|user| format!(" as {}", text::quoted(user))).unwrap_or_default();
        text.push_str(&format!(
            "{}{user}: {}\n",
            text::escaped(seen.record.registry.as_bytes()),
            console.paint(role, &state)
        ));
        if let Some(runner) = &seen.hold.runner {
            text.push_str(&format!("  for the command of process {}\n", runner.pid));
        }
        if seen.hold.made.is_some() {
            text.push_str(&format!("  DOCKER_CONFIG={}\n", text::shell_word(&seen.hold.docker_config)));
        }
    }
    for (path, why) in &all.damaged {
        text.push_str(&console.paint(Role::Error, &format!("a record cannot be read: {why}")));
        text.push_str(&format!("\n  {}\n", text::shell_word(path)));
    }
    console.data(&text)?;
    if !all.left.is_empty() {
        console.advice("log out of what is over: regpass window close --over");
    }
    Ok(())
}

fn state_words(seen: &Seen, now: SystemTime) -> (Role, String) {
    match &seen.over {
        Some(why) if seen.record.own => (Role::Error, why.words(now)),
        Some(why) => (Role::Muted, format!("{}; the login was there before, and stays", why.words(now))),
        None if seen.record.own => (Role::Good, format!("open {}", left(now, seen.until()))),
        None => (Role::Good, format!("open {}; the login was there before, and stays", left(now, seen.until()))),
    }
}

/// `schema` 1 of docs/json.md, `window status`.
fn status_json(all: &AllSeen, now: SystemTime) -> Value {
    let windows = all.windows.iter().map(|seen| window_json(seen, now)).collect::<Vec<_>>();
    let damaged = all.damaged.iter().map(|(path, why)| json!({ "file": path.to_string_lossy(), "problem": why }));
    json!({ "schema": names::SCHEMA, "windows": windows, "damaged": damaged.collect::<Vec<_>>() })
}

/// One window at one registry.
pub(in crate::frontend::cli) fn window_json(seen: &Seen, now: SystemTime) -> Value {
    let left = seen.until().duration_since(now).unwrap_or_default().as_secs();
    let runner = seen.hold.runner.as_ref();
    json!({
        "window": seen.hold.window, "registry": seen.record.registry, "user": seen.record.user,
        "keeper": seen.record.keeper, "own": seen.record.own, "open": seen.over.is_none(),
        "over": seen.over.as_ref().map(|why| why.id()), "opened": utc::rfc3339(seen.opened()),
        "until": utc::rfc3339(seen.until()), "seconds_left": if seen.over.is_none() { left } else { 0 },
        "docker_config": seen.hold.docker_config.to_string_lossy(), "made": seen.hold.made.is_some(),
        "runner": runner.map(|runner| json!({ "pid": runner.pid, "host": runner.host })),
    })
}
