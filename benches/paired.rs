//! Whole processes against their peers, in pairs: ours, theirs, ours, theirs … in one run, so that a machine that
//! drifts drifts for both. Prints the table that docs/performance.md keeps. Not a test: it judges nothing, it shows
//! each figure beside the target of the plan. `make bench` runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

#[path = "../tests/it/support/mod.rs"]
mod support;

mod measure;
mod scenes;

use measure::{Pair, Run};

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    println!("| what | ours | peer | wall ratio | target | cpu ratio | target | peak memory |");
    println!("|---|---|---|---|---|---|---|---|");
    for scene in scenes::SCENES {
        if !wanted.is_empty() && !wanted.iter().any(|name| scene.name.contains(name.as_str())) {
            continue;
        }
        let Some(mut sides) = (scene.prepare)() else {
            println!("| {} | not measured: a peer is missing | | | | | | |", scene.name);
            continue;
        };
        // One more of each comes first and is not counted.
        let pair = Pair::measure(scene.runs, &mut *sides.ours, &mut *sides.peer);
        if let Some(proof) = sides.proof {
            proof();
        }
        println!("{}", row(scene, &pair));
    }
    let size = std::fs::metadata(support::regpass_binary()).expect("the binary").len();
    println!();
    println!("stripped binary: {:.1} MiB (target: under 15)", size as f64 / 1_048_576.0);
}

/// One line of the table: medians, and the median of the ratios pair by pair.
fn row(scene: &scenes::Scene, pair: &Pair) -> String {
    let ms = |run: &Run| format!("{:.2} ms", run.wall.as_secs_f64() * 1e3);
    let limit = |limit: Option<f64>| limit.map_or(String::new(), |limit| format!("≤ {limit}"));
    format!(
        "| {} | {} | {} {} | {:.3} | {} | {:.3} | {} | {:.1} MiB |",
        scene.name,
        ms(&pair.ours),
        scene.peer,
        ms(&pair.peer),
        pair.wall_ratio,
        limit(scene.wall_limit),
        pair.cpu_ratio,
        limit(scene.cpu_limit),
        pair.ours.peak_kib as f64 / 1024.0,
    )
}
