//! Holds the source to docs/architecture.md: floors point down, rooms import along the arrows below, one file reads the
//! surroundings, a few write to the terminal, secrets are exposed where docs/security.md says. Reads text, compiles
//! nothing; that each rule can fail is shown on bad snippets at the end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Lowest first: a floor imports itself and those before it.
const FLOORS: [&str; 4] = ["model", "system", "ops", "frontend"];

/// Which room of a floor may import which others of the same floor. `mod` is the floor's own `mod.rs`, which hands the
/// rooms out. A room that is not named imports no other.
const ARROWS: &[(&str, &[&str])] = &[
    // model: words lean on words.
    ("model::mod", &["*"]),
    ("model::credential", &["misplaced", "secret", "text"]),
    ("model::entry_path", &["text"]),
    ("model::misplaced", &["text"]),
    ("model::registry_key", &["misplaced", "text"]),
    ("model::user_id", &["text"]),
    // system: env, files, process and options carry the rest; cipher sits on top.
    ("system::mod", &["*"]),
    ("system::process", &["env"]),
    ("system::options", &["config_file", "env", "files"]),
    ("system::config_file", &["env", "files"]),
    ("system::store", &["env", "files", "options"]),
    ("system::git", &["env", "files", "options", "process"]),
    ("system::journal", &["env", "files", "options"]),
    ("system::docker", &["env", "files", "mask", "options", "process", "rewriting"]),
    ("system::agent", &["env", "files", "options", "process"]),
    ("system::keyring", &["agent", "env", "files", "options", "process", "scratch"]),
    ("system::cipher", &["agent", "env", "files", "keyring", "options", "process"]),
    ("system::links", &["files"]),
    ("system::containerd", &["files"]),
    ("system::others", &["files"]),
    ("system::programs", &["env", "files"]),
    ("system::registries_conf", &["files"]),
    ("system::scratch", &["files"]),
    ("system::windows", &["files", "runner"]),
    ("system::undo_log", &["files", "rewriting"]),
    ("system::rewriting", &["files"]),
    ("system::draft", &["env", "files", "scratch"]),
    ("system::family", &["env"]),
    ("system::editor", &["env", "family", "process"]),
    ("system::sudoers", &["files"]),
    ("system::accounts", &["files"]),
    ("system::crontabs", &["files", "variables"]),
    ("system::units", &["files"]),
    ("system::variables", &["files"]),
    ("system::login_results", &["files"]),
    ("system::login_shell", &["env", "process"]),
    ("system::clipboard", &["env", "files", "options", "process"]),
    ("system::registry", &["docker", "env", "files", "mask"]),
    ("system::aws", &["env", "files", "process", "registry"]),
    // ops: `change` is one change of a store, from its lock to its commit.
    ("ops::mod", &["*"]),
    ("ops::credentials", &["advice", "answering", "change", "deadline"]),
    ("ops::entries", &["advice", "change", "opening"]),
    ("ops::recipients", &["change", "footprint", "opening", "progress", "readers", "reencrypt"]),
    ("ops::opening", &["progress"]),
    ("ops::reencrypt", &["change", "footprint", "opening", "progress"]),
    ("ops::grep", &["entries", "opening", "progress"]),
    ("ops::change", &["answering", "footprint"]),
    ("ops::conflict", &["answering", "change", "line_diff"]),
    ("ops::sync", &["answering", "change", "conflict"]),
    ("ops::undo", &["backup", "change", "footprint", "login"]),
    ("ops::backup", &["change", "read_only"]),
    ("ops::generate", &["change", "entries"]),
    ("ops::otp", &["change", "entries"]),
    ("ops::transfer", &["change", "entries"]),
    ("ops::history", &["change", "line_diff"]),
    ("ops::registries", &["answering", "change", "credentials", "shims"]),
    ("ops::contexts", &["answering", "progress", "registries", "shims"]),
    ("ops::fix", &["audit", "backup", "credentials", "line_diff", "read_only", "shims"]),
    (
        "ops::login",
        &[
            "keeper",
            "audit",
            "backup",
            "credentials",
            "fix",
            "last_checks",
            "login_check",
            "progress",
            "read_only",
            "registries",
            "shims",
        ],
    ),
    ("ops::window", &["audit", "deadline", "login", "mending", "read_only", "registries", "shims"]),
    ("ops::bundle", &["read_only", "registries"]),
    ("ops::doctor", &["mending", "overview", "readers", "registries", "shims"]),
    ("ops::last_checks", &["registries"]),
    ("ops::keeper", &["shims"]),
    ("ops::login_check", &["history", "keeper", "last_checks", "opening", "progress", "registries", "shims"]),
    (
        "ops::audit",
        &["change", "contexts", "deadline", "opening", "progress", "read_only", "readers", "registries", "shims"],
    ),
    ("ops::config", &["read_only"]),
    ("ops::shims", &["read_only"]),
    ("ops::mending", &["read_only", "shims"]),
    ("ops::overview", &["deadline", "journal", "mending", "progress", "readers", "recipients", "registries", "shims"]),
    ("ops::demo", &["credentials", "entries"]),
    // frontend: the command line opens the terminal UI.
    ("frontend::mod", &["*"]),
    ("frontend::cli", &["console", "tui"]),
    ("frontend::console", &["streams"]),
    ("frontend::helper", &["streams"]),
    ("frontend::tui", &["streams"]),
];

