//! The fuzzer's functions (`fuzz/bodies.rs`) over their seeds and what comes of them by small changes: so that they are
//! built and true at every commit, also where nobody fuzzes. The fuzzer goes deeper: docs/recipes.md.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[path = "../../fuzz/bodies.rs"]
mod bodies;

/// The bytes, with some of them overwritten, taken out, doubled or cut off.
fn changed(seed: &[u8], changes: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, how, byte) in changes {
        let at = at % (bytes.len() + 1);
        match how % 4 {
            0 => bytes.insert(at, *byte),
            1 if at < bytes.len() => bytes[at] = *byte,
            2 if at < bytes.len() => drop(bytes.drain(at..(at + usize::from(*byte)).min(bytes.len()))),
            _ => bytes.extend_from_within(at..(at + usize::from(*byte)).min(bytes.len())),
        }
    }
    bytes
}

#[test]
fn every_format_stands_any_bytes() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, body) in bodies::BODIES {
        let files: Vec<Vec<u8>> = std::fs::read_dir(seeds.join(name))
            .unwrap_or_else(|_| panic!("no seeds of {name}"))
            .map(|item| std::fs::read(item.unwrap().path()).unwrap())
            .collect();
        assert!(!files.is_empty(), "no seeds of {name}");
        files.iter().for_each(|file| body(file));
        let cases = 300;
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let change = (any::<usize>(), any::<u8>(), any::<u8>());
        let any_change = (0..files.len(), prop::collection::vec(change, 0..6));
        let outcome = runner.run(&any_change, |(file, changes)| {
            body(&changed(&files[file], &changes));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_body_is_a_target_of_the_fuzzer() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in bodies::BODIES {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
        let target = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("bodies::{name}(")), "{name}.rs runs something else");
    }
}
