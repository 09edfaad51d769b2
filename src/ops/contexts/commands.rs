//! Whether a command of a unit or a cron table runs Docker's client, and what it sets for it: variables in front of it and
//! `--config`. Reads a script that the command names, once; a script that it starts is not followed. Pure but for that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::system::files::{self, FileError};
use crate::system::units;
use crate::system::variables::assignment;

/// The largest script read, in bytes.
const SCRIPT_MAX: u64 = 256 << 10;

/// Docker's client under its names.
const CLIENTS: [&str; 2] = ["docker", "docker-compose"];

/// Options in front of Docker's own command that take the next word (docker(1)).
const VALUED: [&str; 9] =
    ["-c", "--context", "-H", "--host", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey"];

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

/// Words of a shell behind which a command begins.
const KEYWORDS: [&str; 8] = ["if", "then", "do", "else", "while", "until", "!", "{"];

/// What a command sets for Docker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    /// In their order and as they are written: what a shell would put in (`$HOME`) still stands there.
    pub variables: Vec<(String, String)>,
    /// `--config`, as written.
    pub config: Option<String>,
}

/// Looks at commands, and into the scripts that they name.
#[derive(Debug)]
pub(super) struct Commands {
    /// Which variables are kept.
    wanted: fn(&str) -> bool,
    scripts: BTreeMap<PathBuf, Option<Runs>>,
    /// Scripts that could not be read: what they run is not known.
    pub closed: Vec<FileError>,
}

impl Commands {
    pub fn new(wanted: fn(&str) -> bool) -> Commands {
        Commands { wanted, scripts: BTreeMap::new(), closed: Vec::new() }
    }

    /// None where it does not run Docker's client, as far as that can be seen.
    pub fn runs_docker(&mut self, command: &str) -> Option<Runs> {
        let mut set = Vec::new();
        if let Some(found) = in_line(command, self.wanted, 0, &mut set) {
            return Some(found);
        }
        let found = split(bare(command)).iter().find_map(|part| self.by_script(part))?;
        set.extend(found.variables);
        Some(Runs { variables: set, config: found.config })
    }

    /// The command is a script, or a shell's with one.
    fn by_script(&mut self, command: &str) -> Option<Runs> {
        let words = units::words(command);
        let at = words.iter().position(|word| !assigns(word) && !is_wrapper(word) && !word.starts_with('-'))?;
        let script = match SHELLS.contains(&base(&words[at])) {
            true => words[at + 1..].iter().find(|word| !word.starts_with('-'))?,
            false => &words[at],
        };
        let found = self.script(Path::new(script))?;
        let in_front = words[..at].iter().filter_map(|word| assignment(word)).filter(|(name, _)| (self.wanted)(name));
        let mut variables: Vec<_> = in_front.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        variables.extend(found.variables);
        Some(Runs { variables, config: found.config })
    }

    fn script(&mut self, path: &Path) -> Option<Runs> {
        if !path.is_absolute() {
            return None;
        }
        if let Some(known) = self.scripts.get(path) {
            return known.clone();
        }
        let found = match script_text(path) {
            Ok(text) => text.and_then(|text| in_script(&text, self.wanted)),
            Err(error) => {
                self.closed.push(error);
                None
            }
        };
        self.scripts.insert(path.to_owned(), found.clone());
        found
    }
}

