//! For unit tests only: a store in a temporary folder and a cipher that hides nothing, so that what `ops` does with
//! files, recipients and commits is seen without keys.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::model::{EntryPath, Recipient, Secret, UserId};
use crate::system::System;
use crate::system::agent::AgentError;
use crate::system::cipher::{Addressees, Asking, Audience, Cipher, CipherError, Identity, Meant, Reach, Stranger};
use crate::system::env::Env;
use crate::system::options::{Options, Typed};
use crate::system::process::{self, Limits};

/// "Encrypts" by putting the recipients in front. Refuses the recipient `missing`; an entry for `locked` cannot be read
/// without asking.
pub(crate) struct CipherDouble;

impl CipherDouble {
    fn front(recipients: &[Recipient]) -> String {
        let names: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
        format!("for {}\n", names.join(" "))
    }
}

impl Cipher for CipherDouble {
    fn decrypt(&self, message: &[u8], asking: Asking) -> Result<Secret, CipherError> {
        let end = message.iter().position(|byte| *byte == b'\n').filter(|_| message.starts_with(b"for "));
        match end {
            Some(end) if asking == Asking::Never && message[..end].ends_with(b"locked") => {
                Err(AgentError::Locked.into())
            }
            Some(end) => Ok(Secret::new(message[end + 1..].to_vec())),
            None => Err(CipherError::Library("not a message".to_owned())),
        }
    }

    fn audience(&self, recipients: &[Recipient]) -> Result<Audience, CipherError> {
        if recipients.iter().any(|recipient| recipient.as_str() == "missing") {
            return Err(CipherError::Library("no public key for \"missing\"".to_owned()));
        }
        Ok(Audience::of_names(recipients))
    }

    fn identities(&self, recipient: &Recipient) -> Result<Vec<Identity>, CipherError> {
        Ok(match recipient.as_str().to_lowercase().as_str() {
            "missing" => Vec::new(),
            "several" => vec![Identity::of_name("one", false), Identity::of_name("two", false)],
            name => vec![Identity::of_name(name, name == "alice")],
        })
    }

    fn encrypt_for(&self, plaintext: &Secret, audience: &Audience) -> Result<Vec<u8>, CipherError> {
        Ok([CipherDouble::front(&audience.recipients).as_bytes(), plaintext.expose()].concat())
    }

    fn meant(&self, _: &Recipient) -> Result<Meant, CipherError> {
        Ok(Meant::new())
    }

    fn held_against(&self, message: &[u8], wanted: &[(&Recipient, &Meant)]) -> Result<Addressees, CipherError> {
        let front = message.strip_prefix(b"for ").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
        let front = front.ok_or_else(|| CipherError::Library("not a message".to_owned()))?;
        let names: Vec<String> = String::from_utf8_lossy(front).split(' ').map(|name| name.to_owned()).collect();
        let reach = |(one, _): &(&Recipient, &Meant)| match names.iter().any(|name| name == one.as_str()) {
            true => Reach::Reached,
            false => Reach::Missed,
        };
        let others = names.iter().filter(|name| wanted.iter().all(|(one, _)| one.as_str() != *name));
        let stranger = |name: &String| Stranger {
            key: name.to_uppercase(),
            fingerprint: Some(name.to_uppercase()),
            name: Some(UserId::new(name.as_bytes())),
        };
        let has = |name: &str| names.iter().any(|one| one == name);
        Ok(Addressees {
            wanted: wanted.iter().map(reach).collect(),
            others: others.filter(|name| !["passphrase", "hidden"].contains(&name.as_str())).map(stranger).collect(),
            hidden: usize::from(has("hidden")),
            by_passphrase: has("passphrase"),
        })
    }

    fn is_for(&self, message: &[u8], audience: &Audience) -> bool {
        message.starts_with(CipherDouble::front(&audience.recipients).as_bytes())
    }
}

