//! What was typed, what the environment says and what the config file says, resolved once into what is meant.
//! Precedence: typed, environment, config file, default. Reads the config file (`config_file.rs`) and nothing else.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::config_file::{self, Pinentry, Trust};
use super::env::Env;
use crate::model::{Problem, Recipient, text};

/// What was typed on the command line; a flag that was not given is None.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub store: Option<PathBuf>,
    pub gnupg_home: Option<PathBuf>,
    pub docker_config: Option<PathBuf>,
    pub read_only: bool,
}

impl Typed {
    /// The flags as they have to be typed again, a blank before each; nothing when none was given.
    pub fn flags(&self) -> String {
        let all =
            [("--store", &self.store), ("--gnupg-home", &self.gnupg_home), ("--docker-config", &self.docker_config)];
        let typed = all.into_iter().filter_map(|(flag, dir)| Some((flag, dir.as_ref()?)));
        typed.map(|(flag, dir)| format!(" {flag} {}", text::shell_word(dir))).collect()
    }

    /// What stands before the name of another program (pass, docker) for the same places, a blank after each; nothing
    /// when none was given.
    pub fn variables(&self) -> String {
        let all = [
            ("GNUPGHOME", &self.gnupg_home),
            ("PASSWORD_STORE_DIR", &self.store),
            ("DOCKER_CONFIG", &self.docker_config),
        ];
        let typed = all.into_iter().filter_map(|(name, dir)| Some((name, dir.as_ref()?)));
        typed.map(|(name, dir)| format!("{name}={} ", text::shell_word(dir))).collect()
    }

    /// A hint (`Problem::hints`: a command at its end) with the command acting on the same places. The demo has its own.
    pub fn placed<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        let (words, command) = hint.split_at(hint.find(": ").map_or(0, |at| at + 2));
        let is_of = |program: &str| command.strip_prefix(program).is_some_and(|rest| rest.starts_with(' '));
        match command.strip_prefix("regpass ") {
            Some(rest) if rest.starts_with("--") || rest.starts_with("demo") => Cow::Borrowed(hint),
            Some(rest) => Cow::Owned(format!("{words}regpass{} {rest}", self.flags())),
            None if ["gpg", "pass", "gopass", "docker"].into_iter().any(is_of) => {
                Cow::Owned(format!("{words}{}{command}", self.variables()))
            }
            None => Cow::Borrowed(hint),
        }
    }
}

/// What is meant. Paths are absolute unless the environment gave a relative one, which is then relative to the
/// current folder, as pass and the official helper take it.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--store` or `$PASSWORD_STORE_DIR`; None: look where gopass and pass keep theirs (`system/store/gopass.rs`).
    pub store_dir: Option<PathBuf>,
    /// True when `store_dir` was typed: gopass's mounts then do not apply.
    pub store_typed: bool,
    pub gnupg_home: PathBuf,
    /// Docker's configuration folder, the one with `config.json`.
    pub docker_config: PathBuf,
    /// regpass's own state folder: journal and locks.
    pub state_dir: PathBuf,
    /// Bits taken from the mode of every file and folder written (`$PASSWORD_STORE_UMASK`, octal).
    pub umask: u32,
    /// `$PASSWORD_STORE_KEY`: recipients instead of any `.gpg-id`. Empty when unset.
    pub forced_recipients: Vec<Recipient>,
    /// `$PASSWORD_STORE_SIGNING_KEY`: fingerprints (40 upper-case hex digits) that may sign `.gpg-id`. Empty when unset.
    pub signing_keys: Vec<String>,
    /// The variable was set, be it to a blank (pass tests `[[ -n … ]]`): without a usable fingerprint nothing can then be a
    /// valid signature.
    pub signing_required: bool,
    /// `$PASSWORD_STORE_GPG_OPTS`, split at blanks.
    pub gpg_options: Vec<OsString>,
    /// `trust = "always"` in the config file; `gpg_options` may say so too.
    pub trust_always: bool,
    /// Seconds a copied secret stays in the clipboard (`$PASSWORD_STORE_CLIP_TIME`).
    pub clip_seconds: u64,
    /// `$PASSWORD_STORE_GENERATED_LENGTH` as it is: what only `generate` needs is judged there.
    pub generated_length: Option<String>,
    /// `$PASSWORD_STORE_CHARACTER_SET` and `$PASSWORD_STORE_CHARACTER_SET_NO_SYMBOLS`, sets of tr(1).
    pub character_set: Option<String>,
    pub character_set_no_symbols: Option<String>,
    /// `$VISUAL`, else `$EDITOR`: words for a shell, as git and pass take them.
    pub editor: Option<OsString>,
    /// `$PASSWORD_STORE_X_SELECTION` is `primary`.
    pub clip_primary: bool,
    pub journal: bool,
    /// A transferable secret key used instead of GnuPG (`$REGPASS_KEY_FILE`).
    pub key_file: Option<PathBuf>,
    /// A file whose first line is the key file's passphrase (`$REGPASS_KEY_PASSPHRASE_FILE`).
    pub key_passphrase_file: Option<PathBuf>,
    /// Ask for passphrases on our own terminal instead of through pinentry (`$REGPASS_PINENTRY=loopback`).
    pub pinentry_loopback: bool,
    /// What forbids writing to a store, as a person would name it; None: nothing does.
    pub read_only: Option<&'static str>,
    /// `local-only` in the config file: the store is to have no remote.
    pub local_only: bool,
    /// `windows-only` in the config file: no login is to be there outside of a deployment window.
    pub windows_only: bool,
    /// The folder of the demo that we are in (`$REGPASS_DEMO`, set by `ops/demo`).
    pub demo: Option<PathBuf>,
    /// The config file that was read; None when there is none.
    pub config_file: Option<PathBuf>,
    /// Its `[ui]` table, unchecked (`config_file::Ui::of`).
    pub ui: Option<toml::Table>,
}

