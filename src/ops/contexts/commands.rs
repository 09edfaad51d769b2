//! Whether a command of a unit or a cron table runs Docker's client, and what it sets for it: variables in front of it and
//! `--config`. Reads a script that the command names, once; a script that it starts is not followed. Pure but for that.

use std::path::Path;

use crate::system::files;
use crate::system::units;
use crate::system::variables::{Variables, assignment};

/// The largest script read, in bytes.
const SCRIPT_MAX: u64 = 256 << 10;

/// Docker's client under its names.
const CLIENTS: [&str; 2] = ["docker", "docker-compose"];

/// Programs that run what follows their options.
const WRAPPERS: [&str; 12] = [
    "env",
    "exec",
    "nice",
    "ionice",
    "nohup",
    "time",
    "timeout",
    "command",
    "chronic",
    "flock",
    "systemd-cat",
    "setsid",
];

const SHELLS: [&str; 4] = ["sh", "bash", "dash", "zsh"];

/// What a command sets for Docker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    pub variables: Variables,
    /// `--config`.
    pub config: Option<String>,
}

/// None where it does not run Docker's client, as far as that can be seen. `wanted` says which variables are kept.
pub fn runs_docker(command: &str, wanted: fn(&str) -> bool) -> Option<Runs> {
    if let Some(found) = in_line(command, wanted, 0) {
        return Some(found);
    }
    let words = units::words(bare(command));
    let script = words.iter().find(|word| !assigns(word) && !is_wrapper(word) && !word.starts_with('-'))?;
    let script =
        if SHELLS.contains(&base(script)) { words.iter().skip(1).find(|word| !word.starts_with('-'))? } else { script };
    in_script(Path::new(script), wanted)
}

fn in_script(path: &Path, wanted: fn(&str) -> bool) -> Option<Runs> {
    let bytes = path.is_absolute().then(|| files::read_bounded(path, SCRIPT_MAX).ok()).flatten()?;
    let text = bytes.starts_with(b"#!").then(|| String::from_utf8_lossy(&bytes).replace("\\\n", " "))?;
    let mut set = Variables::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some(found) = in_line(line, wanted, 0) {
            set.extend(found.variables);
            return Some(Runs { variables: set, config: found.config });
        }
        // What is set for good, in plain words.
        if let Some((name, value)) =
            assignment(line).filter(|(name, value)| wanted(name) && !value.contains(['$', '`']))
        {
            set.insert(name.to_owned(), units::words(value).concat());
        }
    }
    None
}

/// Systemd's marks in front of a program (systemd.service(5), "ExecStart="), and a shell's.
fn bare(command: &str) -> &str {
    command.trim_start_matches(['@', '-', ':', '+', '!', '|', ' '])
}

fn in_line(line: &str, wanted: fn(&str) -> bool, depth: usize) -> Option<Runs> {
    split(bare(line)).iter().find_map(|part| in_command(part, wanted, depth))
}

/// One command without what it is piped to or followed by.
fn in_command(command: &str, wanted: fn(&str) -> bool, depth: usize) -> Option<Runs> {
    let words = units::words(command);
    let mut found = Runs::default();
    let mut wrapped = false;
    for (index, word) in words.iter().enumerate() {
        let name = base(word);
        if let Some((name, value)) = assignment(word).filter(|_| assigns(word)) {
            if wanted(name) && !value.contains(['$', '`']) {
                found.variables.insert(name.to_owned(), value.to_owned());
            }
        } else if CLIENTS.contains(&name) {
            found.config = config_option(&words[index + 1..]);
            return Some(found);
        } else if SHELLS.contains(&name) && depth < 2 {
            let inner =
                words[index + 1..].iter().skip_while(|word| !(word.starts_with('-') && word.ends_with('c'))).nth(1)?;
            let inner = in_line(inner, wanted, depth + 1)?;
            found.variables.extend(inner.variables);
            return Some(Runs { config: inner.config, ..found });
        } else if is_wrapper(word) || ["if", "then", "do", "else", "while", "until", "!", "{"].contains(&word.as_str())
        {
            wrapped = true;
        } else if !(wrapped && is_argument(word)) {
            return None;
        }
    }
    None
}

