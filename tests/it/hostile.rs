//! Hostile input to the real binary, and hostile stores under it: whatever comes, it ends by itself within its bounds,
//! answers 0 or 1, touches nothing outside the one entry, and shows neither a secret nor a raw control character.
//! The bytes of the answers are the helper's cases' business.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, regpass_binary, run};

/// In every secret here, and nowhere else.
const MARK: &str = "s3cret-mark";
const SERVER: &str = "registry.example.test";
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// What a call may use before the kernel ends it, and for how long (exit code 137).
const SECONDS: &str = "60";
const ADDRESS_SPACE: &str = "--as=268435456";

/// A store with one honest login and one honest entry beside it.
struct Victim {
    sandbox: Sandbox,
}

impl Victim {
    fn new() -> Victim {
        Victim::in_store(Sandbox::with_store().0)
    }

    fn in_store(sandbox: Sandbox) -> Victim {
        let victim = Victim { sandbox };
        victim.call("store", payload("honest.example.test", "alice", &format!("{MARK} honest")).as_bytes()).ok();
        std::fs::create_dir(victim.sandbox.store().join("email")).expect("a folder");
        std::fs::write(victim.sandbox.store().join("email/work.gpg"), b"somebody else's").expect("an entry");
        victim
    }

    /// Runs the helper under limits and checks what must hold for every call.
    #[track_caller]
    fn call(&self, action: &str, input: &[u8]) -> Answer {
        let answer = run(limited(&self.sandbox, &self.sandbox.helper_link()).arg(action), input);
        assert_civil(&answer, action == "get");
        answer
    }

    #[track_caller]
    fn refuses(&self, action: &str, input: &[u8]) -> String {
        let before = self.world();
        let answer = self.call(action, input);
        assert_eq!(answer.code, 1, "{}", answer.out());
        assert_eq!(answer.out().matches('\n').count(), 1, "one line: {:?}", answer.out());
        assert!(self.world() == before, "a refused call leaves no trace");
        answer.out()
    }

    /// The honest login is still there and still answers.
    #[track_caller]
    fn assert_honest(&self) {
        let answer = self.call("get", b"honest.example.test").ok();
        let answer: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
        assert_eq!((&answer["Username"], &answer["Secret"]), (&json!("alice"), &json!(format!("{MARK} honest"))));
        let listed = self.call("list", b"").ok();
        let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
        assert_eq!(listed["honest.example.test"], json!("alice"));
    }

    /// Everything below the sandbox but what GnuPG and the journal keep for themselves.
    fn world(&self) -> BTreeMap<PathBuf, String> {
        let mut world = BTreeMap::new();
        add_to_world(self.sandbox.path(), &mut world);
        world
    }

    fn helper_folder(&self) -> PathBuf {
        self.sandbox.store().join("docker-credential-helpers")
    }

    fn registry_folder(&self, server: impl AsRef<[u8]>) -> PathBuf {
        self.helper_folder().join(URL_SAFE.encode(server))
    }
}

fn limited(sandbox: &Sandbox, program: &Path) -> Command {
    let mut command = sandbox.command("timeout");
    command.args(["-s", "KILL", SECONDS, "prlimit", ADDRESS_SPACE, "--core=0", "--"]).arg(program);
    command
}

/// What holds for every answer, whatever was asked.
#[track_caller]
fn assert_civil(answer: &Answer, may_tell: bool) {
    let (out, err) = (answer.out(), answer.err());
    let secret_shown = err.contains(MARK) || (!may_tell || answer.code != 0) && out.contains(MARK);
    assert!(!secret_shown, "a secret was shown");
    assert!(matches!(answer.code, 0 | 1), "exit code {}, stderr: {err}", answer.code);
    assert!(!err.contains("panicked"), "{err}");
    assert_eq!(raw_controls(&err), "", "raw characters on stderr");
    if answer.code != 0 {
        assert_eq!(raw_controls(&out), "", "raw characters in the error");
    }
}