/// Reading the environment, the current folder, the user or the clock: `system/env.rs` and nobody else.
const SURROUNDINGS: &[&str] = &[
    "std::env::",
    "env::var",
    "env::args",
    "env::current_dir",
    "env::temp_dir",
    "home_dir(",
    "directories::",
    "SystemTime::now",
    "getuid(",
    "geteuid(",
    "getppid(",
    "gethostname(",
];

/// Writing to the terminal: these files and nobody else.
const PRINTING: &[&str] =
    &["println!", "eprintln!", "print!", "eprint!", "io::stdout", "io::stderr", "streams::stdout", "streams::stderr"];
const PRINTERS: &[&str] =
    &["src/frontend/console.rs", "src/frontend/helper.rs", "src/frontend/streams.rs", "src/frontend/tui/"];

/// The most lines a file has before its tests: the house rule's 400 and some air.
const LINES_MAX: usize = 420;

/// One source file, its text with comments, literals and tests blanked.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        let before_tests = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
        Source { path: path.to_owned(), text: before_tests.to_owned(), code: blanked(before_tests) }
    }

    /// `["system", "store", "layout"]` for `src/system/store/layout.rs`; `mod.rs` is its folder.
    fn module(&self) -> Vec<String> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.split('/').map(str::to_owned).collect()
    }

    /// The room on its floor; `mod` for the floor's own file.
    fn room(&self) -> String {
        self.module().get(1).cloned().unwrap_or_else(|| "mod".to_owned())
    }

    /// Every path in it that leads to a module of ours, from the crate's root.
    fn paths(&self) -> BTreeSet<Vec<String>> {
        let mut found = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            if !is_inside_word(&self.code, at) {
                expand(&self.code[at + "crate::".len()..], &mut Vec::new(), &mut found);
            }
        }
        for (at, _) in self.code.match_indices("super::") {
            if is_inside_word(&self.code, at) || self.code[..at].ends_with("super::") {
                continue;
            }
            let mut rest = &self.code[at..];
            let mut base = self.module();
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            expand(rest, &mut base, &mut found);
        }
        found
    }
}

fn is_inside_word(code: &str, at: usize) -> bool {
    code[..at].ends_with(|character: char| character.is_alphanumeric() || character == '_')
}

