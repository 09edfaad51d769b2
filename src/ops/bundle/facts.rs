//! Facts of the surroundings for support: variables by allow-list, Docker's configuration without its values, versions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::system::System;
use crate::system::docker::config;
use crate::system::docker::outline;
use crate::system::env::Env;
use crate::system::files;
use crate::system::process::{self, Limits};

/// Variables whose values are told: places and terminals.
const TOLD: [&str; 34] = [
    "CONTAINERS_REGISTRIES_CONF",
    "DISPLAY",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "GNUPGHOME",
    "GPG_TTY",
    "HELM_REGISTRY_CONFIG",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LC_ALL",
    "NO_PROXY",
    "PASSWORD_STORE_DIR",
    "PASSWORD_STORE_UMASK",
    "PATH",
    "REGISTRY_AUTH_FILE",
    "REGPASS_CONFIG",
    "REGPASS_KEY_FILE",
    "REGPASS_READ_ONLY",
    "SHELL",
    "SSH_TTY",
    "SUDO_UID",
    "TERM",
    "WAYLAND_DISPLAY",
    "WSL_DISTRO_NAME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Variables that matter by being set; of their values, the length.
const MEASURED: [&str; 6] = [
    "DOCKER_AUTH_CONFIG",
    "PASSWORD_STORE_GPG_OPTS",
    "PASSWORD_STORE_KEY",
    "PASSWORD_STORE_SIGNING_KEY",
    "REGPASS_KEY_PASSPHRASE_FILE",
    "GPG_AGENT_INFO",
];

/// The longest value that is told, in characters.
const VALUE_MAX: usize = 4096;

/// Of these, the values that are names: whatever else somebody put there is measured.
const NAMES: [&str; 7] = ["DISPLAY", "DOCKER_CONTEXT", "LANG", "LC_ALL", "TERM", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"];

/// The longest name that is told, in characters.
const NAME_MAX: usize = 64;

/// How long a program may take to tell its version.
const VERSION: Limits = Limits { time: Duration::from_secs(3), stdout: 64 << 10 };

/// Programs, and the question that each answers with its version; None for those that make files at any start.
const PROGRAMS: [(&str, Option<&str>); 12] = [
    ("docker", Some("--version")),
    ("podman", None),
    ("skopeo", Some("--version")),
    ("gpg", Some("--version")),
    ("gpg-agent", Some("--version")),
    ("gpgconf", Some("--version")),
    ("pinentry", Some("--version")),
    ("pass", None),
    ("gopass", None),
    ("git", Some("--version")),
    ("docker-credential-pass", None),
    ("sudo", None),
];

/// Variables by allow-list; of the rest, how many there are.
pub fn environment(env: &Env) -> Value {
    let mut told = Map::new();
    for name in TOLD {
        if let Some(value) = env.var(name) {
            told.insert(name.to_owned(), shown(name, &value.to_string_lossy()).into());
        }
    }
    let measured = MEASURED.iter().filter_map(|name| Some(((*name).to_owned(), Value::from(env.var(name)?.len()))));
    let measured: Map<String, Value> = measured.collect();
    let others = env.vars().count().saturating_sub(told.len() + measured.len());
    json!({ "uid": env.uid(), "values": told, "lengths": measured, "others": others })
}

fn shown(name: &str, value: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@+".contains(&byte);
    if NAMES.contains(&name) && (value.len() > NAME_MAX || !value.bytes().all(fits)) {
        return format!("a text of {} bytes", value.len());
    }
    value.chars().take(VALUE_MAX).collect()
}

/// Docker's `config.json`: names of members, helpers and registries; of every other value its kind and length.
pub fn docker_config(system: &System) -> Value {
    let file = system.options.docker_config.join(config::FILE);
    let shown = file.to_string_lossy().into_owned();
    match outline::of(&file) {
        Ok(outline) => json!({ "file": shown, "outline": outline }),
        Err(why) => json!({ "file": shown, "why": why }),
    }
}

/// Of regpass, of the system, and of the programs that it works with.
pub fn versions(system: &System) -> Value {
    let mut programs = Map::new();
    for (name, question) in PROGRAMS {
        let Some(path) = system.env.find_program(name) else {
            programs.insert(name.to_owned(), Value::Null);
            continue;
        };
        let said = question.and_then(|question| first_line(&system.env, &path, question));
        programs.insert(name.to_owned(), json!({ "path": path.to_string_lossy(), "said": said }));
    }
    json!({
        "regpass": env!("CARGO_PKG_VERSION"),
        "system": system_name(),
        "kernel": line_of(&PathBuf::from("/proc/sys/kernel/osrelease")),
        "programs": programs,
    })
}

fn first_line(env: &Env, path: &Path, question: &str) -> Option<String> {
    let mut command = process::command(env, &path.to_string_lossy());
    command.arg(question);
    let finished = process::run(&mut command, b"", VERSION).ok()?;
    let text = String::from_utf8_lossy(finished.stdout.expose()).into_owned();
    text.lines().next().map(|line| line.chars().take(200).collect())
}

fn system_name() -> Option<String> {
    let text = files::read_bounded(Path::new("/etc/os-release"), 64 << 10).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

fn line_of(path: &Path) -> Option<String> {
    let text = files::read_bounded(path, 4096).ok()?;
    Some(String::from_utf8_lossy(&text).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_measured() {
        let env = Env::made_of([
            ("LC_ALL", "de_DE.UTF-8"),
            ("DISPLAY", "pass word\u{1b}"),
            ("DOCKER_CONTEXT", &"x".repeat(65)),
        ]);
        let told = &environment(&env)["values"];
        assert_eq!((&told["LC_ALL"], &told["DISPLAY"]), (&json!("de_DE.UTF-8"), &json!("a text of 10 bytes")));
        assert_eq!(told["DOCKER_CONTEXT"], json!("a text of 65 bytes"));
    }
}
