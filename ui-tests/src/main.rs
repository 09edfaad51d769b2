//! `shots [NAME…]`: draws the pictures of `scenes` into `screenshots/`. `bench`: how fast the screen answers, in this
//! build's profile (`cargo run --release -p regpass-ui-tests -- bench`). For people and `make`; tests do not call it.

// A tool for those who build regpass: it prints, and stops with the whole screen when something does not come.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::expect_used, clippy::panic)]

mod bench;

use std::process::ExitCode;

use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::scenes::{SCENES, Scene};
use regpass_ui_tests::{picture, program};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((verb, names)) if verb == "shots" => shots(names),
        Some((verb, [])) if verb == "bench" => bench::run(),
        _ => {
            eprintln!("usage: regpass-ui-tests shots [NAME…] | bench");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn shots(names: &[String]) {
    let dir = program::root().join("screenshots");
    std::fs::create_dir_all(&dir).expect("a folder for the pictures");
    let wanted = |scene: &&Scene| names.is_empty() || names.iter().any(|name| name == scene.name);
    let machine = Machine::at_fixed_home();
    machine.showcase();
    for scene in SCENES.iter().filter(wanted) {
        let mut terminal = machine.regpass().size(scene.cols, scene.rows).start();
        let frame = (scene.play)(&mut terminal);
        let png = picture::png(&frame).unwrap_or_else(|error| panic!("{}: {error}", scene.name));
        let file = dir.join(scene.name).with_extension("png");
        std::fs::write(&file, &png).expect("the picture");
        println!("{}  {} bytes", file.display(), png.len());
    }
}