/// The characters that would steer a terminal or reorder a line.
fn raw_controls(text: &str) -> String {
    let steers = |c: &char| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c);
    text.chars().filter(steers).collect()
}

fn add_to_world(folder: &Path, world: &mut BTreeMap<PathBuf, String>) {
    for item in std::fs::read_dir(folder).expect("a folder").map(|item| item.expect("an item")) {
        let (path, kind) = (item.path(), item.file_type().expect("its kind"));
        if path.ends_with(".gnupg") || path.ends_with(".local/state") {
            continue;
        }
        if kind.is_dir() {
            world.insert(path.clone(), "folder".to_owned());
            add_to_world(&path, world);
        } else {
            // Never opened: it may be a FIFO. A changed file has another inode (written by renaming) or another time.
            let meta = item.metadata().expect("its metadata");
            use std::os::unix::fs::MetadataExt;
            world.insert(path, format!("{:o} {} {} {}", meta.mode(), meta.ino(), meta.len(), meta.mtime_nsec()));
        }
    }
}

fn payload(server: &str, user: &str, secret: &str) -> String {
    json!({"ServerURL": server, "Username": user, "Secret": secret}).to_string()
}

// --- input -------------------------------------------------------------------------------------------------------

/// An input that never ends is refused when it has become larger than any honest one.
#[test]
fn endless_input_is_refused() {
    let victim = Victim::new();
    for action in ["get", "store", "erase"] {
        let mut command = limited(&victim.sandbox, &victim.sandbox.helper_link());
        command.arg(action).stdin(File::open("/dev/zero").expect("zeros"));
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("an answer");
        let answer = Answer { code: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr: output.stderr };
        assert_civil(&answer, false);
        assert_eq!(answer.code, 1, "{action} of one endless line");
        for line in ["a\n".repeat(1000), "\n".repeat(1000), format!("{{\"{MARK}\":\n\"x\",\n").repeat(100)] {
            let answer = endless(&victim, action, line.as_bytes());
            assert_civil(&answer, false);
            assert_eq!(answer.code, 1, "{action} of endless lines");
        }
    }
    victim.assert_honest();
}

/// Writes a piece until nobody reads any more.
fn endless(victim: &Victim, action: &str, piece: &[u8]) -> Answer {
    let mut command = limited(&victim.sandbox, &victim.sandbox.helper_link());
    command.arg(action).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the helper");
    let mut stdin = child.stdin.take().expect("stdin");
    let piece = piece.to_vec();
    let writer = std::thread::spawn(move || while stdin.write_all(&piece).is_ok() {});
    let output = child.wait_with_output().expect("an answer");
    writer.join().expect("the writer");
    Answer { code: output.status.code().unwrap_or(-1), stdout: output.stdout, stderr: output.stderr }
}

#[test]
fn json_bombs_are_refused_or_read() {
    let victim = Victim::new();
    for depth in [10_001, 1_000_000] {
        for open in ["[", "{\"a\":", "{\"ServerURL\":["] {
            // A line may not be longer than 64 KiB; lines are joined.
            let bomb = format!("{}\n", open.repeat(1000)).repeat(depth / 1000 + 1);
            victim.refuses("store", bomb.as_bytes());
        }
    }
    let many: String = (0..100_000).map(|n| format!("\"key{n}\":[{n}],\n")).collect();
    let honest = payload(SERVER, "alice", MARK);
    let wide = format!("{{{many}{}", honest.strip_prefix('{').expect("an object"));
    victim.call("store", wide.as_bytes()).ok();
    assert!(victim.call("get", SERVER.as_bytes()).ok().out().contains(MARK));
    let repeated = format!("{{\"Secret\":\"{MARK} old\",\n").repeat(1);
    let repeated = format!("{repeated}{}", format!("\"Secret\":\"{MARK}\",\n").repeat(100_000));
    let repeated = format!("{repeated}\"ServerURL\":\"{SERVER}\",\"Username\":\"alice\"}}");
    victim.call("store", repeated.as_bytes()).ok();
    victim.assert_honest();
}