/// An option or a value of a wrapper: a time, a number, a lock file.
fn is_argument(word: &str) -> bool {
    word.starts_with('-') || word.starts_with(|c: char| c.is_ascii_digit()) || word.starts_with('/')
}

fn assigns(word: &str) -> bool {
    assignment(word).is_some() && !word.starts_with("export ")
}

fn is_wrapper(word: &str) -> bool {
    WRAPPERS.contains(&base(word))
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn config_option(words: &[String]) -> Option<String> {
    let options = words.iter().position(|word| !word.starts_with('-')).unwrap_or(words.len());
    let joined = words.iter().take(options).find_map(|word| word.strip_prefix("--config="));
    let split = words.windows(2).find(|pair| pair[0] == "--config").map(|pair| pair[1].as_str());
    joined.or(split).map(str::to_owned)
}

/// The commands of a line, split where a shell would, outside quotes.
fn split(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', _) => {
                if let Some(part) = parts.last_mut() {
                    part.push(letter);
                    part.extend(letters.next());
                }
                continue;
            }
            (_, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            (';' | '|' | '&' | '(' | ')', None) => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Option<(Vec<(String, String)>, Option<String>)>;

    fn found(command: &str) -> Found {
        runs_docker(command, |_| true).map(|runs| (runs.variables.into_iter().collect(), runs.config))
    }

    #[test]
    fn docker_is_seen_where_it_is_run() {
        for command in [
            "docker pull x",
            "-/usr/bin/docker compose up",
            "cd /srv && docker-compose pull",
            "true || /usr/bin/docker ps | grep x",
            "/bin/sh -c 'docker pull x'",
            "/bin/bash -lc \"cd /x; exec docker pull y\"",
            "timeout 30 docker pull x",
            "flock -n /run/x.lock nice -n 10 docker pull x",
            "if docker pull x; then true; fi",
        ] {
            assert_eq!(found(command), Some((Vec::new(), None)), "{command}");
        }
        for command in [
            "/usr/bin/dockerd -H fd://",
            "echo docker pull x",
            "systemctl restart docker",
            "/usr/bin/docker-proxy",
            "grep docker /etc/passwd",
            "logger 'docker; docker pull'",
            "/bin/sh -c 'echo docker'",
            "podman pull x",
            "",
        ] {
            assert_eq!(found(command), None, "{command}");
        }
    }

    #[test]
    fn what_is_set_for_it_is_kept() {
        let set = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(found("HOME=/x docker pull y"), Some((set("HOME", "/x"), None)));
        assert_eq!(found("env DOCKER_CONFIG=/d /usr/bin/docker pull y"), Some((set("DOCKER_CONFIG", "/d"), None)));
        assert_eq!(found("docker --config /d pull y"), Some((Vec::new(), Some("/d".to_owned()))));
        assert_eq!(found("docker --debug --config=/d pull y"), Some((Vec::new(), Some("/d".to_owned()))));
        assert_eq!(found("docker run x --config=/d"), Some((Vec::new(), None)));
    }

    #[test]
    fn a_script_that_is_named_is_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let script = dir.path().join("pull");
        std::fs::write(&script, "#!/bin/sh\n# docker\nexport DOCKER_CONFIG=\"/d\"\ndocker \\\n  pull x\n")
            .expect("written");
        let expected = Some((vec![("DOCKER_CONFIG".to_owned(), "/d".to_owned())], None));
        let path = script.to_str().expect("text");
        assert_eq!(found(path), expected);
        assert_eq!(found(&format!("/bin/sh {path} now")), expected);
        std::fs::write(&script, "docker pull x\n").expect("written");
        assert_eq!(found(path), None, "no script");
        assert_eq!(found("/dev/zero"), None);
    }
}