/// None where it is no script.
fn script_text(path: &Path) -> Result<Option<String>, FileError> {
    const MARK: &[u8] = b"#!";
    match files::read_front(path, MARK.len() as u64) {
        Ok(front) if front == MARK => {
            let bytes = files::read_bounded(path, SCRIPT_MAX)?;
            Ok(Some(String::from_utf8_lossy(&bytes).replace("\\\n", " ")))
        }
        Ok(_) | Err(FileError::NotAFile { .. }) => Ok(None),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn in_script(text: &str, wanted: fn(&str) -> bool) -> Option<Runs> {
    let mut set = Vec::new();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.find_map(|line| in_line(line, wanted, 0, &mut set))
}

/// Systemd's marks in front of a program (systemd.service(5), "ExecStart="), and a shell's.
fn bare(command: &str) -> &str {
    command.trim_start_matches(['@', '-', ':', '+', '!', '|', ' '])
}

/// `set`: what was set for good before, to which this line adds.
fn in_line(line: &str, wanted: fn(&str) -> bool, depth: usize, set: &mut Vec<(String, String)>) -> Option<Runs> {
    for part in split(bare(line)) {
        if let Some(found) = in_command(&part, wanted, depth) {
            let mut variables = std::mem::take(set);
            variables.extend(found.variables);
            return Some(Runs { variables, config: found.config });
        }
        set.extend(set_for_good(&part).into_iter().filter(|(name, _)| wanted(name)));
    }
    None
}

/// What a command sets for those after it: it has assignments only.
fn set_for_good(command: &str) -> Vec<(String, String)> {
    let words = units::words(command);
    let is_other = |word: &&String| word.as_str() != "export" && !KEYWORDS.contains(&word.as_str());
    let mut set = Vec::new();
    for word in words.iter().skip_while(|word| !is_other(word)).take_while(|word| !word.starts_with('#')) {
        let Some((name, value)) = assignment(word).filter(|_| assigns(word)) else { return Vec::new() };
        set.push((name.to_owned(), value.to_owned()));
        // What a command makes goes on in the next words.
        if value.matches('`').count() % 2 == 1 {
            break;
        }
    }
    set
}

/// One command without what it is piped to or followed by.
fn in_command(command: &str, wanted: fn(&str) -> bool, depth: usize) -> Option<Runs> {
    let words = units::words(command);
    let mut found = Runs::default();
    let mut wrapped = false;
    for (index, word) in words.iter().enumerate() {
        let name = base(word);
        if let Some((name, value)) = assignment(word).filter(|_| assigns(word)) {
            if wanted(name) {
                found.variables.push((name.to_owned(), value.to_owned()));
            }
        } else if CLIENTS.contains(&name) {
            found.config = config_option(&words[index + 1..]);
            return Some(found);
        } else if SHELLS.contains(&name) && depth < 2 {
            let inner =
                words[index + 1..].iter().skip_while(|word| !(word.starts_with('-') && word.ends_with('c'))).nth(1)?;
            return in_line(inner, wanted, depth + 1, &mut found.variables);
        } else if is_wrapper(word) || KEYWORDS.contains(&word.as_str()) {
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

/// The last `--config` among the options in front of Docker's own command; what follows that is the command's.
fn config_option(words: &[String]) -> Option<String> {
    let mut config = None;
    let mut words = words.iter();
    while let Some(word) = words.next().filter(|word| word.starts_with('-')) {
        if word == "--config" {
            config = words.next();
        } else if VALUED.contains(&word.as_str()) {
            words.next();
        } else if word.starts_with("--config=") {
            config = Some(word);
        }
    }
    let config = config?;
    let config = config.strip_prefix("--config=").unwrap_or(config);
    (!config.is_empty()).then(|| config.to_owned())
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
        Commands::new(|_| true).runs_docker(command).map(|runs| (runs.variables, runs.config))
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
        assert_eq!(found("export HOME=/x && cd /y; docker pull y"), Some((set("HOME", "/x"), None)));
        assert_eq!(found("sh -c 'HOME=`mktemp -d`; docker pull y'"), Some((set("HOME", "`mktemp"), None)));
        assert_eq!(found("HOME=$(mktemp -d) docker pull y"), Some((set("HOME", "$"), None)));
        assert_eq!(found("echo HOME=/x; docker pull y"), Some((Vec::new(), None)));
    }

    #[test]
    fn only_docker_s_own_options_say_where_its_configuration_is() {
        for (command, config) in [
            ("docker --config /d pull y", Some("/d")),
            ("docker --debug --config=/d pull y", Some("/d")),
            ("docker -H tcp://h --config /d --log-level debug pull y", Some("/d")),
            ("docker --config /a --config=/d pull y", Some("/d")),
            ("sh -c 'docker --config \"$HOME/.docker\" pull y'", Some("$HOME/.docker")),
            ("docker run x --config=/d", None),
            ("/usr/bin/docker run --rm prom/x --config /etc/prom", None),
            ("docker -H --config pull", None),
            ("docker --config", None),
            ("docker --config= pull y", None),
        ] {
            assert_eq!(found(command), Some((Vec::new(), config.map(str::to_owned))), "{command}");
        }
    }

    #[test]
    fn a_script_that_is_named_is_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let script = dir.path().join("pull");
        std::fs::write(&script, "#!/bin/sh\n# docker\nexport DOCKER_CONFIG=\"/d\"\ndocker \\\n  pull x\n")
            .expect("written");
        let set = |value: &str| vec![("DOCKER_CONFIG".to_owned(), value.to_owned())];
        let path = script.to_str().expect("text");
        assert_eq!(found(path), Some((set("/d"), None)));
        assert_eq!(found(&format!("/bin/sh {path} now")), Some((set("/d"), None)));
        assert_eq!(found(&format!("test -x {path} && {path}")), Some((set("/d"), None)));
        std::fs::write(&script, "#!/bin/sh\nDOCKER_CONFIG=$X # mine\ndocker pull x\n").expect("written");
        assert_eq!(found(path), Some((set("$X"), None)), "what only a shell knows is told as written");
        std::fs::write(&script, "docker pull x\n").expect("written");
        assert_eq!(found(path), None, "no script");
        assert_eq!(found("/dev/zero"), None);
    }

    #[test]
    fn a_script_is_read_once_and_one_that_cannot_be_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let script = dir.path().join("pull");
        let put = |text: &str| std::fs::write(&script, text).expect("written");
        let path = script.to_str().expect("text");
        let mut commands = Commands::new(|_| true);
        put("#!/bin/sh\ndocker pull x\n");
        assert!(commands.runs_docker(path).is_some());
        put("#!/bin/sh\n");
        assert!(commands.runs_docker(path).is_some(), "read a second time");
        let mut commands = Commands::new(|_| true);
        put(&format!("#!/bin/sh\n{}docker pull x\n", "#\n".repeat(SCRIPT_MAX as usize)));
        assert!(commands.runs_docker(path).is_none() && commands.runs_docker(path).is_none());
        assert!(matches!(&commands.closed[..], [FileError::TooLarge { .. }]), "{:?}", commands.closed);
        put(&"x".repeat(SCRIPT_MAX as usize + 1));
        let mut commands = Commands::new(|_| true);
        assert!(commands.runs_docker(path).is_none() && commands.closed.is_empty(), "no script, whatever its size");
    }
}
