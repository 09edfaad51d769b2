//! Recognises secrets of registries that stand in clear in one line of a text: in a shell's history, a start-up file, a
//! unit, an environment file. Answers where and how long, never what. What a shell would fill in later (`$PASSWORD`, a
//! command's output) is no secret, nor is a comment.

use crate::model::Login;
use crate::system::docker::auth_file::{masked, secret_in_address};

/// What stands in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub kind: Kind,
    pub registry: Option<String>,
    pub account: Option<Login>,
    /// In bytes.
    pub length: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A login with the password among its words: the program.
    Login(String),
    /// `DOCKER_AUTH_CONFIG=…`.
    AuthConfig,
    /// A variable that is named like a registry's password or token.
    Variable(String),
    /// `password:` of a chart repository.
    Password,
    /// `user:secret@` in the address of a proxy: the variable.
    Proxy(String),
}

/// Programs with `login` among their first words and a password among their options.
const PROGRAMS: [&str; 9] = ["docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "oras", "helm", "regctl"];

/// Options whose value is the password, `--creds` with the user's name before it.
const OPTIONS: [&str; 5] = ["-p", "--password", "--pass", "--docker-password", "-P"];

/// Options whose value is `USER:PASSWORD`, of every subcommand.
const CREDENTIALS: [&str; 3] = ["--creds", "--src-creds", "--dest-creds"];

/// Parts of a variable's name that tell of a registry (tui-and-audit 4.3, INL14).
const REGISTRIES: [&str; 7] = ["REGISTRY", "DOCKER", "DOCKERHUB", "HARBOR", "NEXUS", "GHCR", "ECR"];
const SECRETS: [&str; 6] = ["PASS", "PASSWORD", "PASSWD", "TOKEN", "SECRET", "PAT"];

/// Words of a name that is about a secret and holds none (distribution's own settings among them).
const OTHER: [&str; 22] = [
    "FILE",
    "PATH",
    "DIR",
    "URL",
    "STDIN",
    "NAME",
    "ID",
    "TTL",
    "REALM",
    "SERVICE",
    "ISSUER",
    "ROOTCERTBUNDLE",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "TIMEOUT",
    "LENGTH",
    "TYPE",
    "USER",
    "USERNAME",
    "ENABLED",
    "REQUIRED",
];

/// Programs whose words are text and no command.
const SPEAKERS: [&str; 8] = ["echo", "printf", "grep", "git", "cat", "man", "sed", "alias"];

/// A login, or the making of a registry's secret, with the secret in the command line.
pub fn in_command(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    in_commands(&split(&text), true)
}

/// `deeper`: a word with blanks may itself be a command, as for `sh -c`, or in YAML.
fn in_commands(commands: &[Vec<Word>], deeper: bool) -> Option<Literal> {
    for (index, words) in commands.iter().enumerate() {
        let speaks = words.iter().any(|word| SPEAKERS.contains(&base_name(&word.text)));
        let inner = words.iter().filter(|word| deeper && !speaks && word.text.contains(' '));
        if let Some(found) = inner.map(|word| split(&word.text)).find_map(|commands| in_commands(&commands, false)) {
            return Some(found);
        }
        let Some(start) = words.iter().position(|word| is_program(&word.text)) else { continue };
        let program = base_name(&words[start].text).to_owned();
        let rest = &words[start + 1..];
        let makes_secret = program == "kubectl" && rest.iter().any(|word| word.text == "docker-registry");
        let uses = rest.iter().any(|word| CREDENTIALS.contains(&word.text.split('=').next().unwrap_or_default()));
        if !makes_secret && (program == "kubectl" || !(uses || logs_in(rest))) {
            continue;
        }
        let found = option_value(rest).or_else(|| here_string(rest)).or_else(|| {
            let piped = rest.iter().any(|word| word.text == "--password-stdin");
            index.checked_sub(1).filter(|_| piped).and_then(|before| spoken(&commands[before]))
        });
        let Some((length, user)) = found else { continue };
        let account = user.or_else(|| value_of(rest, &["-u", "--username", "--docker-username"]).map(str::to_owned));
        let registry =
            if makes_secret { value_of(rest, &["--docker-server"]).map(str::to_owned) } else { registry(rest) };
        let registry = registry.map(|registry| masked(&registry));
        return Some(Literal { kind: Kind::Login(program), registry, account: account.map(Login::new), length });
    }
    None
}

/// `NAME=VALUE` of a file of variables, of a start-up file (`export` before it) or of a unit (`Environment=` before it).
pub fn in_assignment(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    let mut text = text.trim();
    if text.starts_with(['#', ';']) {
        return None;
    }
    for front in ["export ", "declare -x ", "set -gx ", "set -Ux ", "set -x ", "Environment=", "env ", "ENV ", "- "] {
        text = text.strip_prefix(front).unwrap_or(text).trim_start();
    }
    // `"NAME=VALUE"` is one word of a unit; `NAME: VALUE` is YAML, `NAME VALUE` fish.
    let text = text.strip_prefix(['"', '\'']).unwrap_or(text);
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (name, rest) = text.split_at(end);
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": ")).or_else(|| rest.strip_prefix(' '))?;
    let value = unquoted(value.trim());
    let kind = kind_of(name)?;
    let length = match &kind {
        Kind::Proxy(_) if value.contains("://") => secret_in_address(value.as_bytes())?,
        Kind::Proxy(_) => secret_in_address(format!("://{value}").as_bytes())?,
        Kind::AuthConfig => literal(value).filter(|_| !holds_nothing(value))?,
        _ => literal(value)?,
    };
    Some(Literal { kind, registry: None, account: None, length })
}

