//! Recognises secrets of registries that stand in clear in one line of a text: in a shell's history, a start-up file, a
//! unit, an environment file. Answers where and how long, never what. What a shell would fill in later (`$PASSWORD`, a
//! command's output) is no secret, nor is a comment.

pub use super::assigned::{in_assignment, in_repositories, in_runner};
use super::shell::{Command, Word, base_name, delimiter, handed_on, split, upstream};
use crate::model::{Login, misplaced};

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

/// Options whose value is the password.
const OPTIONS: [&str; 9] = [
    "-p",
    "--password",
    "--pass",
    "--docker-password",
    "-P",
    "--src-password",
    "--dest-password",
    "--from-password",
    "--to-password",
];

/// Options whose value is `USER:PASSWORD`, of every subcommand.
const CREDENTIALS: [&str; 3] = ["--creds", "--src-creds", "--dest-creds"];

/// Programs that take a password at other subcommands than a login, and what its option's name ends in. What docker and
/// podman run has options of its own.
const ANYWHERE: [&str; 3] = ["helm", "oras", "skopeo"];
const ANY_PASSWORD: &str = "password";

/// Programs whose words are text and no command.
const SPEAKERS: [&str; 8] = ["echo", "printf", "grep", "git", "cat", "man", "sed", "alias"];

/// A login, or the making of a registry's secret, with the secret in the command line.
pub fn in_command(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    in_commands(&split(&text), true)
}

/// `deeper`: a word with blanks may itself be a command, as for `sh -c`, or in YAML.
fn in_commands(commands: &[Command], deeper: bool) -> Option<Literal> {
    for (index, command) in commands.iter().enumerate() {
        let words = &command.words;
        let speaks = words.iter().any(|word| SPEAKERS.contains(&base_name(&word.text)));
        let inner = words.iter().filter(|word| deeper && !speaks && word.text.contains(' '));
        if let Some(found) = inner.map(|word| split(&word.text)).find_map(|commands| in_commands(&commands, false)) {
            return Some(found);
        }
        let Some(used) = Use::of(words) else { continue };
        let read = || Some(Given::of(handed_on(&commands[..=index]).filter(|_| used.reads_input())?));
        if let Some(given) = option_value(used.rest).or_else(read) {
            return Some(used.literal(given));
        }
    }
    None
}

/// A login that reads its password from the lines below it, and what ends those. The password is in none of this.
#[derive(Debug)]
pub struct HereDocument {
    end: String,
    literal: Literal,
}

/// The here-document that a login in this line reads from.
pub fn here_document(line: &[u8]) -> Option<HereDocument> {
    line.windows(2).any(|two| two == b"<<").then_some(())?;
    let commands = split(&String::from_utf8_lossy(line));
    commands.iter().enumerate().find_map(|(index, command)| {
        let used = Use::of(&command.words).filter(Use::reads_input)?;
        let end = upstream(&commands[..=index]).into_iter().find_map(|one| delimiter(&one.words))?.1;
        Some(HereDocument { end, literal: used.literal(Given::of(0)) })
    })
}

impl HereDocument {
    /// What its next line holds. Err: nothing yet, look at the line after it.
    pub fn next(self, line: &[u8]) -> Result<Option<Literal>, HereDocument> {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        // A history with times has one before each command.
        let is_time = text.strip_prefix('#').is_some_and(|time| time.bytes().all(|byte| byte.is_ascii_digit()));
        match text {
            "" => Err(self),
            _ if text == self.end || is_time => Ok(None),
            _ => Ok(literal(text).map(|length| Literal { length, ..self.literal })),
        }
    }
}

/// The length of a value that is a secret as it stands: not empty, no variable, no command, no placeholder.
pub(super) fn literal(value: &str) -> Option<usize> {
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

fn is_program(word: &str) -> bool {
    let name = base_name(word);
    PROGRAMS.contains(&name) || name == "kubectl"
}

/// A use of a registry's client that takes a password.
struct Use<'w> {
    program: &'w str,
    /// The words behind the program.
    rest: &'w [Word],
    makes_secret: bool,
    logs_in: bool,
}