/// Follows one path or use tree (`a::b`, `a::{b, c::d}`) and notes every path in it.
fn expand<'a>(code: &'a str, base: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) -> &'a str {
    let depth = base.len();
    let mut rest = code.trim_start();
    loop {
        if let Some(mut inner) = rest.strip_prefix('{') {
            loop {
                inner = expand(inner, base, found).trim_start();
                match inner.strip_prefix(',') {
                    Some(next) => inner = next,
                    None => break,
                }
            }
            rest = inner.strip_prefix('}').unwrap_or(inner);
            break;
        }
        let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(rest.len());
        if end > 0 {
            base.push(rest[..end].to_owned());
        }
        rest = &rest[end..];
        match rest.strip_prefix("::") {
            Some(next) => rest = next.trim_start(),
            None => break,
        }
    }
    if base.len() > depth {
        found.insert(base.clone());
    }
    base.truncate(depth);
    // Past ` as name`, up to what ends this branch of the tree.
    let end = rest.find([',', '}', ';', '\n']).unwrap_or(rest.len());
    &rest[end..]
}

/// Words in capitals in the literal that a hint begins with, but for names of variables and what is always so written.
fn placeholders_in_hints(source: &Source) -> Vec<String> {
    const PLAIN: [&str; 5] = ["EDITOR", "PATH", "HOME", "GNUPGHOME", "URL"];
    let hints = source.text.match_indices("hint(").filter_map(|(at, call)| {
        let rest = source.text[at + call.len()..].trim_start();
        let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
        rest.starts_with('"').then(|| &rest[..quoted(rest)])
    });
    let is_placeholder =
        |word: &&str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_uppercase()) && !PLAIN.contains(word);
    let fixed = hints.flat_map(|hint| hint.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)));
    let words = fixed.flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_'));
    words.filter(is_placeholder).map(|word| format!("{}: a hint with {word}", source.path)).collect()
}

/// The text with comments, strings and character literals replaced by blanks; lines stay.
fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let end = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest).filter(|_| !is_inside_word(text, at)) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
        } else if rest.starts_with('"') {
            quoted(rest)
        } else {
            character_literal(rest)
        };
        if end == 0 {
            let next = rest.chars().next().unwrap();
            code.push(next);
            at += next.len_utf8();
        } else {
            code.extend(rest[..end].chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
            at += end;
        }
    }
    code
}

/// The number of `#` of a raw string that starts here.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

/// The length of `'x'` or `'\x1b'`; 0 for a lifetime and anything else.
fn character_literal(rest: &str) -> usize {
    let Some(body) = rest.strip_prefix('\'') else { return 0 };
    let end = match body.strip_prefix('\\') {
        Some(escape) => escape.char_indices().skip(1).find(|(_, character)| *character == '\'').map(|(at, _)| at + 1),
        None => body.chars().next().map(char::len_utf8).filter(|len| body[*len..].starts_with('\'')),
    };
    end.map_or(0, |end| end + 2)
}

fn floor_of(module: &[String]) -> Option<usize> {
    FLOORS.iter().position(|floor| module.first().is_some_and(|first| first == floor))
}

/// Imports that point up, or across where no arrow is drawn.
fn wrong_imports(source: &Source, arrows: &[(&str, &[&str])]) -> Vec<String> {
    let module = source.module();
    let Some(own) = floor_of(&module) else { return Vec::new() };
    let room = source.room();
    let name = format!("{}::{room}", FLOORS[own]);
    let allowed = arrows.iter().find(|(from, _)| *from == name).map_or(&[][..], |(_, to)| to);
    let mut wrong = Vec::new();
    for path in source.paths() {
        let Some(other) = floor_of(&path) else { continue };
        let Some(target) = path.get(1) else { continue };
        let is_type = target.starts_with(|character: char| character.is_uppercase());
        if other > own {
            wrong.push(format!("{}: {} imports upwards", source.path, path.join("::")));
        } else if other == own && !is_type && *target != room && !allowed.iter().any(|to| *to == "*" || to == target) {
            wrong.push(format!("{}: no arrow from {name} to {}", source.path, path.join("::")));
        }
    }
    wrong
}

