//! systemd's services as their files tell them: unit files, drop-ins, and which of them hide which (systemd.unit(5)). What
//! a setting means is `ops`; systemd itself is never asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{self, FileError};

/// The largest unit file read, in bytes.
const SIZE_MAX: u64 = 256 << 10;

/// The most files of one folder that are looked at.
const ITEMS_MAX: usize = 4_000;

/// Where the system's units lie, those that count more first (systemd.unit(5), "UNIT FILE LOAD PATH").
pub const SYSTEM: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The same for users' units; those in their homes come before.
pub const USER: &[&str] = &[
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
    "/lib/systemd/user",
];

/// Services, and what could not be read: it may hide more of them.
#[derive(Debug, Default)]
pub struct Services {
    pub units: Vec<Unit>,
    pub closed: Vec<FileError>,
}

/// One service with its drop-ins.
#[derive(Debug, Default)]
pub struct Unit {
    /// With `.service`.
    pub name: String,
    pub file: PathBuf,
    /// Settings of `[Service]` in the order in which they count.
    settings: Vec<(String, String)>,
    /// Drop-ins that could not be read.
    pub closed: Vec<FileError>,
}

impl Unit {
    /// What a setting was given last; None when that was nothing.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.of(name).last().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All that a setting was given since it was last given nothing, which takes back what came before.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for (_, value) in self.of(name) {
            match value.is_empty() {
                true => values.clear(),
                false => values.push(value.as_str()),
            }
        }
        values
    }

    /// What is run, whatever makes systemd run it.
    pub fn commands(&self) -> Vec<&str> {
        const RUN: [&str; 6] =
            ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop"];
        RUN.iter().flat_map(|name| self.all(name)).collect()
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &(String, String)> {
        self.settings.iter().filter(move |(known, _)| known == name)
    }
}

/// Every service in these folders, each once: the file of the first folder that has one. Masked ones are none.
pub fn services(folders: &[PathBuf]) -> Services {
    let mut found = Services::default();
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in folders {
        for path in items(folder, &mut found.closed) {
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.ends_with(".service") {
                files.entry(name.to_owned()).or_insert(path);
            }
        }
    }
    for (name, file) in files {
        let Some(text) = read(&file, &mut found.closed) else { continue };
        let mut unit = Unit { file, settings: Vec::new(), name, closed: Vec::new() };
        add(&mut unit, &text);
        for drop_in in drop_ins(folders, &unit.name, &mut unit.closed) {
            let text = read(&drop_in, &mut unit.closed);
            add(&mut unit, &text.unwrap_or_default());
        }
        found.units.push(unit);
    }
    found
}

/// Drop-ins by name, each name from the first folder that has one; those of `name-.service.d` and `service.d` are left out.
fn drop_ins(folders: &[PathBuf], name: &str, closed: &mut Vec<FileError>) -> Vec<PathBuf> {
    // `x@.service.d` holds for `x@1.service` too.
    let template = name.split_once('@').map(|(front, _)| format!("{front}@.service.d"));
    let mut found: BTreeMap<std::ffi::OsString, PathBuf> = BTreeMap::new();
    for folder in folders {
        for dir in std::iter::once(format!("{name}.d")).chain(template.clone()) {
            for path in items(&folder.join(dir), closed) {
                if path.extension().is_some_and(|ending| ending == "conf") {
                    let key = path.file_name().unwrap_or_default().to_owned();
                    found.entry(key).or_insert(path);
                }
            }
        }
    }
    found.into_values().collect()
}

/// None for what is not there, for a masked unit (a link to `/dev/null`) and for what cannot be read, which `closed` tells.
fn read(path: &Path, closed: &mut Vec<FileError>) -> Option<String> {
    match files::read_bounded(path, SIZE_MAX) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(FileError::NotAFile { .. }) if is_masked(path) => None,
        Err(error) => {
            closed.extend(Some(error).filter(|error| !error.is_not_found()));
            None
        }
    }
}

fn is_masked(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real == Path::new("/dev/null"))
}

/// Settings of `[Service]`; a line that ends with a backslash goes on in the next (systemd.syntax(7)).
fn add(unit: &mut Unit, text: &str) {
    let mut section = String::new();
    let mut begun = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(part) = line.strip_suffix('\\') {
            begun.push_str(part);
            begun.push(' ');
            continue;
        }
        let whole = std::mem::take(&mut begun) + line;
        if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((name, value)) = whole.split_once('=').filter(|_| section == "Service") {
            unit.settings.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
}

fn items(folder: &Path, closed: &mut Vec<FileError>) -> Vec<PathBuf> {
    let found = files::items(folder, ITEMS_MAX);
    closed.extend(found.closed.filter(|error| !error.is_not_found()));
    found.paths
}

/// Words of a setting that is a list, such as `Environment=`: at blanks, in quotes as one (systemd.syntax(7), "Quoting").
pub fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', _) => word.get_or_insert_default().extend(letters.next()),
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(letter),
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ' | '\t', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_ins_add_and_take_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let (high, low) = (dir.path().join("etc"), dir.path().join("lib"));
        let put = |path: PathBuf, text: &str| {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        };
        put(low.join("a.service"), "[Service]\nExecStart=/bin/low\n");
        put(
            high.join("a.service"),
            "[Unit]\nUser=no\n[Service]\n# User=no\nUser=bob\nEnvironment=A=1 \"B=x y\"\nExecStart=docker \\\n  pull x\n",
        );
        put(low.join("a.service.d/10.conf"), "[Service]\nEnvironment=\nEnvironment=C=3\n");
        put(high.join("a.service.d/20.conf"), "[Service]\nUser=\n");
        put(low.join("b@.service"), "[Service]\nUser=eve\n");
        std::os::unix::fs::symlink("/dev/null", high.join("c.service")).expect("masked");
        put(low.join("c.service"), "[Service]\nUser=x\n");
        let services = services(&[high.clone(), low]);
        let units = &services.units;
        let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        assert_eq!(names, ["a.service", "b@.service"]);
        let a = &units[0];
        assert_eq!((a.last("User"), &a.file), (None, &high.join("a.service")));
        assert_eq!(a.all("Environment"), ["C=3"]);
        assert_eq!(a.commands(), ["docker  pull x"]);
        assert!(services.closed.is_empty(), "masked, and no folder for drop-ins: {:?}", services.closed);
        assert_eq!(words("A=1 \"B=x y\" 'C=\"' D=\\ e"), ["A=1", "B=x y", "C=\"", "D= e"]);
    }
    #[test]
    fn what_cannot_be_read_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        let put = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        };
        put("large.service", &"#\n".repeat(SIZE_MAX as usize));
        std::fs::create_dir(dir.path().join("folder.service")).expect("a folder");
        std::os::unix::fs::symlink("none", dir.path().join("dangling.service")).expect("a link");
        put("a.service", "[Service]\nUser=bob\n");
        put("a.service.d/large.conf", &"#\n".repeat(SIZE_MAX as usize));
        put("file", "x");
        let found = services(&[dir.path().to_owned(), dir.path().join("file"), dir.path().join("none")]);
        let told: Vec<String> = found.closed.iter().map(FileError::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("folder.service") && told[1].contains("large.service"), "{told:?}");
        let names: Vec<&str> = found.units.iter().map(|unit| unit.name.as_str()).collect();
        assert_eq!(names, ["a.service"]);
        assert!(matches!(&found.units[0].closed[..], [FileError::TooLarge { .. }]));
    }
}
