//! What `$PASSWORD_STORE_GPG_OPTS` and gpg.conf mean for a message that is written in process. Options known to make no
//! difference are on a list (GnuPG manual, "GPG Configuration Options"); anything else makes gpg itself write it.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::model::text;
use crate::system::files::{self, FileError};
use crate::system::options::Options;

/// What gpg would do differently from its defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Encrypt to keys that nobody vouches for.
    pub trust_always: bool,
    /// Write ASCII armour.
    pub armor: bool,
    /// Leave the key ids out of the message.
    pub throw_keyids: bool,
    /// The option that only gpg itself can honour, in words.
    pub only_gpg: Option<String>,
    /// Why gpg.conf, or what is in its place, keeps even gpg from reading it, in words.
    pub unreadable: Option<String>,
    /// The option, and where it is, with which gpg would encrypt something else than it is given.
    pub spoiled_by: Option<String>,
    /// gpg's `group` definitions: name, members.
    pub groups: Vec<(String, Vec<String>)>,
}

/// The largest gpg.conf read, in bytes.
const CONF_MAX: u64 = 1 << 20;

/// Read by GnuPG 2.3 and later, not by 2.2: what it says is therefore not known to hold.
const SYSTEM_CONF: &str = "/etc/gnupg/gpg.conf";

/// The one cipher that is written in process.
const CIPHERS: [&str; 2] = ["AES256", "S9"];

/// Options without a value that change nothing about a message that pass writes. `encrypt-to` and compression are among
/// the harmless ones, because pass overrides them (pass 1.7.4, `GPG_OPTS`); `textmode`, because all it does is to lose the
/// carriage returns of a text.
const HARMLESS: &[&str] = &[
    "allow-freeform-uid",
    "ask-cert-expire",
    "ask-cert-level",
    "auto-check-trustdb",
    "auto-key-import",
    "auto-key-retrieve",
    "batch",
    "default-recipient-self",
    "disable-mdc",
    "emit-version",
    "enable-progress-filter",
    "exit-on-status-write-error",
    "expert",
    "fixed-list-mode",
    "force-mdc",
    "gnupg",
    "include-key-block",
    "interactive",
    "lock-multiple",
    "lock-once",
    "no",
    "no-ask-cert-expire",
    "no-ask-cert-level",
    "no-auto-check-trustdb",
    "no-auto-key-import",
    "no-auto-key-locate",
    "no-auto-key-retrieve",
    "no-batch",
    "no-comments",
    "no-default-recipient",
    "no-emit-version",
    "no-encrypt-to",
    "no-expert",
    "no-force-mdc",
    "no-greeting",
    "no-include-key-block",
    "no-mdc-warning",
    "no-permission-warning",
    "no-random-seed-file",
    "no-require-cross-certification",
    "no-secmem-warning",
    "no-sig-cache",
    "no-symkey-cache",
    "no-textmode",
    "no-tty",
    "no-use-agent",
    "no-utf8-strings",
    "no-verbose",
    "openpgp",
    "quiet",
    "require-cross-certification",
    "rfc4880",
    "textmode",
    "use-agent",
    "utf8-strings",
    "verbose",
    "with-fingerprint",
    "with-key-data",
    "with-keygrip",
    "with-secret",
    "with-sig-list",
    "with-subkey-fingerprint",
    "with-wkd-hash",
    "yes",
];

/// Options with a value, as harmless.
const HARMLESS_VALUED: &[&str] = &[
    "agent-program",
    "auto-key-locate",
    "bzip2-compress-level",
    "cert-digest-algo",
    "cert-notation",
    "cert-policy-url",
    "charset",
    "chunk-size",
    "comment",
    "completes-needed",
    "compress-algo",
    "compress-level",
    "compression-algo",
    "default-cert-expire",
    "default-cert-level",
    "default-key",
    "default-keyserver-url",
    "default-new-key-algo",
    "default-preference-list",
    "default-recipient",
    "default-sig-expire",
    "digest-algo",
    "dirmngr-program",
    "display",
    "display-charset",
    "encrypt-to",
    "export-options",
    "hidden-encrypt-to",
    "homedir",
    "import-filter",
    "import-options",
    "keyid-format",
    "keyserver",
    "keyserver-options",
    "lc-ctype",
    "lc-messages",
    "limit-card-insert-tries",
    "list-filter",
    "list-options",
    "local-user",
    "log-file",
    "logger-file",
    "marginals-needed",
    "max-cert-depth",
    "min-cert-level",
    "personal-compress-preferences",
    "personal-digest-preferences",
    "photo-viewer",
    "pinentry-mode",
    "request-origin",
    "s2k-cipher-algo",
    "s2k-count",
    "s2k-digest-algo",
    "s2k-mode",
    "sender",
    "set-notation",
    "sig-keyserver-url",
    "sig-notation",
    "sig-policy-url",
    "tofu-db-format",
    "tofu-default-policy",
    "trusted-key",
    "ttyname",
    "ttytype",
    "verify-options",
    "xauthority",
];