/// Variables that hold a path which may be relative.
const RELATIVE: [&str; 5] =
    ["PASSWORD_STORE_DIR", "GNUPGHOME", "DOCKER_CONFIG", "REGPASS_KEY_FILE", "REGPASS_KEY_PASSPHRASE_FILE"];

/// pass's default for `PASSWORD_STORE_CLIP_TIME`, in seconds.
const CLIP_SECONDS: u64 = 45;

impl Options {
    /// Resolves everything. Fails on a config file that cannot be read or parsed, never on a missing one.
    pub fn resolve(typed: &Typed, env: &Env) -> Result<Options, Problem> {
        let home = env.home().map(Path::to_owned).unwrap_or_else(|| PathBuf::from("/"));
        check_relative(typed, env)?;
        let (config_file, config) = config_file::read(env)?;
        let path = |name: &str| env.var(name).map(PathBuf::from);
        let text = |name: &str| env.var(name).map(|value| value.to_string_lossy().into_owned());
        // What a file says must not depend on where somebody stands who has it read.
        let beside = config_file.as_deref().and_then(Path::parent).unwrap_or(Path::new("/"));
        let of_config = |path: Option<PathBuf>| path.map(|path| beside.join(env.expand_home(&path)));
        let typed_path = |path: &Option<PathBuf>| path.as_ref().map(|path| env.absolute(path));
        let gpg_options = words(env.var("PASSWORD_STORE_GPG_OPTS"));
        let signing = words(env.var("PASSWORD_STORE_SIGNING_KEY"));
        Ok(Options {
            store_dir: typed_path(&typed.store)
                .or_else(|| path("PASSWORD_STORE_DIR"))
                .or_else(|| of_config(config.store)),
            store_typed: typed.store.is_some(),
            gnupg_home: typed_path(&typed.gnupg_home)
                .or_else(|| homedir(&gpg_options).map(|dir| env.absolute(&env.expand_home(&dir))))
                .or_else(|| path("GNUPGHOME").map(|dir| env.absolute(&dir)))
                .or_else(|| of_config(config.gnupg_home))
                .unwrap_or_else(|| home.join(".gnupg")),
            docker_config: typed_path(&typed.docker_config)
                .or_else(|| path("DOCKER_CONFIG").map(|dir| env.absolute(&dir)))
                .unwrap_or_else(|| home.join(".docker")),
            state_dir: env.state_dir().map(Path::to_owned).unwrap_or_else(|| home.join(".local/state")).join("regpass"),
            umask: octal(env.text("PASSWORD_STORE_UMASK"))?.unwrap_or(0o077),
            forced_recipients: words(env.var("PASSWORD_STORE_KEY"))
                .iter()
                .filter_map(|word| Recipient::new(&word.to_string_lossy()))
                .collect(),
            signing_required: env.var("PASSWORD_STORE_SIGNING_KEY").is_some(),
            signing_keys: signing.iter().filter_map(|word| fingerprint(word)).collect(),
            trust_always: config.trust == Some(Trust::Always),
            gpg_options,
            generated_length: text("PASSWORD_STORE_GENERATED_LENGTH"),
            character_set: text("PASSWORD_STORE_CHARACTER_SET"),
            character_set_no_symbols: text("PASSWORD_STORE_CHARACTER_SET_NO_SYMBOLS"),
            editor: env.var("VISUAL").or_else(|| env.var("EDITOR")).map(OsStr::to_owned),
            clip_seconds: env
                .text("PASSWORD_STORE_CLIP_TIME")
                .and_then(|seconds| seconds.parse().ok())
                .or(config.clip_seconds)
                .unwrap_or(CLIP_SECONDS),
            clip_primary: env.text("PASSWORD_STORE_X_SELECTION") == Some("primary"),
            journal: config.journal.unwrap_or(true),
            key_file: path("REGPASS_KEY_FILE").map(|file| env.absolute(&file)).or_else(|| of_config(config.key_file)),
            key_passphrase_file: path("REGPASS_KEY_PASSPHRASE_FILE")
                .map(|file| env.absolute(&file))
                .or_else(|| of_config(config.key_passphrase_file)),
            pinentry_loopback: match env.text("REGPASS_PINENTRY") {
                Some(mode) => mode == "loopback",
                None => config.pinentry == Some(Pinentry::Loopback),
            },
            read_only: [
                (typed.read_only, "--read-only"),
                (env.var("REGPASS_READ_ONLY").is_some(), "$REGPASS_READ_ONLY"),
                (config.read_only == Some(true), "read-only = true in the config file"),
            ]
            .iter()
            .find_map(|(asked, by)| asked.then_some(*by)),
            local_only: config.local_only == Some(true),
            windows_only: config.windows_only == Some(true),
            demo: path("REGPASS_DEMO"),
            config_file,
            ui: config.ui,
        })
    }
}

