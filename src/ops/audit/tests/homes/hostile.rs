//! Files that are made to stop whoever reads them: each of the places that are read, in each of these states, ends in a
//! finding or in something that is told as not seen, and soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::super::super::{Verdict, run};
use super::keys::sound;
use super::*;

/// What is read, and the check that tells of it; None: whether it is told is for its own tests.
const PLACES: [(&str, Option<&str>); 8] = [
    ("home/.docker/config.json", Some("INL01")),
    ("home/.bash_history", Some("INL12")),
    ("home/.password-store/.gpg-id", Some("STO02")),
    ("home/.config/gopass/config", None),
    ("home/.config/containers/auth.json", Some("INL05")),
    ("home/.config/systemd/user/x.service", Some("INL15")),
    ("machine/etc/crontab", Some("INL15")),
    ("machine/etc/sudoers", None),
];

/// A state, how it comes about, and whether nothing can be read then.
type State = (&'static str, fn(&Path), bool);

const STATES: [State; 6] = [
    ("100 MiB", large, true),
    ("deep", |path| std::fs::write(path, "{\"a\":".repeat(150_000)).expect("a file"), false),
    ("a FIFO", |path| mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).expect("a FIFO"), true),
    ("a device", |path| symlink("/dev/zero", path).expect("a link"), true),
    ("a link out of the home", |path| symlink("/proc/self/status", path).expect("a link"), false),
    ("a folder", |path| std::fs::create_dir(path).expect("a folder"), false),
];

/// With holes, so that no disk is filled.
fn large(path: &Path) {
    std::fs::File::create(path).and_then(|file| file.set_len(100 << 20)).expect("a file");
}

/// All checks, or a panic when they take too long: a reader that waits on a FIFO waits for ever.
fn all_checks(bench: Bench, what: &str) -> Vec<(&'static str, Verdict)> {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let checked = run(&bench.evidence(), &Choice::default()).expect("all");
        let _ = done.send(checked.iter().map(|one| (one.check.id, one.answer.verdict())).collect());
    });
    ended.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{what}: it does not end"))
}

fn bench_with(place: &str) -> Bench {
    let bench = Bench::new();
    sound(&bench);
    std::fs::create_dir_all(bench.at(place).parent().expect("a folder")).expect("folders");
    let _ = std::fs::remove_file(bench.at(place));
    bench
}

#[test]
fn what_is_made_to_stop_a_reader_does_not() {
    for (place, told_by) in PLACES {
        for (state, make, is_closed) in STATES {
            let bench = bench_with(place);
            make(&bench.at(place));
            let verdicts = all_checks(bench, &format!("{place}: {state}"));
            // Links in folders of units are not followed: systemd makes them for what is enabled.
            let is_told = is_closed && !(place.ends_with(".service") && state == "a device");
            let Some(id) = told_by.filter(|_| is_told) else { continue };
            let (_, verdict) = verdicts.iter().find(|(other, _)| *other == id).expect("a check");
            assert!(matches!(verdict, Verdict::Found | Verdict::Failed), "{place}: {state}: {id} is {verdict:?}");
        }
    }
}

#[test]
fn a_history_that_goes_nowhere_is_clean() {
    let bench = Bench::new();
    symlink("/dev/null", bench.at("home/.bash_history")).expect("a link");
    assert_eq!(answer(&bench.evidence(), "INL12").verdict(), Verdict::Clean);
}

#[test]
fn a_file_that_changes_while_it_is_read_stops_nobody() {
    let bench = bench_with("home/.docker/config.json");
    let files = ["home/.docker/config.json", "home/.bash_history"].map(|place| bench.at(place));
    let ended = Arc::new(AtomicBool::new(false));
    let writer = {
        let (files, ended) = (files.clone(), ended.clone());
        std::thread::spawn(move || {
            let texts = [inline(), "{".to_owned(), "docker login -p hunter2 a.test\n".repeat(2_000)];
            for text in texts.iter().cycle().take_while(|_| !ended.load(Ordering::Relaxed)) {
                files.iter().for_each(|file| _ = std::fs::write(file, text));
            }
        })
    };
    let verdicts = all_checks(bench, "changing");
    ended.store(true, Ordering::Relaxed);
    // The folder is gone with its bench by now, perhaps before the writer saw that it is to end.
    let _ = writer.join();
    assert!(!verdicts.is_empty());
}