/// Options with which gpg reads something else from its input than the text, or writes less than all of it (GnuPG manual,
/// "GPG Esoteric Options"). gpg takes their beginnings for them.
const SPOILERS: [&str; 7] =
    ["command-fd", "dry-run", "list-only", "multifile", "no-literal", "passphrase-fd", "set-filesize"];

/// How much of an option's name there is at least when gpg takes it for the whole.
const BEGINNING: usize = 4;

/// Options with a value that are understood; all others that are understood have none.
const VALUED: &[&str] = &["cipher-algo", "group", "personal-cipher-preferences", "trust-model", "ungroup"];

impl Behaviour {
    /// gpg.conf first, then the command line's words, as gpg does. Never fails: what cannot be read is gpg's business.
    pub(super) fn read(options: &Options, home: &Path) -> Behaviour {
        let mut behaviour = Behaviour::default();
        behaviour.system_conf(Path::new(SYSTEM_CONF));
        behaviour.conf(home);
        let known = behaviour.spoiled_by.take();
        behaviour.words(&options.gpg_options);
        behaviour.place_spoiler("PASSWORD_STORE_GPG_OPTS");
        behaviour.spoiled_by = known.or(behaviour.spoiled_by);
        behaviour.trust_always |= options.trust_always;
        behaviour
    }

    /// The members of a group of that name; gpg compares names without regard to ASCII case.
    pub(super) fn group(&self, name: &str) -> Option<&[String]> {
        let named = self.groups.iter().find(|(group, _)| group.eq_ignore_ascii_case(name));
        named.map(|(_, members)| members.as_slice())
    }

    fn conf(&mut self, home: &Path) {
        // gpg.conf-2.2 and the like replace gpg.conf for one version of gpg.
        let versioned = std::fs::read_dir(home).into_iter().flatten().flatten();
        if versioned.into_iter().any(|entry| entry.file_name().as_bytes().starts_with(b"gpg.conf-")) {
            self.leave_to_gpg("the GnuPG home has a gpg.conf for one version of gpg");
        }
        match files::read_bounded(&home.join("gpg.conf"), CONF_MAX) {
            Ok(bytes) => {
                self.lines(&bytes);
                self.place_spoiler("gpg.conf");
            }
            Err(error) if error.is_not_found() => {}
            // A FIFO, say, on which gpg waits for ever. Devices are read: /dev/null is a way to have no options.
            Err(FileError::NotAFile { path }) if !is_device(&path) => {
                self.unreadable = Some(FileError::NotAFile { path }.to_string());
            }
            Err(error) => self.leave_to_gpg(&error.to_string()),
        }
    }

    fn system_conf(&mut self, file: &Path) {
        let mut there = Behaviour::default();
        match files::read_bounded(file, CONF_MAX) {
            Ok(bytes) => there.lines(&bytes),
            Err(error) if error.is_not_found() => {}
            Err(error) => there.leave_to_gpg(&error.to_string()),
        }
        if there != Behaviour::default() {
            self.leave_to_gpg(&format!("{} has options that matter", text::quoted_path(file)));
        }
    }

    fn lines(&mut self, conf: &[u8]) {
        for line in conf.split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let value = value.trim();
            let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            self.option(name, unquoted.unwrap_or(value));
        }
    }

    fn words<W: AsRef<std::ffi::OsStr>>(&mut self, words: &[W]) {
        let mut words = words.iter().map(|word| String::from_utf8_lossy(word.as_ref().as_bytes()).into_owned());
        while let Some(word) = words.next() {
            let Some(option) = word.strip_prefix("--").filter(|option| !option.is_empty()) else {
                match word.as_str() {
                    "-a" => self.armor = true,
                    "-q" | "-t" | "-v" => {}
                    _ => self.leave_to_gpg(&format!("the option {}", text::quoted(&word))),
                }
                continue;
            };
            match option.split_once('=') {
                Some((name, value)) => self.option(name, value),
                None if takes_value(option) => match words.next() {
                    Some(value) => self.option(option, &value),
                    None => self.leave_to_gpg(&format!("the option {}", text::quoted(&word))),
                },
                None => self.option(option, ""),
            }
        }
    }

    fn option(&mut self, name: &str, value: &str) {
        match (name, value) {
            ("armor", "") => self.armor = true,
            ("no-armor", "") => self.armor = false,
            ("throw-keyids", "") => self.throw_keyids = true,
            ("no-throw-keyids", "") => self.throw_keyids = false,
            ("always-trust", "") | ("trust-model", "always") => self.trust_always = true,
            ("trust-model", "pgp" | "classic" | "auto") => self.trust_always = false,
            ("group", value) => self.add_group(value),
            ("ungroup", name) => self.groups.retain(|(group, _)| !group.eq_ignore_ascii_case(name)),
            ("no-groups", "") => self.groups.clear(),
            ("cipher-algo", cipher) if is_our_cipher(cipher) => {}
            ("personal-cipher-preferences", list) if list.split([' ', ',']).next().is_some_and(is_our_cipher) => {}
            (name, "") if HARMLESS.contains(&name) => {}
            (name, value) if !value.is_empty() && HARMLESS_VALUED.contains(&name) => {}
            _ => {
                let long = name.trim_start_matches('-');
                let spoils = |known: &&&str| long.len() >= BEGINNING && known.starts_with(long);
                if let Some(spoiler) = SPOILERS.iter().find(spoils) {
                    self.spoiled_by.get_or_insert_with(|| text::quoted(spoiler));
                }
                self.leave_to_gpg(&format!("the option {}", text::quoted(name)));
            }
        }
    }

    fn place_spoiler(&mut self, place: &str) {
        self.spoiled_by = self.spoiled_by.take().map(|option| format!("{option} in {place}"));
    }

    /// `NAME = ID ID …`; a second line of the same name adds to the first (GnuPG manual, `--group`).
    fn add_group(&mut self, value: &str) {
        let Some((name, members)) = value.split_once('=') else {
            return self.leave_to_gpg("a group that gpg.conf defines without \"=\"");
        };
        let name = name.trim();
        let members = members.split_whitespace().map(str::to_owned);
        match self.groups.iter_mut().find(|(group, _)| group.eq_ignore_ascii_case(name)) {
            Some((_, known)) => known.extend(members),
            None => self.groups.push((name.to_owned(), members.collect())),
        }
    }

    fn leave_to_gpg(&mut self, why: &str) {
        self.only_gpg.get_or_insert_with(|| why.to_owned());
    }
}