/// Refuses relative paths when there is no current folder that they start from.
fn check_relative(typed: &Typed, env: &Env) -> Result<(), Problem> {
    if !env.lacks_cwd() {
        return Ok(());
    }
    let typed =
        [("--store", &typed.store), ("--gnupg-home", &typed.gnupg_home), ("--docker-config", &typed.docker_config)];
    let typed = typed.map(|(name, path)| (name, path.as_deref()));
    let set = RELATIVE.map(|name| (name, env.var(name).map(Path::new)));
    let relative =
        |(name, path): (&'static str, Option<&Path>)| Some((name, path.filter(|path| path.is_relative())?.to_owned()));
    match typed.into_iter().chain(set).find_map(relative) {
        None => Ok(()),
        Some((name, path)) => Err(Problem::failed(format!(
            "{name} is {}, which starts from the current folder, and that is gone",
            text::quoted_path(&path)
        ))
        .hint("go to a folder that is there: cd")),
    }
}

fn words(value: Option<&OsStr>) -> Vec<OsString> {
    let bytes = value.map(OsStr::as_bytes).unwrap_or_default();
    let words = bytes.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    words.map(|word| OsString::from_vec(word.to_vec())).collect()
}

/// The last `--homedir` among gpg's options: for gpg it beats `$GNUPGHOME`.
fn homedir(gpg_options: &[OsString]) -> Option<PathBuf> {
    let mut joined = gpg_options.iter().filter_map(|word| word.as_bytes().strip_prefix(b"--homedir="));
    let joined = joined.next_back().map(|dir| PathBuf::from(OsStr::from_bytes(dir)));
    let split = gpg_options.windows(2).rev().find(|pair| pair[0] == "--homedir").map(|pair| PathBuf::from(&pair[1]));
    split.or(joined)
}

/// pass counts only 40 upper-case hex digits (pass 1.7.4, `verify_file`).
fn fingerprint(word: &OsStr) -> Option<String> {
    let text = word.to_str()?;
    let fits = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte));
    fits.then(|| text.to_owned())
}