/// A home with a store for the recipient `alice`.
pub(crate) struct Bench {
    home: TempDir,
    pub(crate) system: System,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::with_gopass_config("")
    }

    /// One whose children are found, such as git.
    pub(crate) fn with_path() -> Bench {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Bench::made_of("", &[("PATH", path), ("GIT_CONFIG_NOSYSTEM", "1".into())])
    }

    /// One with these variables too.
    pub(crate) fn with_vars(vars: &[(&str, &str)]) -> Bench {
        let vars: Vec<(&str, OsString)> = vars.iter().map(|(name, value)| (*name, (*value).into())).collect();
        Bench::made_of("", &vars)
    }

    /// One with these programs in front of PATH, in the home's `bin`.
    pub(crate) fn with_programs(programs: &[(&str, &str)]) -> Bench {
        let home = tempfile::tempdir().expect("a home");
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        for (name, script) in programs {
            std::fs::write(bin.join(name), script).expect("a program");
            std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).expect("a mode");
        }
        let path = format!("{}:/usr/bin:/bin", bin.display()).into();
        Bench::in_home(home, "", &[("PATH", path)])
    }

    /// One whose store is a git work tree with a first commit.
    pub(crate) fn with_git() -> Bench {
        let bench = Bench::with_path();
        for arguments in [
            &["init", "-q", "-b", "main"][..],
            &["config", "user.name", "T"],
            &["config", "user.email", "t@x.test"],
            &["add", "-A"],
            &["commit", "-q", "-m", "start"],
        ] {
            bench.git(arguments);
        }
        bench
    }

    /// Its system with another folder for Docker's configuration, and the cipher double.
    pub(crate) fn with_docker_config(&self, folder: &Path) -> System {
        let options = Options { docker_config: folder.to_owned(), ..self.system.options.clone() };
        System::with_cipher(self.system.env.clone(), options, Box::new(CipherDouble))
    }

    /// Runs git in the store; what it said.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = process::command(&self.system.env, "git");
        command.arg("-C").arg(self.root()).args(arguments);
        let limits = Limits { time: std::time::Duration::from_secs(60), stdout: 1 << 20 };
        let said = process::run(&mut command, b"", limits).expect("git ends");
        assert!(said.status.success(), "git {arguments:?}: {}", said.complaint());
        String::from_utf8_lossy(said.stdout.expose()).into_owned()
    }

    /// One whose clock stands still, so many seconds after 1970.
    pub(crate) fn at_time(seconds: u64) -> Bench {
        Bench::made_of("", &[("REGPASS_FIXED_TIME", seconds.to_string().into())])
    }

    pub(crate) fn with_gopass_config(config: &str) -> Bench {
        Bench::made_of(config, &[])
    }

    fn made_of(config: &str, more: &[(&str, OsString)]) -> Bench {
        Bench::in_home(tempfile::tempdir().expect("a home"), config, more)
    }

    fn in_home(home: TempDir, config: &str, more: &[(&str, OsString)]) -> Bench {
        let at = |name: &str| home.path().join(name).into_os_string();
        std::fs::write(at("gopass"), config).expect("a configuration");
        let vars = [
            ("HOME", home.path().as_os_str().to_owned()),
            ("GOPASS_CONFIG", at("gopass")),
            ("GOPASS_CONFIG_NOSYSTEM", "1".into()),
        ];
        let env = Env::made_of(vars.into_iter().chain(more.iter().cloned()));
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        let bench = Bench { system: System::with_cipher(env, options, Box::new(CipherDouble)), home };
        bench.put(".gpg-id", "alice\n");
        bench
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.home.path().join(".password-store")
    }

    /// Makes a file in the store, with its folders.
    pub(crate) fn put(&self, file: &str, content: &str) -> PathBuf {
        let file = self.root().join(file);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(&file, content).expect("a file");
        file
    }

    /// Every file and folder of the store, relative, sorted.
    pub(crate) fn tree(&self) -> Vec<String> {
        let root = self.root();
        let mut found = Vec::new();
        let mut waiting = vec![root.clone()];
        while let Some(folder) = waiting.pop() {
            for item in std::fs::read_dir(&folder).expect("a folder") {
                let path = item.expect("an item").path();
                let name = path.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
                if path.is_dir() {
                    waiting.push(path);
                }
                found.push(name);
            }
        }
        found.sort();
        found
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }
}

pub(crate) fn path(name: &str) -> EntryPath {
    EntryPath::parse(name).expect("a name")
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}