fn uses_of(source: &Source, needles: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in source.code.lines().enumerate() {
        let hit = needles.iter().find(|needle| {
            line.match_indices(**needle).any(|(at, _)| !is_inside_word(line, at) || needle.starts_with(['.', ':']))
        });
        if let Some(needle) = hit {
            found.push(format!("{}:{}: {needle}", source.path, number + 1));
        }
    }
    found
}

fn reads_surroundings(source: &Source) -> Vec<String> {
    let allowed = source.path == "src/system/env.rs";
    let uses = if allowed { Vec::new() } else { uses_of(source, SURROUNDINGS) };
    // The one call that hands the arguments in.
    uses.into_iter()
        .filter(|_| !(source.path == "src/main.rs" && source.code.contains("std::env::args_os()")))
        .collect()
}

fn prints(source: &Source) -> Vec<String> {
    let allowed = PRINTERS.iter().any(|printer| source.path.starts_with(printer));
    if allowed { Vec::new() } else { uses_of(source, PRINTING) }
}

/// Rooms whose texts are masked when they are done: words of a command in them are masked before they are put into quotes.
const MASKED_LAST: [&str; 3] = ["src/ops/audit/", "src/ops/contexts/", "src/ops/fix/"];

fn bare_words(source: &Source) -> Vec<String> {
    let is_masked_last = MASKED_LAST.iter().any(|room| source.path.starts_with(room));
    if is_masked_last { uses_of(source, &["text::shell_word"]) } else { Vec::new() }
}

fn exposes(source: &Source) -> bool {
    source.code.contains(".expose()") && source.path != "src/model/secret.rs"
}

fn uses_unsafe(source: &Source) -> bool {
    source.code.split(|character: char| !character.is_alphanumeric() && character != '_').any(|word| word == "unsafe")
}

/// The files named in the table of docs/security.md: lines that start with "| `src/".
fn listed_files(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(file, _)| file.to_owned())
        .filter(|file| file.starts_with("src/"))
        .collect()
}

/// Files that are compiled for tests only: declared as `#[cfg(test)] mod name;`. So are those in their folders.
fn test_modules(source: &Source) -> Vec<String> {
    let folder = match source.path.strip_suffix("/mod.rs") {
        Some(folder) => folder,
        None => source.path.trim_end_matches(".rs"),
    };
    let declarations = source.code.split("#[cfg(test)]").skip(1);
    declarations
        .filter_map(|rest| rest.trim_start().trim_start_matches("pub(crate) ").strip_prefix("mod "))
        .filter_map(|rest| rest.split_once(';'))
        .map(|(name, _)| format!("{folder}/{name}.rs"))
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    files.sort();
    assert!(files.len() > 20, "the sources were not found");
    let all: Vec<Source> = files
        .iter()
        .map(|file| {
            let path = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            Source::new(&path, &std::fs::read_to_string(file).expect("a readable source"))
        })
        .collect();
    let test_files: BTreeSet<String> = all.iter().flat_map(test_modules).collect();
    let is_test = |path: &str| {
        let inside =
            |file: &String| path.strip_prefix(file.trim_end_matches(".rs")).is_some_and(|rest| rest.starts_with('/'));
        test_files.contains(path) || test_files.iter().any(inside)
    };
    all.into_iter().filter(|source| !is_test(&source.path)).collect()
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => collect(&path, files),
            false if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            false => {}
        }
    }
}

#[track_caller]
fn assert_none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn imports_point_down_along_the_arrows() {
    assert_none(sources().iter().flat_map(|source| wrong_imports(source, ARROWS)).collect());
}

#[test]
fn the_arrows_have_no_circle() {
    let graph: BTreeMap<String, Vec<String>> = ARROWS
        .iter()
        .filter(|(from, _)| !from.ends_with("::mod"))
        .map(|(from, to)| {
            let floor = from.split("::").next().unwrap();
            (from.to_string(), to.iter().map(|room| format!("{floor}::{room}")).collect())
        })
        .collect();
    for start in graph.keys() {
        let mut seen = BTreeSet::new();
        let mut next = vec![start];
        while let Some(room) = next.pop() {
            for to in graph.get(room).into_iter().flatten() {
                assert_ne!(to, start, "{start} leads back to itself");
                if seen.insert(to) {
                    next.push(to);
                }
            }
        }
    }
}