/// The payload is a secret wherever it stands: no error repeats any of it.
#[test]
fn broken_payloads_are_not_repeated() {
    let victim = Victim::new();
    let pieces = [
        format!("{{\"ServerURL\":\"{SERVER}\",\"Username\":\"alice\",\"Secret\":\"{MARK}"),
        format!("{{\"ServerURL\":\"{SERVER}\",\"Username\":\"alice\",\"Secret\":\"{MARK}\\x\"}}"),
        format!("{{\"ServerURL\":\"{SERVER}\",\"Username\":\"alice\",\"Secret\":[\"{MARK}\"]}}"),
        format!("{{\"ServerURL\":\"{SERVER}\",\"Username\":\"alice\",\"Secret\":\"{MARK}\",}}"),
        format!("{{\"ServerURL\":\"{SERVER}\",\"Username\":\"\",\"Secret\":\"{MARK}\"}}"),
        format!("{{\"ServerURL\":\"\",\"Username\":\"alice\",\"Secret\":\"{MARK}\"}}"),
        format!("{{\"ServerURL\":\"{SERVER}\",\"Username\":\"..\",\"Secret\":\"{MARK}\"}}"),
        format!("{{\"{MARK}\":}}"),
        format!("\"{MARK}\""),
        MARK.to_owned(),
        format!("\u{feff}{{\"Secret\":\"{MARK}\"}}"),
        format!("{{\"Secret\":\"{}\"}}", MARK.repeat(10_000)),
    ];
    for piece in pieces {
        victim.refuses("store", piece.as_bytes());
    }
    victim.assert_honest();
}

#[test]
fn bytes_that_are_no_text_are_a_miss() {
    let victim = Victim::new();
    let mut long = vec![b'a'; 65_535];
    for server in [&b"\0"[..], b"a\0b", b"\xff\xfe", b"\x1b]0;title\x07", b"../../email/work", b"/etc/passwd", &long] {
        let answer = victim.call("get", server);
        assert_eq!((answer.code, answer.out().as_str()), (1, NOT_FOUND), "{server:?}");
        assert_eq!(victim.call("erase", server).ok().out(), "", "{server:?}");
    }
    long.push(b'a');
    victim.refuses("get", &long);
    for store in [&b"\0"[..], b"\xff", b"\x1b[31m", b"{\"\x1b\":1}", b"\xef\xbb\xbf{}"] {
        victim.refuses("store", store);
    }
    victim.assert_honest();
}

// --- names -------------------------------------------------------------------------------------------------------

/// Every way out of the folder that a user name has been seen to try.
const LEAVING: [&str; 16] = [
    "..",
    "../x",
    "../..",
    "../../email/work",
    "../../../x",
    "../../../../../../../../../../tmp/x",
    "./../x",
    "/..",
    "/../x",
    "//../../x",
    "a/../..",
    "a/../../b",
    "a/./../../b",
    "a/b/../../../c",
    "../docker-credential-helpers/x",
    "../aG9uZXN0LmV4YW1wbGUudGVzdA==/alice",
];

/// Names that are odd and stay where they belong.
const STAYING: [&str; 32] = [
    ".",
    "/",
    "//",
    "...",
    ".../x",
    "/etc/passwd",
    "/a",
    "a/",
    "./a",
    "a/../b",
    "a//b",
    "..\\..\\x",
    "..%2f..%2fx",
    "%2e%2e",
    "%2E%2E%2Fx",
    "%",
    "%00",
    "．．／x",
    "~/x",
    "~root",
    "$HOME",
    "$(touch x)",
    "`touch x`",
    "-rf",
    "--help",
    ".gpg-id",
    ".git",
    "a.gpg",
    "new\nline",
    "\u{1b}]0;title\u{7}\u{1b}[31m",
    "\u{202e}gpg.ecila",
    "*",
];

