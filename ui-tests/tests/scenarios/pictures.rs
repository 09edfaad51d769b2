//! The same way leads to the same screen, byte for byte, whatever else the machine does, and every picture can be taken.
//!
//! `REGPASS_TESTS_ALL_RUNS=1 cargo test -p regpass-ui-tests --test scenarios pictures` does with every scene what the rest
//! of the time is done with a few.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::picture;
use regpass_ui_tests::scenes::{SCENES, Scene, Store};
use regpass_ui_tests::skip;

/// Runs that have to be the same, half of them under load.
const RUNS: usize = 20;

/// One of each kind: a list, a filter's marks, a screen that is filled in parts, a secret with its countdown, and what git
/// and the ciphers on many threads had to answer.
const FEW: [&str; 6] = ["store", "filter", "home", "reveal", "search", "history"];

#[test]
fn every_scene_can_be_reached_and_drawn() {
    for store in Store::ALL {
        if store != Store::Showcase && !skip::has("git") {
            continue;
        }
        let (machine, scenes) = store.on_stage();
        for scene in scenes {
            let mut terminal = machine.regpass().size(scene.cols, scene.rows).start();
            let frame = (scene.play)(&mut terminal);
            assert_eq!((frame.cols, frame.rows), (scene.cols, scene.rows), "{}", scene.name);
            picture::png(&frame).unwrap_or_else(|error| panic!("{}: {error}", scene.name));
        }
    }
}

/// More threads at work than there are processors, until dropped.
struct Load {
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn of_all_processors() -> Load {
        let done = Arc::new(AtomicBool::new(false));
        let count = 2 * thread::available_parallelism().map_or(2, usize::from);
        let spin = || {
            let done = Arc::clone(&done);
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = (0..count).map(|_| spin()).collect();
        Load { done, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[test]
fn the_same_scene_gives_the_same_frame_each_time_and_under_load() {
    let all = std::env::var_os("REGPASS_TESTS_ALL_RUNS").is_some();
    let is_wanted = |scene: &&Scene| all || FEW.contains(&scene.name);
    for store in Store::ALL {
        let mut scenes = SCENES.iter().filter(|scene| scene.store == store).filter(is_wanted).peekable();
        if scenes.peek().is_none() || store != Store::Showcase && !skip::has("git") {
            continue;
        }
        let machine = Machine::new();
        store.fill(&machine);
        for scene in scenes {
            let play = || (scene.play)(&mut machine.regpass().size(scene.cols, scene.rows).start());
            let first = play();
            for run in 1..RUNS {
                let load = (run >= RUNS / 2).then(Load::of_all_processors);
                assert_eq!(play().diff_from(&first), "", "{}, run {run}", scene.name);
                drop(load);
            }
        }
    }
}