#[test]
fn one_file_reads_the_surroundings() {
    assert_none(sources().iter().flat_map(reads_surroundings).collect());
}

#[test]
fn few_files_print() {
    assert_none(sources().iter().flat_map(prints).collect());
}

#[test]
fn every_file_says_what_it_is_for() {
    let bare = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    assert_none(bare.map(|source| format!("{}: no //! header", source.path)).collect());
}

#[test]
fn files_stay_short() {
    let long = sources().into_iter().map(|source| (source.text.lines().count(), source.path));
    assert_none(long.filter(|(lines, _)| *lines > LINES_MAX).map(|(lines, path)| format!("{path}: {lines}")).collect());
}

#[test]
fn a_masked_word_of_a_command_is_in_quotes() {
    assert_none(sources().iter().flat_map(bare_words).collect());
}

#[test]
fn nothing_is_unsafe() {
    assert_none(sources().into_iter().filter(uses_unsafe).map(|source| source.path).collect());
}

#[test]
fn secrets_are_exposed_where_the_security_page_says() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).expect("docs/security.md");
    let listed = listed_files(&page);
    let exposing: BTreeSet<String> = sources().into_iter().filter(exposes).map(|source| source.path).collect();
    let unlisted = exposing.difference(&listed).map(|file| format!("{file} exposes a secret: say where and why"));
    let stale = listed.difference(&exposing).map(|file| format!("{file} is listed but exposes nothing"));
    assert_none(unlisted.chain(stale).collect());
}

/// A hint is a command that can be copied, or words: never a command with `ENTRY` or `FILE` in it.
#[test]
fn hints_hold_no_placeholder() {
    assert_none(sources().iter().flat_map(placeholders_in_hints).collect());
}

/// The rules themselves, on text that breaks them.
mod scanner {
    use super::*;