/// The password of a helm chart repository.
pub fn in_repositories(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    if text.trim_start().starts_with('#') {
        return None;
    }
    let named = text.split_once("password").and_then(|(_, rest)| {
        let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
        literal(unquoted(rest.split([',', '}']).next().unwrap_or(rest).trim()))
    });
    named.or_else(|| secret_in_address(text.as_bytes())).map(|length| Literal {
        kind: Kind::Password,
        registry: None,
        account: None,
        length,
    })
}

/// A GitLab runner's variables, a list of `"NAME=VALUE"` in TOML.
pub fn in_runner(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_start();
    if text.starts_with('#') {
        return None;
    }
    let rest = text.split_once("DOCKER_AUTH_CONFIG=")?.1.trim_start_matches(['\\', '"', '\'']);
    let value = rest.split(']').next().unwrap_or(rest).trim_end_matches(['"', '\'', ',', ' ']);
    literal(value).filter(|_| !holds_nothing(value)).map(|length| Literal {
        kind: Kind::AuthConfig,
        registry: None,
        account: None,
        length,
    })
}

/// A value without its quotes and without the comment behind it.
fn unquoted(value: &str) -> &str {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    match quote {
        Some(quote) => value[1..].rsplit_once(quote).map_or(&value[1..], |(inside, behind)| {
            // A quote in a comment ends nothing.
            if behind.trim_start().is_empty() { inside } else { value[1..].split(quote).next().unwrap_or(inside) }
        }),
        None => value.split(" #").next().unwrap_or(value).trim_end().trim_end_matches(['"', '\'']),
    }
}

/// `DOCKER_AUTH_CONFIG` without a login.
fn holds_nothing(value: &str) -> bool {
    let bare: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    matches!(bare.as_str(), "{}" | "{\"auths\":{}}")
}

fn kind_of(name: &str) -> Option<Kind> {
    let upper = name.to_ascii_uppercase();
    if upper == "DOCKER_AUTH_CONFIG" {
        return Some(Kind::AuthConfig);
    }
    if ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"].contains(&upper.as_str()) {
        return Some(Kind::Proxy(name.to_owned()));
    }
    let parts: Vec<&str> = upper.split('_').collect();
    let tells = |words: &[&str]| parts.iter().any(|part| words.contains(part));
    (tells(&REGISTRIES) && tells(&SECRETS) && !tells(&OTHER)).then(|| Kind::Variable(name.to_owned()))
}

/// The length of a value that is a secret as it stands: not empty, no variable, no command, no placeholder.
fn literal(value: &str) -> Option<usize> {
    let is_call = value.ends_with(')') && value.contains('(');
    let is_filled_in = value.contains(['$', '`']) || value.starts_with("!vault") || value.contains("{{") || is_call;
    let framed = |front, back| value.starts_with(front) && value.ends_with(back) && value.len() > 1;
    let lower = value.to_ascii_lowercase();
    let is_placeholder = framed('<', '>')
        || framed('%', '%')
        || value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.'))
        || lower.starts_with("your")
        || ["null", "true", "false", "todo", "none", "~", "|", ">", "|-", ">-", "changeme"].contains(&lower.as_str());
    (!value.is_empty() && !is_filled_in && !is_placeholder).then_some(value.len())
}

/// What a shell hands the word behind it to standard input by.
const HERE: &str = "<<<";