#[test]
fn a_user_name_never_leaves_its_folder() {
    let victim = Victim::new();
    let mut leaving: Vec<String> = LEAVING.map(str::to_owned).into();
    leaving.extend([String::new(), "nul\0".to_owned(), "a".repeat(256), format!("a/{}x", "../".repeat(1000))]);
    for user in &leaving {
        let secret = format!("{MARK} of a thief");
        victim.refuses("store", payload(SERVER, user, &secret).as_bytes());
    }
    for user in STAYING {
        let before = victim.world();
        let secret = format!("{MARK} of {user}");
        victim.call("store", payload(SERVER, user, &secret).as_bytes()).ok();
        let new: Vec<PathBuf> = victim.world().into_keys().filter(|path| !before.contains_key(path)).collect();
        let folder = victim.registry_folder(SERVER);
        assert_eq!(new.len(), 2, "a folder and a file for {user:?}: {new:?}");
        assert_eq!(new[0], folder, "{user:?}");
        assert_eq!((new[1].parent(), new[1].extension()), (Some(&*folder), Some(OsStr::new("gpg"))), "{user:?}");

        let got = victim.call("get", SERVER.as_bytes()).ok();
        let got: Value = serde_json::from_slice(&got.stdout).expect("JSON");
        assert_eq!((&got["Username"], &got["Secret"]), (&json!(user), &json!(secret)));
        let listed: Value = serde_json::from_slice(&victim.call("list", b"").ok().stdout).expect("JSON");
        assert_eq!(listed[SERVER], json!(user));

        victim.call("erase", SERVER.as_bytes()).ok();
        assert!(victim.world() == before, "nothing is left of {user:?}");
    }
    victim.assert_honest();
}

#[test]
fn a_server_name_never_leaves_its_folder() {
    let victim = Victim::new();
    let odd = ["..", ".", "/", "../../email/work", "\u{1b}[2J", "a\0b", "\u{202e}", "-rf", "~", &"a".repeat(189)];
    for server in odd {
        let before = victim.world();
        victim.call("store", payload(server, "alice", MARK).as_bytes()).ok();
        let folder = victim.registry_folder(server);
        let new: Vec<PathBuf> = victim.world().into_keys().filter(|path| !before.contains_key(path)).collect();
        assert_eq!(new, [folder.clone(), folder.join("alice.gpg")], "{server:?}");
        assert!(victim.call("get", server.as_bytes()).ok().out().contains(MARK));
        victim.call("erase", server.as_bytes()).ok();
        assert!(victim.world() == before, "nothing is left of {server:?}");
    }
    for long in ["a".repeat(190), "a".repeat(60_000)] {
        victim.refuses("store", payload(&long, "alice", MARK).as_bytes());
        assert_eq!(victim.call("get", long.as_bytes()).out(), NOT_FOUND);
        victim.call("erase", long.as_bytes()).ok();
    }
    victim.assert_honest();
}

#[test]
fn an_action_is_not_repeated_raw() {
    let victim = Victim::new();
    for action in ["\u{1b}[31mget", "get\n", "\u{202e}teg", ""] {
        victim.refuses(action, b"");
    }
    let answer = run(limited(&victim.sandbox, &victim.sandbox.helper_link()).arg(OsStr::from_bytes(b"\xff\x1b")), b"");
    assert_civil(&answer, false);
    assert_eq!(answer.code, 1);
}

// --- stores ------------------------------------------------------------------------------------------------------

