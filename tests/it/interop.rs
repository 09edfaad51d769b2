//! One store, many programs: regpass, the official helpers, pass and gopass write, read, list and erase in turn, and
//! must agree. What a single program does with odd input is not here (hostile.rs, the helper's cases).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, official_helper, peer, peers_dir, run};

/// Who reads and writes the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Ours,
    /// Ours with a key file instead of GnuPG.
    OursByKeyFile,
    /// The current official helper on pass.
    Official,
    /// The same with gopass called `pass`.
    OfficialOnGopass,
    /// Debian's old one, 0.6.4.
    Debian,
    Pass,
    Gopass,
}
use Program::*;

const ALL: [Program; 7] = [Ours, OursByKeyFile, Official, OfficialOnGopass, Debian, Pass, Gopass];
const DEBIAN_HELPER: &str = "/usr/bin/docker-credential-pass";

/// User names that are file names as they are.
const LOGINS: [(&str, &str); 14] = [
    ("alice", "s3cret"),
    ("<token>", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"),
    ("robot$project+ci", "p<&>\"\\/'`$(x) %41 {}"),
    ("_json_key", "{\n  \"type\": \"service_account\",\n  \"private_key\": \"-----BEGIN\\nMII\\n\"\n}\n"),
    ("Ünïcode 日本 🐳", "ä€ 日本 🐳 \u{2028}\u{2029}\u{feff} \u{fffd} é"),
    ("-dash", "\n \tleading space and newline"),
    (".hidden", "trailing newlines\n\n\r\n"),
    ("ends.gpg", "\n\n"),
    ("with space\tand tab", "one\ntwo: x\n---\nthree"),
    ("O'Brien \"\\ *?[a]", " spaces around "),
    ("empty", ""),
    ("a%b", "\u{1}\u{2}\u{3}\u{7}\u{8}\u{b}\u{c}\u{e}\u{1b}[31m\u{1f}\u{7f}\u{80}\u{9f}"),
    ("nul", "before\0after"),
    ("inner-cr", "one\rtwo\r\nthree"),
];

/// What only programs that take bytes can write.
const BYTES: &[u8] = b"\x00\x01\xff\xfe\x80 not UTF-8 \xc3(\xed\xa0\x80\xf4\x90";

/// A store at pass's place that gopass is configured for too.
struct House {
    sandbox: Sandbox,
    key_file: PathBuf,
    gopass_as_pass: PathBuf,
}

impl House {
    fn new() -> House {
        let (sandbox, fingerprint) = Sandbox::with_store();
        let key_file = sandbox.export_key(&fingerprint);
        let config = sandbox.home().join(".config/gopass");
        std::fs::create_dir_all(&config).expect("gopass's folder");
        let text = format!("[mounts]\n\tpath = {}\n[core]\n\tautosync = false\n", sandbox.store().display());
        std::fs::write(config.join("config"), text).expect("gopass's configuration");
        let gopass_as_pass = sandbox.path().join("gopass-as-pass");
        std::fs::create_dir(&gopass_as_pass).expect("a folder");
        let gopass = peers_dir().join("gopass");
        std::os::unix::fs::symlink(gopass, gopass_as_pass.join("pass")).expect("a link");
        House { sandbox, key_file, gopass_as_pass }
    }

    /// Those that are installed; each missing one is noted as skipped.
    fn programs(&self) -> Vec<Program> {
        ALL.into_iter().filter(|program| program.is_installed()).collect()
    }

    fn helper(&self, program: Program, action: &str, input: &[u8]) -> Answer {
        let official = peers_dir().join("docker-credential-pass");
        let path = std::env::var_os("PATH").expect("PATH");
        let (helper, path) = match program {
            Ours | OursByKeyFile => (self.sandbox.helper_link(), path),
            Official => (official, path),
            OfficialOnGopass => (official, in_front(&self.gopass_as_pass, path)),
            Debian => (DEBIAN_HELPER.into(), path),
            Pass | Gopass => panic!("{program:?} is no helper"),
        };
        let mut command = self.sandbox.command(helper);
        if program == OursByKeyFile {
            command.env("REGPASS_KEY_FILE", &self.key_file);
        }
        run(command.env("PATH", path).arg(action), input)
    }

    fn write(&self, program: Program, server: &str, user: &str, secret: &[u8]) {
        let name = entry(server, user);
        match program {
            Pass => self.sandbox.run("pass", &["insert", "-f", "-m", &name], secret).ok(),
            Gopass => self.sandbox.run("gopass", &["insert", "-f", "-m", &name], secret).ok(),
            helper => {
                let secret = std::str::from_utf8(secret).expect("UTF-8");
                let payload = json!({"ServerURL": server, "Username": user, "Secret": secret}).to_string();
                self.helper(helper, "store", payload.as_bytes()).ok()
            }
        };
    }

    /// What a program shows of a login: the user (where it names one) and the secret; None when there is none.
    fn read(&self, program: Program, server: &str, user: &str) -> Option<(String, Vec<u8>)> {
        let name = entry(server, user);
        let shown = match program {
            Pass => self.sandbox.run("pass", &["show", &name], b""),
            Gopass => self.sandbox.run("gopass", &["show", "--noparsing", &name], b""),
            helper => return helper_answer(helper, &self.helper(helper, "get", server.as_bytes())),
        };
        let missing = shown.err().contains("not in the password store") || shown.err().contains("not found");
        assert!(shown.code == 0 || missing, "{program:?}: {}", shown.err());
        (shown.code == 0).then(|| (user.to_owned(), shown.stdout))
    }

    fn erase(&self, program: Program, server: &str) {
        let folder = folder(server);
        match program {
            Pass => self.sandbox.run("pass", &["rm", "-rf", &folder], b"").ok(),
            Gopass => self.sandbox.run("gopass", &["rm", "-rf", &folder], b"").ok(),
            helper => self.helper(helper, "erase", server.as_bytes()).ok(),
        };
    }

    /// The plaintext of an entry, bit for bit.
    fn plaintext(&self, server: &str, user: &str) -> Vec<u8> {
        let file = self.sandbox.store().join(format!("{}.gpg", entry(server, user)));
        self.sandbox.gpg(&["--decrypt", file.to_str().expect("UTF-8")]).ok().stdout
    }

    /// Every program shows this secret as its own rules say.
    #[track_caller]
    fn assert_all_read(&self, server: &str, user: &str) {
        let plaintext = self.plaintext(server, user);
        for program in self.programs() {
            let expected = Some((user.to_owned(), program.view(&plaintext)));
            assert_eq!(self.read(program, server, user), expected, "{program:?} reads {user:?}");
        }
        if Official.is_installed() {
            let [ours, official] = [Ours, Official].map(|helper| self.helper(helper, "get", server.as_bytes()));
            assert_eq!(ours.out(), official.out(), "the same bytes as the official helper");
        }
    }

    #[track_caller]
    fn assert_lists_agree(&self) {
        let lists: Vec<(Program, String)> = self
            .programs()
            .into_iter()
            .filter(|program| program.is_helper())
            .map(|helper| (helper, self.helper(helper, "list", b"").ok().out()))
            .collect();
        for (helper, list) in &lists {
            assert_eq!(list, &lists[0].1, "{helper:?} lists as {:?}", lists[0].0);
        }
    }

    #[track_caller]
    fn assert_work_tree_clean(&self) {
        assert_eq!(self.sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    }
}

impl Program {
    fn is_installed(self) -> bool {
        match self {
            Ours | OursByKeyFile => true,
            Official => official_helper().is_some() && peer("pass").is_some(),
            OfficialOnGopass => official_helper().is_some() && peer("gopass").is_some(),
            Debian => Path::new(DEBIAN_HELPER).is_file() && peer("pass").is_some(),
            Pass => peer("pass").is_some(),
            Gopass => peer("gopass").is_some(),
        }
    }

    fn is_helper(self) -> bool {
        !matches!(self, Pass | Gopass)
    }

    /// The bytes a program makes of a secret when it writes it.
    fn stores(self, secret: &[u8]) -> Vec<u8> {
        if matches!(self, Gopass | OfficialOnGopass) { by_gopass(secret) } else { secret.to_vec() }
    }

    /// The bytes a program shows of what is stored.
    fn view(self, plaintext: &[u8]) -> Vec<u8> {
        match self {
            Pass => plaintext.to_vec(),
            Gopass => by_gopass(plaintext),
            OfficialOnGopass => trimmed(&by_gopass(plaintext)),
            Ours | OursByKeyFile | Official | Debian => trimmed(plaintext),
        }
    }
}

/// As a helper answers: without the newlines at its end, and in JSON, which has only UTF-8.
fn trimmed(plaintext: &[u8]) -> Vec<u8> {
    let end = plaintext.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    // Go replaces each byte that is not UTF-8, Rust's `from_utf8_lossy` each longest valid beginning.
    let mut text = String::new();
    for chunk in plaintext[..end].utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text.into_bytes()
}

/// gopass works by lines: each ends in one newline and none in a carriage return.
fn by_gopass(secret: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = secret.split(|byte| *byte == b'\n').collect();
    if lines.len() > 1 && lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    let lines = lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.flat_map(|line| [line, b"\n"].concat()).collect()
}

fn helper_answer(helper: Program, answer: &Answer) -> Option<(String, Vec<u8>)> {
    if answer.code != 0 {
        assert_eq!(answer.out(), "credentials not found in native keychain\n", "{helper:?}");
        return None;
    }
    let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let text = |key: &str| value[key].as_str().expect("a string").to_owned();
    // What the old helper says of a login that is not there.
    let old_miss = helper == Debian && text("Username").is_empty() && text("Secret").is_empty();
    (!old_miss).then(|| (text("Username"), text("Secret").into_bytes()))
}

fn folder(server: &str) -> String {
    format!("docker-credential-helpers/{}", URL_SAFE.encode(server))
}

fn entry(server: &str, user: &str) -> String {
    format!("{}/{user}", folder(server))
}

fn in_front(dir: &Path, path: OsString) -> OsString {
    std::env::join_paths(std::iter::once(dir.to_owned()).chain(std::env::split_paths(&path))).expect("a PATH")
}

/// One program writes, all read.
fn all_read_what_one_writes(writer: Program) {
    let house = House::new();
    if !house.programs().contains(&writer) {
        return;
    }
    let logins = LOGINS.iter().map(|(user, secret)| (*user, secret.as_bytes()));
    let bytes = (!writer.is_helper()).then_some(("bytes", BYTES));
    for (index, (user, secret)) in logins.chain(bytes).enumerate() {
        let server = format!("https://r{index}.example.test:5000/v2/");
        house.write(writer, &server, user, secret);
        assert_eq!(house.plaintext(&server, user), writer.stores(secret), "{writer:?} stores {user:?}");
        house.assert_all_read(&server, user);
    }
    house.assert_lists_agree();
}

#[test]
fn all_read_what_regpass_writes() {
    all_read_what_one_writes(Ours);
}

#[test]
fn all_read_what_regpass_writes_by_key_file() {
    all_read_what_one_writes(OursByKeyFile);
}

#[test]
fn all_read_what_the_official_helper_writes() {
    all_read_what_one_writes(Official);
}

#[test]
fn all_read_what_the_official_helper_writes_with_gopass() {
    all_read_what_one_writes(OfficialOnGopass);
}

#[test]
fn all_read_what_debians_helper_writes() {
    all_read_what_one_writes(Debian);
}

#[test]
fn all_read_what_pass_writes() {
    all_read_what_one_writes(Pass);
}

#[test]
fn all_read_what_gopass_writes() {
    all_read_what_one_writes(Gopass);
}

/// A line of the protocol may be 65,535 bytes long, so this is about the longest secret docker can store.
#[test]
fn all_read_a_long_secret() {
    let house = House::new();
    let secret = "0123456789abcdef".repeat(4000);
    house.write(Ours, "long.example.test", "alice", secret.as_bytes());
    house.assert_all_read("long.example.test", "alice");
}

/// Everyone overwrites everyone's secret in one git store, and everyone sees the newest.
#[test]
fn programs_overwrite_each_other_in_a_git_store() {
    let house = House::new();
    house.sandbox.init_git();
    let writers = house.programs();
    for round in 0..2 {
        for writer in writers.iter().chain([&Ours]) {
            let secret = format!("round {round} by {writer:?}");
            house.write(*writer, "git.example.test", "alice", secret.as_bytes());
            assert_eq!(house.plaintext("git.example.test", "alice"), writer.stores(secret.as_bytes()));
            house.assert_all_read("git.example.test", "alice");
            house.assert_work_tree_clean();
        }
    }
    house.erase(Ours, "git.example.test");
    house.assert_work_tree_clean();
}

#[test]
fn what_one_erases_is_gone_for_all() {
    let house = House::new();
    for eraser in house.programs() {
        for (server, user) in [("gone.example.test", "alice"), ("stays.example.test", "<token>")] {
            house.write(Ours, server, user, b"s3cret");
            house.assert_all_read(server, user);
        }
        house.erase(eraser, "gone.example.test");
        for reader in house.programs() {
            let read = house.read(reader, "gone.example.test", "alice");
            assert_eq!(read, None, "{reader:?} after {eraser:?} erased");
        }
        house.assert_all_read("stays.example.test", "<token>");
        let listed = house.helper(Ours, "list", b"").ok().out();
        assert_eq!(listed, "{\"stays.example.test\":\"\\u003ctoken\\u003e\"}\n");
        house.assert_lists_agree();
    }
}

/// The official helpers nest a user name with `/` and then answer a listing as its secret; we read that form, and what
/// we write they answer with the right secret.
#[test]
fn user_names_with_a_slash_are_read_from_both_forms() {
    let house = House::new();
    let (server, user) = ("oracle.example.test", "tenancy/oracle/alice@example.test");
    for writer in [Official, Debian, OfficialOnGopass, Pass, Gopass] {
        if !house.programs().contains(&writer) {
            continue;
        }
        house.write(writer, server, user, b"nested s3cret");
        let read = house.read(Ours, server, user);
        assert_eq!(read, Some((user.to_owned(), b"nested s3cret".to_vec())), "as {writer:?} wrote it");
        let listed: Value = serde_json::from_slice(&house.helper(Ours, "list", b"").ok().stdout).expect("JSON");
        assert_eq!(listed, json!({ server: user }));
        house.erase(Ours, server);
        assert_eq!(house.read(Ours, server, user), None);
        assert!(!house.sandbox.store().join(folder(server)).exists(), "nothing is left of what {writer:?} wrote");
    }

    house.write(Ours, server, user, b"flat s3cret");
    assert_eq!(house.read(Ours, server, user), Some((user.to_owned(), b"flat s3cret".to_vec())));
    for reader in [Official, Debian, OfficialOnGopass] {
        if house.programs().contains(&reader) {
            let (_, secret) = house.read(reader, server, user).expect("a login");
            assert_eq!(secret, b"flat s3cret", "{reader:?} answers the secret and no listing");
        }
    }
}

/// A login that another program added later is the one to use; ours leaves only the new one.
#[test]
fn the_login_stored_last_wins_whoever_stored_it() {
    let house = House::new();
    let server = "two.example.test";
    for writer in house.programs() {
        house.write(Ours, server, "alice", b"old");
        house.write(writer, server, "Zed", b"new");
        assert_eq!(house.read(Ours, server, "Zed"), Some(("Zed".to_owned(), b"new".to_vec())), "{writer:?}");
        house.write(Ours, server, "alice", b"newest");
        assert_eq!(house.read(Ours, server, "alice"), Some(("alice".to_owned(), b"newest".to_vec())));
        assert!(!house.sandbox.store().join(format!("{}.gpg", entry(server, "Zed"))).exists());
        house.assert_lists_agree();
    }
}
