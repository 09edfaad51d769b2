//! A thousand leaks among as many things that look like leaks: every one is found where it was planted, and nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// The check, the path inside the bench, and what tells it from its neighbours: registry or line.
type Leak = (&'static str, String, String);

fn auths(range: std::ops::Range<usize>, planted: &mut impl FnMut(String)) -> String {
    let mut members = Vec::new();
    for number in range {
        let server = format!("r{number}.test");
        members.push(format!(r#""{server}":{{"auth":"{}"}}"#, STANDARD.encode(format!("u{number}:s3cret-{number}"))));
        members.push(format!(r#""mark{number}.test":{{}},"mail{number}.test":{{"email":"a@b.test","auth":""}}"#));
        planted(server);
    }
    members.join(",")
}

/// Plants them; what should be found.
fn plant(bench: &Bench) -> BTreeSet<Leak> {
    let mut leaks = BTreeSet::new();
    let mut file = |id, path: &str, range, flat: bool| {
        let text = auths(range, &mut |server| _ = leaks.insert((id, path.to_owned(), server)));
        bench.put(path, &if flat { format!("{{{text}}}") } else { format!(r#"{{"auths":{{{text}}}}}"#) });
    };
    file("INL01", "home/.docker/config.json", 0..250, false);
    file("INL05", "home/.config/containers/auth.json", 250..400, false);
    file("INL04", "home/.dockercfg", 400..450, true);
    for number in 450..500 {
        let name = match number % 10 {
            0 => format!("config.json-old{number}"),
            1 => format!("config.json.bak{number}"),
            2 => format!("config.json.{number}.disabled"),
            3 => format!("config-old-{number}.json"),
            4 => format!("config (copy {number}).json"),
            5 => format!("config.json.{number}"),
            6 => format!("config.json_backup.{number}"),
            _ => format!("config.json.{number}.bak"),
        };
        file("INL19", &format!("home/.docker/{name}"), number..number + 1, false);
    }
    // Other files beside it, and a text about it.
    for name in ["settings.json", "myconfig.json", "config-schema.json", "config.json.md", "config.toml"] {
        bench.put(&format!("home/.docker/{name}"), r#"{"auths":{"x.test":{"auth":"dTpz"}}}"#);
    }
    let (mut history, mut line) = (String::new(), 0);
    for number in 0..200 {
        let lines = [
            format!("docker login -u u{number} --password-stdin h{number}.test"),
            format!("# docker login -p s3cret-{number} h{number}.test"),
            format!("docker login -u u{number} -p $TOKEN h{number}.test"),
            match number % 5 {
                0 => {
                    format!("echo s3cret-{number} | tee f | docker login -u u{number} --password-stdin h{number}.test")
                }
                1 => format!("cat <<< s3cret-{number} | docker login -u u{number} --password-stdin h{number}.test"),
                2 => format!("docker login --password-stdin h{number}.test <<'E'\ns3cret-{number}"),
                3 => format!("helm repo add r https://h{number}.test --username u --password s3cret-{number}"),
                _ => format!("docker login -u u{number} -p s3cret-{number} h{number}.test"),
            },
        ];
        line += lines.iter().map(|text| text.lines().count()).sum::<usize>();
        lines.iter().for_each(|text| _ = writeln!(history, "{text}"));
        leaks.insert(("INL12", "home/.bash_history".to_owned(), line.to_string()));
    }
    bench.put("home/.bash_history", &history);
    for number in 0..100 {
        let env = format!("projects/p{number}/.env");
        bench.put(&env, &format!("DB_PASSWORD=x{number}\nHARBOR_TOKEN=\nREGISTRY_PASSWORD=s3cret-{number}\n"));
        leaks.insert(("INL14", env, "3".to_owned()));
        let pipeline = format!("projects/p{number}/.gitlab-ci.yml");
        let text =
            format!("script:\n  - docker login -p $CI_JOB_TOKEN a.test\n  - docker login -p s3cret-{number} a.test\n");
        bench.put(&pipeline, &text);
        leaks.insert(("INL13", pipeline, "3".to_owned()));
    }
    for number in 0..50 {
        let (environ, cmdline) =
            (format!("machine/proc/{}/environ", 5000 + number), format!("machine/proc/{}/cmdline", 6000 + number));
        bench.put(
            &environ,
            &format!("HOME=/x\0REGISTRY_PASSWORD_FILE=/run/x\0REGISTRY_{number}_PASSWORD=s3cret-{number}\0"),
        );
        bench.put(&cmdline, &format!("docker\0login\0-p\0s3cret-{number}\0a.test\0"));
        leaks.insert(("INL10", String::new(), format!("REGISTRY_{number}_PASSWORD")));
        leaks.insert(("INL11", cmdline, (6000 + number).to_string()));
    }
    leaks
}

#[test]
fn a_thousand_leaks_are_found_exactly() {
    let bench = Bench::new();
    let planted = plant(&bench);
    assert_eq!(planted.len(), 1000);
    let choice = Choice { groups: vec!["inline".to_owned()], ..Choice::default() };
    let checked = run(&bench.evidence(), &choice).expect("a group");
    let mut found = BTreeSet::new();
    let mut count = 0;
    for finding in checked.iter().flat_map(|one| &one.answer.findings) {
        count += 1;
        let path = finding.path.as_ref().map(|path| path.strip_prefix(bench.at("")).expect("in the bench"));
        let which = match (&finding.spot, &finding.registry) {
            (Spot::Line(line), _) => line.to_string(),
            (Spot::Pointer(_), Some(registry)) => registry.clone(),
            // Of a process: its variable's name, or its number.
            _ => finding.title.trim_start_matches("process ").split(' ').next().unwrap_or_default().to_owned(),
        };
        found.insert((finding.id, path.unwrap_or(Path::new("")).to_string_lossy().into_owned(), which));
        let told = format!("{finding:?}");
        assert!(!told.contains("s3cret-"), "{told}");
    }
    let missed: Vec<_> = planted.difference(&found).take(5).collect();
    let extra: Vec<_> = found.difference(&planted).take(5).collect();
    assert!(missed.is_empty() && extra.is_empty(), "missed {missed:?}, extra {extra:?}");
    assert_eq!(count, 1000, "something is found twice");
    let failed: Vec<_> = checked.iter().filter(|one| !one.answer.missed.is_empty()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}