fn is_device(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_char_device())
}

fn takes_value(name: &str) -> bool {
    VALUED.contains(&name) || HARMLESS_VALUED.contains(&name)
}

fn is_our_cipher(name: &str) -> bool {
    CIPHERS.iter().any(|cipher| cipher.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_conf(text: &str) -> Behaviour {
        let mut behaviour = Behaviour::default();
        behaviour.lines(text.as_bytes());
        behaviour
    }

    fn of_words(text: &str) -> Behaviour {
        let mut behaviour = Behaviour::default();
        behaviour.words(&text.split_whitespace().collect::<Vec<_>>());
        behaviour
    }

    #[test]
    fn an_ordinary_gpg_conf_changes_nothing() {
        let conf = "# hardened\npersonal-cipher-preferences AES256 AES192 AES\ncert-digest-algo SHA512\n  no-emit-version\n\
                    keyid-format 0xlong\nkeyserver \"hkps://keys.example.test\"\nencrypt-to 0x1234567890ABCDEF\r\n\
                    use-agent\ntrust-model pgp\n";
        assert_eq!(of_conf(conf), Behaviour::default());
    }

    #[test]
    fn what_matters_is_understood() {
        assert!(of_conf("trust-model always").trust_always && of_conf("always-trust\n").trust_always);
        assert!(of_words("--trust-model always").trust_always && of_words("--trust-model=always").trust_always);
        assert!(!of_words("--always-trust --trust-model pgp").trust_always);
        assert!(of_words("--armor").armor && of_words("-a").armor && !of_words("-a --no-armor").armor);
        assert!(of_words("--textmode -t --no-textmode").only_gpg.is_none());
        assert!(of_words("--throw-keyids --homedir /x --batch").throw_keyids);
    }

    #[test]
    fn what_is_not_understood_is_left_to_gpg() {
        for words in [
            "--keyring other.gpg",
            "--trust-model tofu",
            "--trust-model",
            "--cipher-algo 3DES",
            "--recipient x",
            "-r x",
            "--arm",
            "--",
            "stray",
            "--armor=yes",
            "--batch --force-ocb",
        ] {
            assert!(of_words(words).only_gpg.is_some(), "{words}");
        }
        for line in [
            "keyring /x",
            "hidden-recipient a",
            "personal-cipher-preferences AES",
            "group a",
            "keyserver",
            "weak-digest SHA1",
        ] {
            assert!(of_conf(line).only_gpg.is_some(), "{line}");
        }
    }

    #[test]
    fn groups_add_up() {
        let behaviour = of_conf("group ops = AAAA bob@example.test\ngroup Ops=CCCC\ngroup gone=X\nungroup gone\n");
        assert_eq!(behaviour.group("OPS").map(<[String]>::len), Some(3));
        assert_eq!(behaviour.group("gone"), None);
        assert_eq!(behaviour.only_gpg, None);
    }

    #[test]
    fn a_machine_s_own_conf_is_only_trusted_when_it_says_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("gpg.conf");
        let with = |text: &str| {
            std::fs::write(&file, text).expect("a file");
            let mut behaviour = Behaviour::default();
            behaviour.system_conf(&file);
            behaviour
        };
        assert_eq!(with("# nothing\nuse-agent\n"), Behaviour::default());
        let always = with("trust-model always\n");
        assert!(!always.trust_always && always.only_gpg.is_some());
    }

    #[test]
    fn the_lists_are_sorted_and_apart() {
        assert!(HARMLESS.is_sorted() && HARMLESS_VALUED.is_sorted() && VALUED.is_sorted());
        let twice = |name: &&&str| HARMLESS_VALUED.contains(name) || VALUED.contains(name);
        assert_eq!(HARMLESS.iter().find(twice), None);
    }
}