/// A word of a command.
struct Word {
    text: String,
    /// A shell fills something in.
    filled: bool,
}

/// The commands of a line and their words, as a POSIX shell splits them; what follows `#` is left out.
fn split(line: &str) -> Vec<Vec<Word>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<Word> = None;
    let mut chars = line.chars().peekable();
    let end = |commands: &mut Vec<Vec<Word>>, word: &mut Option<Word>| {
        if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
            command.push(word);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => end(&mut commands, &mut word),
            '|' | ';' | '&' | '(' | ')' if !(c == '(' && word.as_ref().is_some_and(|word| word.filled)) => {
                end(&mut commands, &mut word);
                commands.push(Vec::new());
            }
            '#' if word.is_none() => break,
            '<' if word.is_none() && chars.clone().take(2).eq("<<".chars()) => {
                chars.by_ref().take(2).for_each(drop);
                word = Some(Word { text: HERE.to_owned(), filled: false });
                end(&mut commands, &mut word);
            }
            _ => {
                let word = word.get_or_insert_with(|| Word { text: String::new(), filled: false });
                match c {
                    '\'' => word.text.extend(chars.by_ref().take_while(|c| *c != '\'')),
                    '"' => {
                        while let Some(inner) = chars.next().filter(|c| *c != '"') {
                            word.filled |= matches!(inner, '$' | '`');
                            word.text.push(if inner == '\\' { chars.next().unwrap_or('\\') } else { inner });
                        }
                    }
                    '\\' => word.text.extend(chars.next()),
                    _ => {
                        word.filled |= matches!(c, '$' | '`' | '<');
                        word.text.push(c);
                    }
                }
            }
        }
    }
    end(&mut commands, &mut word);
    commands
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_program(word: &str) -> bool {
    let name = base_name(word);
    PROGRAMS.contains(&name) || name == "kubectl"
}

/// The secret's length of the first option that has one, and the user's name where that stands before it.
fn option_value(words: &[Word]) -> Option<(usize, Option<String>)> {
    for (index, word) in words.iter().enumerate() {
        for option in OPTIONS.into_iter().chain(CREDENTIALS) {
            let (value, filled) = if word.text == option {
                let Some(next) = words.get(index + 1) else { continue };
                (next.text.as_str(), next.filled)
            } else if let Some(value) = word.text.strip_prefix(option).and_then(|rest| rest.strip_prefix('=')) {
                (value, word.filled)
            } else if let Some(value) =
                word.text.strip_prefix("-p").filter(|_| option == "-p" && !word.text.starts_with("--"))
            {
                (value, word.filled)
            } else {
                continue;
            };
            let is_pair = CREDENTIALS.contains(&option);
            let (user, secret) = match value.split_once(':').filter(|_| is_pair) {
                Some((user, secret)) => (Some(user.to_owned()), secret),
                None => (None, value),
            };
            if is_pair && user.is_none() {
                continue;
            }
            if let Some(length) = literal(secret).filter(|_| !filled) {
                return Some((length, user));
            }
        }
    }
    None
}

/// Options before the subcommand that have a value (docker, podman and helm, `--help`).
const GLOBALS: [&str; 9] =
    ["--config", "-c", "--context", "-H", "--host", "-l", "--log-level", "--root", "--registry-config"];

/// Whether the subcommand is a login: the first word that is no option, after `auth` or `registry` the second.
fn logs_in(words: &[Word]) -> bool {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if GLOBALS.contains(&text) {
            words.next();
        } else if !text.starts_with('-') && !["auth", "registry"].contains(&text) {
            return text == "login";
        }
    }
    false
}

/// The word that a shell hands to standard input.
fn here_string(words: &[Word]) -> Option<(usize, Option<String>)> {
    let at = words.iter().position(|word| word.text == HERE)?;
    let word = words.get(at + 1).filter(|word| !word.filled)?;
    words.iter().any(|word| word.text == "--password-stdin").then_some(())?;
    literal(&word.text).map(|length| (length, None))
}

/// What `echo` or `printf` says by itself.
fn spoken(words: &[Word]) -> Option<(usize, Option<String>)> {
    let says = words.iter().position(|word| matches!(base_name(&word.text), "echo" | "printf"))?;
    let said = words[says + 1..].iter().rfind(|word| !word.text.starts_with('-'))?;
    literal(&said.text).filter(|_| !said.filled).map(|length| (length, None))
}