/// Puts what nobody expects where a login or a registry's folder would be.
fn plant_traps(victim: &Victim) -> Vec<String> {
    let mut servers = Vec::new();
    let mut plant = |name: &str, trap: &dyn Fn(&Path)| {
        let server = format!("{name}.trap.test");
        let folder = victim.registry_folder(&server);
        std::fs::create_dir(&folder).expect("a registry's folder");
        trap(&folder.join("alice.gpg"));
        servers.push(server);
    };
    plant("fifo", &|file| fifo(file));
    plant("folder", &|file| std::fs::create_dir(file).expect("a folder"));
    plant("dangling", &|file| symlink("nowhere", file).expect("a link"));
    plant("loop", &|file| symlink("alice.gpg", file).expect("a link"));
    plant("zero", &|file| symlink("/dev/zero", file).expect("a link"));
    plant("tty", &|file| symlink("/dev/tty", file).expect("a link"));
    plant("outside", &|file| symlink("/etc/passwd", file).expect("a link"));
    plant("sparse", &|file| File::create(file).and_then(|file| file.set_len(1 << 40)).expect("a sparse file"));
    plant("empty", &|file| std::fs::write(file, b"").expect("a file"));
    plant("text", &|file| std::fs::write(file, "\u{1b}[31mnot OpenPGP").expect("a file"));
    plant("armour", &|file| std::fs::write(file, b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n").expect("a file"));
    plant("noise", &|file| std::fs::write(file, [0xc1, 0xff, 0xff, 0xff, 0xff, 0xff, 3]).expect("a file"));
    plant("deep", &|file| std::fs::create_dir_all(file.join("a/".repeat(100))).expect("folders"));
    plant("itself", &|file| symlink(".", file.with_file_name("a")).expect("a link"));
    servers
}

fn fifo(file: &Path) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, file, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
}

/// Strange folders beside the registries'.
fn plant_neighbours(victim: &Victim) {
    let folder = victim.helper_folder();
    for name in [&b"\x1b[31mred"[..], b"\xff\xfe", b"new\nline", b".git", b"not base64", b"aB==", b"=", b"a.gpg"] {
        std::fs::create_dir(folder.join(OsStr::from_bytes(name))).expect("a folder");
    }
    for server in [&b"\x1b]0;title\x07"[..], b"\xff", b"\0", "\u{202e}".as_bytes()] {
        let folder = victim.registry_folder(server);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::copy(honest_file(victim), folder.join("alice.gpg")).expect("a login");
    }
    let named = victim.registry_folder("names.trap.test");
    std::fs::create_dir(&named).expect("a folder");
    for name in [&b"\x1b[31m.gpg"[..], b".gpg", b"..gpg", b"\xff.gpg", b"README", b".gpg-id"] {
        std::fs::write(named.join(OsStr::from_bytes(name)), b"x").expect("a file");
    }
    fifo(&folder.join(URL_SAFE.encode("fifo-folder.trap.test")));
    symlink(URL_SAFE.encode("loop.test"), folder.join(URL_SAFE.encode("loop.test"))).expect("a link");
    symlink("/", folder.join(URL_SAFE.encode("root.trap.test"))).expect("a link");
    symlink("..", folder.join(URL_SAFE.encode("up.trap.test"))).expect("a link");
}

fn honest_file(victim: &Victim) -> PathBuf {
    victim.registry_folder("honest.example.test").join("alice.gpg")
}

#[test]
fn traps_in_the_store_break_nothing() {
    let victim = Victim::new();
    let servers = plant_traps(&victim);
    plant_neighbours(&victim);
    victim.assert_honest();
    let folders = ["fifo-folder.trap.test", "loop.test", "root.trap.test", "up.trap.test", "names.trap.test"];
    for server in servers.iter().map(String::as_str).chain(folders) {
        let answer = victim.call("get", server.as_bytes());
        assert_eq!(answer.code, 1, "{server}: {}", answer.out());
    }
    // The traps can be stored over or are refused; erased, they are gone and what they point to is not.
    for server in &servers {
        let answer = victim.call("store", payload(server, "alice", MARK).as_bytes());
        if answer.code == 0 {
            assert!(victim.call("get", server.as_bytes()).ok().out().contains(MARK), "{server}");
        }
        victim.call("erase", server.as_bytes()).ok();
        assert_eq!(victim.call("get", server.as_bytes()).out(), NOT_FOUND, "{server}");
    }
    for server in ["root.trap.test", "up.trap.test"] {
        victim.call("erase", server.as_bytes()).ok();
    }
    assert!(Path::new("/etc/passwd").exists() && victim.sandbox.store().join(".gpg-id").exists());
    victim.assert_honest();
}

/// The folder of all registries, or the file of recipients, is something else.
#[test]
fn a_store_that_is_not_one_is_refused() {
    type Trap = fn(&Path);
    let traps: [(&str, Trap); 7] = [
        ("a FIFO", |path| fifo(path)),
        ("a link to itself", |path| symlink(path.file_name().expect("a name"), path).expect("a link")),
        ("a link to nothing", |path| symlink("nowhere/at/all", path).expect("a link")),
        ("endless", |path| symlink("/dev/zero", path).expect("a link")),
        ("a text", |path| std::fs::write(path, "\u{1b}[31m\u{202e}\0\n").expect("a file")),
        ("no text", |path| std::fs::write(path, b"\xff\xfe\x1b\n").expect("a file")),
        ("huge", |path| File::create(path).and_then(|file| file.set_len(1 << 40)).expect("a sparse file")),
    ];
    for (name, trap) in traps {
        let victim = Victim::new();
        let recipients = victim.sandbox.store().join(".gpg-id");
        std::fs::rename(&recipients, victim.sandbox.path().join("old")).expect("moved");
        trap(&recipients);
        let told = victim.refuses("store", payload(SERVER, "alice", MARK).as_bytes());
        assert_ne!(told, NOT_FOUND, "recipients are {name}");
        victim.assert_honest();

        std::fs::remove_file(&recipients).expect("removed");
        std::fs::rename(victim.sandbox.path().join("old"), &recipients).expect("moved back");
        std::fs::rename(victim.helper_folder(), victim.sandbox.path().join("old")).expect("moved");
        trap(&victim.helper_folder());
        for action in ["get", "erase", "list"] {
            victim.call(action, SERVER.as_bytes());
        }
        victim.refuses("store", payload(SERVER, "alice", MARK).as_bytes());
    }
}

/// A damaged file is an error or, where the damage does not matter, the whole secret: never a part of it, never a panic.
fn damaged_entries_give_all_or_nothing(victim: &Victim) {
    let file = honest_file(victim);
    let good = std::fs::read(&file).expect("the login");
    let whole = format!("{MARK} honest");
    let mut damaged: Vec<Vec<u8>> = (0..good.len()).map(|end| good[..end].to_vec()).collect();
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= flip;
            damaged.push(bytes);
        }
    }
    damaged.push([&good[..], b"trailing"].concat());
    damaged.push([&good[..], &good[..]].concat());
    let mut refused = 0;
    for bytes in damaged {
        std::fs::write(&file, &bytes).expect("the damage");
        let answer = victim.call("get", b"honest.example.test");
        if answer.code == 0 {
            let answer: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
            assert_eq!(answer["Secret"], json!(whole));
        } else {
            assert_ne!(answer.out(), NOT_FOUND, "a login that cannot be read is not a missing one");
            refused += 1;
        }
    }
    assert!(refused > good.len(), "truncation and damage are noticed");
    std::fs::write(&file, &good).expect("the login");
    victim.assert_honest();
}