/// A secret that a command was given.
struct Given {
    length: usize,
    /// The user's name, where that stands before it.
    user: Option<String>,
    /// The option, if it was one.
    option: &'static str,
}

impl Given {
    /// Not by an option.
    fn of(length: usize) -> Given {
        Given { length, user: None, option: "" }
    }
}

impl<'w> Use<'w> {
    fn of(words: &'w [Word]) -> Option<Use<'w>> {
        let start = words.iter().position(|word| is_program(&word.text))?;
        let (program, rest) = (base_name(&words[start].text), &words[start + 1..]);
        let option = |word: &'w Word| word.text.split('=').next().unwrap_or_default();
        let makes_secret = program == "kubectl" && rest.iter().any(|word| word.text == "docker-registry");
        let has_pair = rest.iter().any(|word| CREDENTIALS.contains(&option(word)));
        let has_password = ANYWHERE.contains(&program)
            && rest.iter().any(|word| option(word).starts_with("--") && option(word).ends_with(ANY_PASSWORD));
        let logs_in = logs_in(rest);
        let takes = makes_secret || program != "kubectl" && (has_pair || has_password || logs_in);
        takes.then_some(Use { program, rest, makes_secret, logs_in })
    }

    fn reads_input(&self) -> bool {
        self.rest.iter().any(|word| word.text == "--password-stdin")
    }

    fn literal(&self, given: Given) -> Literal {
        let named = || value_of(self.rest, &["-u", "--username", "--docker-username"]).map(str::to_owned);
        let registry = match given.option {
            _ if self.makes_secret => value_of(self.rest, &["--docker-server"]).map(str::to_owned),
            option if self.logs_in => registry(self.rest).filter(|_| !option.starts_with("--src-")),
            option => self.image_at(option),
        };
        Literal {
            kind: Kind::Login(self.program.to_owned()),
            registry: registry.map(misplaced::server),
            account: given.user.or_else(named).map(Login::new),
            length: given.length,
        }
    }

    /// The registry of the image that this option's secret is for: of two the first is the source.
    fn image_at(&self, option: &str) -> Option<String> {
        let is_source = option.starts_with("--src-") || option.starts_with("--from-");
        let is_transport = |word: &&Word| TRANSPORTS.iter().any(|transport| word.text.starts_with(transport));
        let mut images: Vec<&Word> = self.rest.iter().filter(is_transport).collect();
        if images.is_empty() {
            images = hosts(self.rest).collect();
        }
        let word = match (is_source, images.as_slice()) {
            (true, [source, ..]) => source,
            (false, [.., last]) => last,
            (_, []) => return None,
        };
        if self.program == "helm" {
            return Some(word.text.clone());
        }
        let name = word.text.strip_prefix("docker://").unwrap_or(&word.text).split('/').next()?;
        (name.contains(['.', ':']) && !is_transport(&&Word { text: name.to_owned(), filled: false })
            || name == "localhost")
            .then(|| name.to_owned())
    }
}

/// How skopeo's images begin (containers-transports(5)).
const TRANSPORTS: [&str; 8] = [
    "docker://",
    "oci:",
    "dir:",
    "docker-archive:",
    "docker-daemon:",
    "oci-archive:",
    "containers-storage:",
    "ostree:",
];

/// The secret of the first option that has one.
fn option_value(words: &[Word]) -> Option<Given> {
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
                return Some(Given { length, user, option });
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
    hosts(words).next_back().map(|word| word.text.clone())
}

/// Words that look like a host and are no option's value, in order.
fn hosts(words: &[Word]) -> impl DoubleEndedIterator<Item = &Word> {
    let is_host = |word: &Word| {
        let text = &word.text;
        let is_word = !text.starts_with(['-', '<', '>']) && !word.filled;
        is_word && (text.contains('.') || text.contains(':') || text == "localhost")
    };
    let is_value = |index: usize| {
        let before = index.checked_sub(1).map_or("", |before| words[before].text.as_str());
        let is_option = before.starts_with('-') && !before.contains('=') && !FLAGS.contains(&before);
        is_option || before.ends_with(['<', '>'])
    };
    words.iter().enumerate().filter(move |(index, word)| is_host(word) && !is_value(*index)).map(|(_, word)| word)
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
        let copy = |creds: &str| {
            command(&format!("skopeo copy --all {creds} docker://src.test/a:1 docker://dst.test:5000/b@sha256:1"))
        };
        assert_eq!(copy("--src-creds bob:hunter2"), row("skopeo", "src.test", "bob", 7));
        assert_eq!(copy("--src-creds $S --dest-creds=bob:hunter2"), row("skopeo", "dst.test:5000", "bob", 7));
        assert_eq!(copy("--src-username ann --src-password hunter2"), row("skopeo", "src.test", "", 7));
        assert_eq!(
            command("skopeo copy --dest-creds bob:hunter2 docker://src.test/a oci:/tmp/x"),
            row("skopeo", "", "bob", 7)
        );
        assert_eq!(command("podman pull --creds bob:hunter2 reg.test/a/b:1"), row("podman", "reg.test", "bob", 7));
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
        assert_eq!(
            command("helm repo add x https://charts.test --username bob --password hunter2"),
            row("helm", "https://charts.test", "bob", 7)
        );
        assert_eq!(command("helm pull x --repo https://charts.test --password=hunter2"), row("helm", "", "", 7));
        assert_eq!(command("helm registry login -u bob -p hunter2 reg.test"), row("helm", "reg.test", "bob", 7));
    }