fn value_of<'a>(words: &'a [Word], options: &[&str]) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(index, word)| {
        options.iter().find_map(|option| {
            let rest = word.text.strip_prefix(option)?;
            if rest.is_empty() { words.get(index + 1).map(|next| next.text.as_str()) } else { rest.strip_prefix('=') }
        })
    })
}

/// Options without a value.
const FLAGS: [&str; 5] = ["--password-stdin", "--insecure", "--plain-http", "--verbose", "-v"];

/// The registry that a login names: its last word that looks like a host, is no option's value and does not stand where a
/// file or the password does, behind a redirection.
fn registry(words: &[Word]) -> Option<String> {
    let is_host = |word: &Word| {
        let text = &word.text;
        !text.starts_with('-') && !word.filled && (text.contains('.') || text.contains(':') || text == "localhost")
    };
    let is_value = |index: usize| {
        let before = index.checked_sub(1).map_or("", |before| words[before].text.as_str());
        let is_option = before.starts_with('-') && !before.contains('=') && !FLAGS.contains(&before);
        is_option || before.ends_with(['<', '>'])
    };
    let mut hosts = words.iter().enumerate().filter(|(index, word)| is_host(word) && !is_value(*index));
    hosts.next_back().map(|(_, word)| word.text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Option<(String, Option<String>, Option<String>, usize)> {
        let found = in_command(line.as_bytes())?;
        let Kind::Login(program) = found.kind else { panic!("a login") };
        Some((program, found.registry, found.account.map(|login| login.as_str().to_owned()), found.length))
    }

    fn row(
        program: &str,
        registry: &str,
        account: &str,
        length: usize,
    ) -> Option<(String, Option<String>, Option<String>, usize)> {
        let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some((program.to_owned(), told(registry), told(account), length))
    }

    #[test]
    fn a_password_in_a_command_is_seen() {
        assert_eq!(command("docker login -u bob -p hunter2 reg.test:5000"), row("docker", "reg.test:5000", "bob", 7));
        assert_eq!(command("sudo /usr/bin/docker --config /x login --password=hunter2"), row("docker", "", "", 7));
        assert_eq!(command("podman login --creds bob:hunter2 reg.test"), row("podman", "reg.test", "bob", 7));
        assert_eq!(command("cd /x && skopeo login -phunter2 -u=bob reg.test; ls"), row("skopeo", "reg.test", "bob", 7));
        assert_eq!(
            command("echo 'hunter 2' | docker login -u bob --password-stdin reg.test"),
            row("docker", "reg.test", "bob", 8)
        );
        assert_eq!(
            command("printf %s hunter2 | crane auth login reg.test -u bob --password-stdin"),
            row("crane", "reg.test", "bob", 7)
        );
        assert_eq!(
            command("helm registry login reg.test --username bob --password hunter2"),
            row("helm", "reg.test", "bob", 7)
        );
        let kubectl = "kubectl create secret docker-registry x --docker-server=reg.test --docker-username=bob --docker-password=hunter2";
        assert_eq!(command(kubectl), row("kubectl", "reg.test", "bob", 7));
        assert_eq!(command("sh -c \"docker login -u bob -p hunter2 reg.test\""), row("docker", "reg.test", "bob", 7));
        assert_eq!(command("- 'docker login -u bob -p hunter2 reg.test'"), row("docker", "reg.test", "bob", 7));
        assert_eq!(command("skopeo copy --src-creds bob:hunter2 a b"), row("skopeo", "", "bob", 7));
        assert_eq!(
            command("docker login -u bob --password-stdin reg.test <<< hunter2"),
            row("docker", "reg.test", "bob", 7)
        );
        // A password that looks like a host is none.
        for line in [
            "docker login -u bob --password-stdin reg.test <<< 'S3cr.et'",
            "docker login -u bob --password-stdin reg.test <<<S3cr.et",
            "docker login -u bob --password-stdin <<<\"S3cr.et\" reg.test",
            "docker login -u bob -p S3cr.et reg.test > out.txt 2> err.txt",
        ] {
            assert_eq!(command(line), row("docker", "reg.test", "bob", 7), "{line}");
        }
        assert_eq!(command("docker login -u bob --password-stdin <<< S3cr.et"), row("docker", "", "bob", 7));
        assert_eq!(
            command("docker login -p x1 https://u:hunter2@reg.test"),
            row("docker", "https://***@reg.test", "", 2)
        );
        assert_eq!(command(": 1700000000:0;docker login -p hunter2"), row("docker", "", "", 7));
    }

    #[test]
    fn what_a_shell_fills_in_is_no_secret() {
        for clean in [
            "docker login -u bob reg.test",
            "docker login -p $PASSWORD reg.test",
            "docker login -p \"$(cat secret)\" reg.test",
            "docker login -p `cat secret`",
            "docker login --password-stdin < secret",
            "echo \"$TOKEN\" | docker login --password-stdin",
            "cat secret | docker login --password-stdin",
            "# docker login -p hunter2",
            "ls # docker login -p hunter2",
            "echo 'docker login -p hunter2'",
            "docker login -p <password> reg.test",
            "docker login -p **** reg.test",
            "docker run -p 80:80 login",
            "man docker-login",
            "podman login --creds bob reg.test",
            "docker login -p YOUR_PASSWORD reg.test",
            "sh -c 'docker login -p $PASSWORD'",
            "git commit -m 'docker login -p hunter2'",
            "kubectl get pods -p x",
        ] {
            assert_eq!(command(clean), None, "{clean}");
        }
    }

    #[test]
    fn variables_that_hold_secrets() {
        let found = |line: &str| in_assignment(line.as_bytes()).map(|found| (found.kind, found.length));
        let variable = |name: &str, length| Some((Kind::Variable(name.to_owned()), length));
        assert_eq!(found("export DOCKER_AUTH_CONFIG='{\"auths\":{\"a\":{}}}'"), Some((Kind::AuthConfig, 18)));
        assert_eq!(found("Environment=\"DOCKER_AUTH_CONFIG={\"a\":1}\""), Some((Kind::AuthConfig, 7)));
        assert_eq!(found("DOCKERHUB_PASSWORD='a b' # of c's"), variable("DOCKERHUB_PASSWORD", 3));
        assert_eq!(found("GHCR_PAT=hunter2 # mine"), variable("GHCR_PAT", 7));
        assert_eq!(found("http_proxy=u:hunter2@proxy.test:3128"), Some((Kind::Proxy("http_proxy".into()), 7)));
        assert_eq!(found("REGISTRY_PASSWORD=hunter2"), variable("REGISTRY_PASSWORD", 7));
        assert_eq!(found("      - HARBOR_ROBOT_TOKEN=hunter2"), variable("HARBOR_ROBOT_TOKEN", 7));
        assert_eq!(found("      docker_pass: \"hunter2\""), variable("docker_pass", 7));
        assert_eq!(found("set -gx NEXUS_PASSWORD hunter2"), variable("NEXUS_PASSWORD", 7));
        assert_eq!(found("HTTPS_PROXY=http://u:p@proxy.test"), Some((Kind::Proxy("HTTPS_PROXY".into()), 1)));
    }

    #[test]
    fn a_runner_s_variables() {
        let found = |line: &str| in_runner(line.as_bytes()).map(|found| found.length);
        assert_eq!(found(r#"  environment = ["DOCKER_AUTH_CONFIG={a}"]"#), Some(3));
        assert_eq!(found(r#"  environment = ["DOCKER_AUTH_CONFIG=$OTHER"]"#), None);
        assert_eq!(found(r#"  # environment = ["DOCKER_AUTH_CONFIG={}"]"#), None);
    }

    #[test]
    fn other_variables_do_not() {
        for clean in [
            "# REGISTRY_PASSWORD=hunter2",
            "REGISTRY_PASSWORD=",
            "REGISTRY_PASSWORD=$OTHER",
            "REGISTRY_PASSWORD={{ vault }}",
            "REGISTRY_PASSWORD_FILE=/run/secrets/x",
            "DOCKER_TOKEN_URL=https://a.test",
            "PASSWORD_STORE_DIR=/x",
            "DOCKER_HOST=unix:///x",
            "POSTGRES_PASSWORD=hunter2",
            "DOCKER_PASSTHROUGH=1",
            "HTTPS_PROXY=http://proxy.test:3128",
            "echo REGISTRY_PASSWORD",
            "REGISTRY_TOKEN_TTL=300",
            "REGISTRY_AUTH_TOKEN_REALM=https://a.test/token",
            "REGISTRY_PASSWORD=your-password",
            "REGISTRY_PASSWORD=%PASSWORD%",
            "REGISTRY_PASSWORD: |",
            "REGISTRY_PASSWORD: \"\" # none",
            "REGISTRY_PASSWORD = credentials('registry')",
            "DOCKER_AUTH_CONFIG={\"auths\": {}}",
        ] {
            assert_eq!(in_assignment(clean.as_bytes()), None, "{clean}");
        }
    }
}