    #[test]
    fn placeholders_in_hints_are_seen_and_variables_are_not() {
        let found = |text: &str| placeholders_in_hints(&Source::new("src/ops/x.rs", text)).len();
        assert_eq!(found(r#"problem.hint("try again: regpass show ENTRY")"#), 1);
        assert_eq!(found(r#"problem.hint(format!("{git} user.name NAME"))"#), 1);
        assert_eq!(found("problem\n  .hint(\n  \"gpg --import KEYFILE\",\n)"), 1);
        assert_eq!(found(r#"problem.hint("export GPG_TTY=$(tty) or look at PATH and GNUPGHOME")"#), 0);
        assert_eq!(found(r#"problem.hint("look"); let x = "ENTRY";"#), 0);
    }

    fn wrong(path: &str, text: &str) -> Vec<String> {
        wrong_imports(&Source::new(path, text), &[("system::cipher", &["keyring"])])
    }

    #[test]
    fn upward_imports_are_seen_however_they_are_written() {
        for text in [
            "use crate::frontend::console;",
            "use crate::{model::Problem, ops::{credentials::Written, entries}};",
            "fn f() -> crate::ops::credentials::Written {}",
            "use super::super::ops::entries;",
        ] {
            assert!(!wrong("src/system/git.rs", text).is_empty(), "{text}");
        }
        assert!(!wrong("src/model/secret.rs", "use crate::system::env::Env;").is_empty());
        assert!(!wrong("src/ops/entries.rs", "use crate::frontend::tui;").is_empty());
    }

    #[test]
    fn downward_imports_and_words_are_not() {
        for text in [
            "use crate::model::{Problem, text};",
            "// use crate::ops::entries;",
            "let s = \"crate::ops::entries\";",
            "let s = r#\"crate::ops::entries \" \"#;",
            "use mycrate::ops::entries;",
            "#[cfg(test)]\nmod tests { use crate::ops::entries; }",
        ] {
            assert_eq!(wrong("src/system/git.rs", &format!("//! x\n\n{text}")), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn rooms_import_along_arrows_only() {
        assert!(!wrong("src/system/keyring/mod.rs", "use crate::system::cipher::Cipher;").is_empty());
        assert!(!wrong("src/system/keyring/scan.rs", "use super::super::cipher;").is_empty());
        assert!(!wrong("src/system/git.rs", "use super::store::Store;").is_empty());
        assert!(wrong("src/system/cipher/openpgp.rs", "use crate::system::keyring::Keyring;").is_empty());
        assert!(wrong("src/system/cipher/openpgp.rs", "use super::CipherError; use crate::system::System;").is_empty());
    }

    #[test]
    fn nested_trees_are_followed() {
        let source = Source::new("src/ops/x.rs", "use crate::{a::{b, c as d, e::*}, f};");
        let paths: Vec<String> = source.paths().iter().map(|path| path.join("::")).collect();
        for path in ["a::b", "a::c", "a::e", "f"] {
            assert!(paths.contains(&path.to_owned()), "{path} in {paths:?}");
        }
    }

    #[test]
    fn surroundings_printing_and_unsafe_are_seen() {
        let source = |text: &str| Source::new("src/ops/x.rs", text);
        for text in ["std::env::var(\"HOME\")", "SystemTime::now()", "rustix::process::getuid()", "dirs::home_dir()"] {
            assert!(!reads_surroundings(&source(text)).is_empty(), "{text}");
        }
        for text in ["println!(\"x\")", "io::stdout().lock()", "std::io::stderr()"] {
            assert!(!prints(&source(text)).is_empty(), "{text}");
        }
        assert!(uses_unsafe(&source("unsafe { x() }")) && !uses_unsafe(&source("// unsafe\nunsafe_code")));
        assert!(reads_surroundings(&Source::new("src/system/env.rs", "std::env::vars_os()")).is_empty());
        assert!(prints(&source("output.stdout; Stdio::piped(); fn stdout_of() {}")).is_empty());
    }

    #[test]
    fn words_that_are_quoted_before_they_are_masked_are_seen() {
        let text = "format!(\"mv {}\", text::shell_word(path))";
        assert!(!bare_words(&Source::new("src/ops/audit/store/entries.rs", text)).is_empty());
        assert!(bare_words(&Source::new("src/ops/sync.rs", text)).is_empty());
        assert!(bare_words(&Source::new("src/ops/fix/x.rs", "misplaced::shell_word(path)")).is_empty());
    }

    #[test]
    fn exposing_is_seen_outside_tests() {
        assert!(exposes(&Source::new("src/ops/x.rs", "write(secret.expose())")));
        assert!(!exposes(&Source::new("src/ops/x.rs", "//! x\n\n#[cfg(test)]\nmod tests { x.expose() }")));
    }

    #[test]
    fn literals_and_comments_are_blanked_and_lines_stay() {
        let text = "a('\\'', '\"', 'x', '\\u{1b}'); /* b\n */ fn f<'a>(x: &'a str) -> \"c\\\"d\" // e\ng";
        let code = blanked(text);
        assert_eq!(code.lines().count(), text.lines().count());
        assert!(code.contains("fn f<'a>(x: &'a str) ->") && code.ends_with("\ng"), "{code}");
        assert!(!code.contains(['b', 'c', 'd', 'e', '"', '\\']), "{code}");
    }

    #[test]
    fn files_for_tests_only_are_known() {
        let source = Source::new("src/ops/mod.rs", "//! x\nmod change;\n#[cfg(test)]\nmod double;\npub mod entries;\n");
        assert_eq!(test_modules(&source), ["src/ops/double.rs"]);
    }

    #[test]
    fn only_table_rows_count_as_listed() {
        let page = "`src/a.rs` in text\n| file | why |\n| `src/b.rs` | because |\n| `docs/c.md` | no |\n";
        assert_eq!(listed_files(page), BTreeSet::from(["src/b.rs".to_owned()]));
    }
}
