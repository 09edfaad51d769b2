//! The same way leads to the same screen, byte for byte, and every picture can be taken.

use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::picture;
use regpass_ui_tests::scenes::SCENES;

/// Runs that have to be the same.
const RUNS: usize = 20;

#[test]
fn every_scene_can_be_reached_and_drawn() {
    let machine = Machine::at_fixed_home().with_docker();
    machine.showcase();
    for scene in SCENES {
        let mut terminal = machine.regpass().size(scene.cols, scene.rows).start();
        let frame = (scene.play)(&mut terminal);
        assert_eq!((frame.cols, frame.rows), (scene.cols, scene.rows), "{}", scene.name);
        picture::png(&frame).unwrap_or_else(|error| panic!("{}: {error}", scene.name));
    }
}

#[test]
fn the_same_scene_gives_the_same_frame_each_time() {
    let machine = Machine::new();
    machine.showcase();
    for name in ["store", "filter"] {
        let scene = SCENES.iter().find(|scene| scene.name == name).expect("a scene");
        let play = || (scene.play)(&mut machine.regpass().size(scene.cols, scene.rows).start());
        let first = play();
        for run in 1..RUNS {
            assert_eq!(play().diff_from(&first), "", "{name}, run {run}");
        }
    }
}