#[test]
fn damaged_entries_give_all_or_nothing_with_the_agent() {
    damaged_entries_give_all_or_nothing(&Victim::new());
}

#[test]
fn damaged_entries_give_all_or_nothing_with_a_key_file() {
    damaged_entries_give_all_or_nothing(&Victim::in_store(Sandbox::with_key_file()));
}

// --- surroundings ------------------------------------------------------------------------------------------------

/// Streams that are closed or full, a home that is not there, a folder that was removed under our feet.
#[test]
fn odd_surroundings_end_in_an_answer() {
    let victim = Victim::new();
    let link = victim.sandbox.helper_link();
    let shell = |script: &str| {
        let script = format!("helper=\"$1\"; {script}");
        let mut command = limited(&victim.sandbox, Path::new("/bin/sh"));
        let answer = run(command.args(["-c", &script, "sh"]).arg(&link), b"");
        assert_civil(&answer, true);
        answer.code
    };
    assert_eq!(shell("exec \"$helper\" get <&-"), 1);
    assert_eq!(shell("echo honest.example.test | \"$helper\" get >&-"), 0, "as the official helper");
    assert_eq!(shell("echo honest.example.test | \"$helper\" get >/dev/full"), 0, "as the official helper");
    assert_eq!(shell("\"$helper\" list >/dev/full"), 1, "as the official helper");
    assert_eq!(shell("echo .. | \"$helper\" get 2>&-"), 1);
    assert_eq!(shell("exec \"$helper\" store <&- >&- 2>&-"), 1);
    assert_eq!(shell("mkdir gone && cd gone && rmdir ../gone && echo honest.example.test | \"$helper\" get"), 0);
    let home = victim.sandbox.path().join("no-home");
    for store in ["/dev/null", "/dev/zero", "", "nowhere", "/proc/self/mem", "/", "a\u{1b}[31m"] {
        let mut command = limited(&victim.sandbox, &link);
        let answer = run(command.arg("get").env("PASSWORD_STORE_DIR", store).env("HOME", &home), SERVER.as_bytes());
        assert_civil(&answer, false);
        assert_eq!(answer.code, 1, "{store}");
        assert!(!home.exists(), "a home that is not there is not made");
    }
    victim.assert_honest();
}