    #[test]
    fn a_password_that_a_login_reads_is_seen() {
        let login = row("docker", "reg.test", "bob", 7);
        for line in [
            "echo hunter2 | tee f | docker login -u bob --password-stdin reg.test",
            "(echo hunter2) | sudo docker login -u bob --password-stdin reg.test",
            "cat <<< hunter2 | docker login -u bob --password-stdin reg.test",
            "echo aHVudGV | base64 -d | tr -d x | docker login -u bob --password-stdin reg.test",
            "docker login -u bob --password-stdin reg.test <<<'hunter2'",
            "docker login -u bob --password-stdin reg.test<<<hunter2",
            "docker login -u bob --password-stdin reg.test <<EOF hunter2 EOF",
        ] {
            assert_eq!(command(line), login, "{line}");
        }
        let document = |lines: &[&str]| {
            let (first, rest) = lines.split_first().expect("a line");
            let mut open = here_document(first.as_bytes())?;
            for line in rest {
                match open.next(line.as_bytes()) {
                    Ok(found) => return found.map(|found| (found.registry, found.length)),
                    Err(again) => open = again,
                }
            }
            None
        };
        let found = Some((Some("reg.test".to_owned()), 7));
        assert_eq!(document(&["docker login -u bob --password-stdin reg.test <<EOF", "hunter2", "EOF"]), found);
        assert_eq!(document(&["cat << 'EOF' | docker login --password-stdin reg.test", "", "hunter2"]), found);
        for clean in [
            &["docker login --password-stdin <<EOF", "$TOKEN", "EOF"][..],
            &["docker login --password-stdin <<EOF", "EOF", "ls"],
            &["docker login --password-stdin <<EOF", "#1700000000", "ls"],
            &["cat <<EOF > x", "hunter2", "EOF"],
            &["docker login <<EOF", "hunter2"],
            &["cat <<EOF; docker login --password-stdin", "hunter2"],
        ] {
            assert_eq!(document(clean), None, "{clean:?}");
        }
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
            "echo hunter2; docker login --password-stdin reg.test",
            "echo hunter2 || docker login --password-stdin reg.test",
            "echo hunter2 | cat secret | docker login --password-stdin reg.test",
            "echo hunter2 | my-vault | docker login --password-stdin reg.test",
            "docker login --password-stdin <<< $TOKEN",
            "docker login --password-stdin <<<\"$(pass x)\"",
            "docker run mysql --password=hunter2",
            "helm install db bitnami/mysql --set auth.password=hunter2",
            "helm repo add x https://charts.test --password $PASSWORD",
            "skopeo copy --src-creds $CREDS docker://a.test/x docker://b.test/x",
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