fn octal(value: Option<&str>) -> Result<Option<u32>, Problem> {
    let Some(value) = value else { return Ok(None) };
    match u32::from_str_radix(value, 8) {
        Ok(mask) if mask <= 0o777 => Ok(Some(mask)),
        _ => Err(Problem::usage(format!("PASSWORD_STORE_UMASK is {}, not an octal mask", text::quoted(value)))
            .hint("use three octal digits: export PASSWORD_STORE_UMASK=077")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(vars: &[(&str, &str)]) -> Options {
        Options::resolve(&Typed::default(), &Env::made_of(vars.iter().copied())).expect("resolves")
    }

    #[test]
    fn a_hint_s_command_acts_on_the_places_that_were_typed() {
        let [store, gnupg_home] = ["/s t", "/g"].map(|dir| Some(PathBuf::from(dir)));
        let typed = Typed { store, gnupg_home, ..Typed::default() };
        for (hint, placed) in [
            ("see them: regpass undo --list", "see them: regpass --store '/s t' --gnupg-home /g undo --list"),
            ("import it: gpg --import x", "import it: GNUPGHOME=/g PASSWORD_STORE_DIR='/s t' gpg --import x"),
            ("regpass ls", "regpass --store '/s t' --gnupg-home /g ls"),
        ] {
            assert_eq!(typed.placed(hint), placed);
            assert_eq!(Typed::default().placed(hint), hint);
        }
        for kept in ["try again: regpass --store /x show a", "run: regpass demo", "look at the card", "see: df -h /"] {
            assert_eq!(typed.placed(kept), kept);
        }
    }

    #[test]
    fn defaults_are_pass_s() {
        let options = options(&[("HOME", "/nonexistent/a")]);
        assert_eq!(options.gnupg_home, Path::new("/nonexistent/a/.gnupg"));
        assert_eq!(options.umask, 0o077);
        assert_eq!(options.clip_seconds, 45);
        assert!(options.store_dir.is_none() && options.journal && !options.trust_always);
    }

    #[test]
    fn typed_beats_environment() {
        let env = Env::made_of([("HOME", "/nonexistent/a"), ("PASSWORD_STORE_DIR", "rel"), ("DOCKER_CONFIG", "/d")]);
        let typed = Typed { store: Some("/typed".into()), ..Typed::default() };
        let options = Options::resolve(&typed, &env).expect("resolves");
        assert_eq!(options.store_dir.as_deref(), Some(Path::new("/typed")));
        assert_eq!(options.docker_config, Path::new("/d"));
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        assert_eq!(options.store_dir.as_deref(), Some(Path::new("rel")));
    }

    #[test]
    fn a_relative_path_in_the_config_file_starts_from_that_file() {
        let home = tempfile::tempdir().expect("a home");
        let file = home.path().join("config.toml");
        std::fs::write(&file, "store = \"stores/x\"\ngnupg-home = \"~/keys\"\nkey-file = \"../key\"\n")
            .expect("written");
        let at = |name: &str| home.path().join(name);
        let env = Env::made_of([("HOME", home.path().as_os_str()), ("REGPASS_CONFIG", file.as_os_str())]);
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        assert_eq!(options.store_dir, Some(at("stores/x")));
        assert_eq!((options.gnupg_home, options.key_file), (at("keys"), Some(at("../key"))));
    }

    #[test]
    fn what_was_typed_can_be_typed_again() {
        let typed = Typed { store: Some("/a b".into()), docker_config: Some("d".into()), ..Typed::default() };
        assert_eq!(typed.flags(), " --store '/a b' --docker-config d");
        assert_eq!(typed.variables(), "PASSWORD_STORE_DIR='/a b' DOCKER_CONFIG=d ");
        assert_eq!(Typed::default().flags() + &Typed::default().variables(), "");
    }

    #[test]
    fn signing_keys_count_only_as_pass_counts_them() {
        let good = "A".repeat(40);
        let options =
            options(&[("HOME", "/x"), ("PASSWORD_STORE_SIGNING_KEY", &format!("{good} {} x", good.to_lowercase()))]);
        assert_eq!(options.signing_keys, [good]);
        assert!(options.signing_required);
    }

    #[test]
    fn any_signing_key_even_a_blank_asks_for_a_signature() {
        for (value, required) in [(" ", true), ("\t\n", true), ("x", true), ("", false)] {
            let options = options(&[("HOME", "/x"), ("PASSWORD_STORE_SIGNING_KEY", value)]);
            assert_eq!(options.signing_required, required, "{value:?}");
            assert!(options.signing_keys.is_empty(), "{value:?}");
        }
    }

    #[test]
    fn a_broken_umask_is_told() {
        let env = Env::made_of([("HOME", "/x"), ("PASSWORD_STORE_UMASK", "98")]);
        assert!(Options::resolve(&Typed::default(), &env).is_err());
    }
}