// --- the command line --------------------------------------------------------------------------------------------

/// On a terminal as through a pipe, names from a hostile store reach people only escaped.
#[test]
fn the_command_line_shows_hostile_names_escaped() {
    let victim = Victim::new();
    plant_traps(&victim);
    plant_neighbours(&victim);
    let store = victim.sandbox.store();
    for name in [&b"\x1b]0;title\x07.gpg"[..], b"\xff\xfe.gpg", "\u{202e}gpg.x.gpg".as_bytes(), b"new\nline.gpg"] {
        std::fs::write(store.join(OsStr::from_bytes(name)), b"x").expect("an entry");
    }
    std::fs::create_dir(store.join(OsStr::from_bytes(b"\x1b[2Jfolder"))).expect("a folder");
    fifo(&store.join("pipe.gpg"));
    symlink(victim.sandbox.home(), store.join("home")).expect("a link");

    let lines = [
        "ls",
        "registries",
        "find title",
        "find .",
        "show '\u{1b}]0;title\u{7}'",
        "show '\u{1b}[31mno'",
        "ls '\u{1b}[2Jfolder'",
        "show pipe",
        "show ../x",
        "rm -f '\u{202e}'",
    ];
    for line in lines {
        let command = format!("{} {line}", regpass_binary().display());
        for shell in [&["sh", "-c", &command][..], &["script", "-qec", &command, "/dev/null"]] {
            let mut run_it = limited(&victim.sandbox, Path::new(shell[0]));
            let answer = run(run_it.args(&shell[1..]).env("NO_COLOR", "1").env("TERM", "dumb"), b"");
            assert!(!matches!(answer.code, 101 | 137 | -1), "{line}: {}", answer.err());
            let said = format!("{}{}", answer.out(), answer.err()).replace("\r\n", "\n").replace('\t', " ");
            assert!(!said.is_empty() && !said.contains("panicked"), "{line}: {said}");
            assert_eq!(raw_controls(&said), "", "{line}: {said:?}");
        }
    }
    for line in ["ls --json", "registries --json"] {
        let args: Vec<&str> = line.split(' ').collect();
        let answer = run(limited(&victim.sandbox, &regpass_binary()).args(args), b"");
        let told: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
        assert_eq!(told["schema"], json!(1), "{line}");
    }
}
