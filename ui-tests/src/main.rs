//! `shots [NAME…]`: draws the pictures of `scenes` into `screenshots/`. `shots --check`: draws them and compares, byte for
//! byte, with those that are there; what differs is left in `target/shots/`. `bench`: how fast the screen answers, in this
//! build's profile (`cargo run --release -p regpass-ui-tests -- bench`). For people and `make`; tests do not call it.

// A tool for those who build regpass: it prints, and stops with the whole screen when something does not come.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::expect_used, clippy::panic)]

mod bench;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use regpass_ui_tests::scenes::{SCENES, Scene, Store};
use regpass_ui_tests::{picture, program};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((verb, [flag])) if verb == "shots" && flag == "--check" => return check(),
        Some((verb, names)) if verb == "shots" => shots(names),
        Some((verb, [])) if verb == "bench" => bench::run(),
        _ => {
            eprintln!("usage: regpass-ui-tests shots [--check | NAME…] | bench");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn shots(names: &[String]) {
    let dir = screenshots();
    std::fs::create_dir_all(&dir).expect("a folder for the pictures");
    for (scene, png) in drawn(|scene| names.is_empty() || names.iter().any(|name| name == scene.name)) {
        let file = picture_of(&dir, scene);
        std::fs::write(&file, &png).expect("the picture");
        println!("{}  {} bytes", file.display(), png.len());
    }
}

/// Fails when a picture differs, is missing, or belongs to no scene.
fn check() -> ExitCode {
    let dir = screenshots();
    let new = program::root().join("target/shots");
    std::fs::create_dir_all(&new).expect("a folder for what differs");
    let mut wrong = Vec::new();
    for (scene, png) in drawn(|_| true) {
        let file = picture_of(&dir, scene);
        if std::fs::read(&file).ok().as_deref() != Some(&png) {
            let drawn = picture_of(&new, scene);
            std::fs::write(&drawn, &png).expect("the picture");
            wrong.push(format!("{} is not what the screen shows: {}", file.display(), drawn.display()));
        }
    }
    let files = std::fs::read_dir(&dir).expect("the pictures").flatten().map(|entry| entry.path());
    let strays = files.filter(|file| !SCENES.iter().any(|scene| picture_of(&dir, scene) == *file));
    wrong.extend(strays.map(|file| format!("{} belongs to no scene", file.display())));
    for line in &wrong {
        eprintln!("{line}");
    }
    if wrong.is_empty() {
        println!("{} pictures are as the screen is", SCENES.len());
        return ExitCode::SUCCESS;
    }
    eprintln!("if that is meant: make shots, look at them, commit them");
    ExitCode::FAILURE
}

fn screenshots() -> PathBuf {
    program::root().join("screenshots")
}

fn picture_of(dir: &Path, scene: &Scene) -> PathBuf {
    dir.join(scene.name).with_extension("png")
}

/// The pictures of these scenes, as they are now.
fn drawn(wanted: impl Fn(&Scene) -> bool) -> Vec<(&'static Scene, Vec<u8>)> {
    let mut pictures = Vec::new();
    for store in Store::ALL {
        let (machine, scenes) = store.on_stage();
        for scene in scenes.filter(|scene| wanted(scene)) {
            let mut terminal = machine.regpass().size(scene.cols, scene.rows).start();
            let frame = (scene.play)(&mut terminal);
            let png = picture::png(&frame).unwrap_or_else(|error| panic!("{}: {error}", scene.name));
            pictures.push((scene, png));
        }
    }
    pictures
}
