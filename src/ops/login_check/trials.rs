//! Which logins are tried and how they are reported, against registries in this process.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use super::*;
use crate::model::EntryPath;
use crate::ops::double::Bench;
use crate::system::docker::config;
use crate::system::env::Env;
use crate::system::store::layout;

use LoginOutcome as Out;

/// A registry on this machine that lets in whoever has this password, after a while.
fn registry(password: &'static str, after: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let name = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..length]).to_lowercase();
                use base64::Engine;
                let right = base64::engine::general_purpose::STANDARD.encode(format!("amy:{password}")).to_lowercase();
                let head = if !text.starts_with("get ") {
                    "400 X"
                } else if text.contains(&format!("basic {right}")) {
                    thread::sleep(after);
                    "200 X\r\nDocker-Distribution-Api-Version: registry/2.0"
                } else {
                    "401 X\r\nWww-Authenticate: Basic realm=x"
                };
                let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
            });
        }
    });
    name
}

/// One that answers everybody so: who speaks no HTTP, and who does.
fn registry_of(other: &'static str, plain: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let name = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let head = if request[..length].starts_with(b"GET ") { plain } else { other };
            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
        }
    });
    name
}

fn put(bench: &Bench, server: &str, user: &str, text: &str) {
    let folder = layout::registry_folder(&RegistryKey::new(server)).expect("a folder");
    bench.put(&format!("{}/{user}.gpg", folder.display()), text);
}

fn docker(bench: &Bench, text: &str) {
    let folder = &bench.system.options.docker_config;
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join(config::FILE), text).expect("a config");
}

fn wanted(names: &[&str]) -> Wanted {
    Wanted {
        registries: names.iter().map(|name| RegistryKey::new(*name)).collect(),
        machine: "/nonexistent".into(),
        timeout: Duration::from_secs(10),
        ..Wanted::default()
    }
}

fn tested(bench: &Bench, names: &[&str]) -> Vec<Tested> {
    run(&bench.system, &wanted(names), &Cancel::default(), |_| {}).expect("tested")
}

#[test]
fn logins_are_tried_as_docker_finds_them() {
    let bench = Bench::new();
    let (good, bad, inline) =
        (registry("pw1", Duration::ZERO), registry("pw2", Duration::ZERO), registry("pw3", Duration::ZERO));
    put(&bench, &good, "amy", "for alice\npw1\n");
    put(&bench, &bad, "amy", "for alice\nwrong");
    put(&bench, "https://index.docker.io/v1/refresh-token", "amy", "for alice\nx");
    docker(
        &bench,
        &format!(
            r#"{{"credsStore":"pass","credHelpers":{{"{inline}":""}},"auths":{{"{inline}":{{"auth":"YW15OnB3Mw=="}}}}}}"#
        ),
    );
    let mut reported = 0;
    let all = run(&bench.system, &wanted(&[]), &Cancel::default(), |_| reported += 1).expect("tested");
    assert_eq!((all.len(), reported), (3, 3), "{all:#?}");
    let of = |name: &str| all.iter().find(|one| one.registry == name).expect("tested");
    assert_eq!(of(&good).checked.outcome, Out::OkProved, "{:#?}", of(&good));
    assert_eq!(of(&bad).checked.outcome, Out::BadCredentials);
    assert_eq!(
        (of(&inline).checked.outcome, &of(&inline).source),
        (Out::OkProved, &Source::Inline),
        "{:#?}",
        of(&inline)
    );
    assert!(of(&inline).checked.notes.iter().any(|note| note.contains("in clear")));
    assert_eq!(exit_code(&all), 10);
    let named = tested(&bench, &[&format!("https://{good}/v2/"), &good]);
    assert_eq!((named.len(), exit_code(&named)), (1, 0));
}

#[test]
fn what_is_not_proved_is_not_enough_where_somebody_is_strict() {
    let bench = Bench::new();
    docker(&bench, r#"{"credsStore":"pass"}"#);
    let good = registry("pw1", Duration::ZERO);
    put(&bench, &good, "amy", "for alice\npw1");
    let proved = tested(&bench, &[]);
    assert_eq!((exit_code(&proved), strict_exit_code(&proved)), (0, 0));
    // Whoever gets an answer that is no 401 was not asked for a login.
    let open = registry_of("400 X", "200 X\r\nDocker-Distribution-Api-Version: registry/2.0");
    put(&bench, &open, "amy", "for alice\npw1");
    let all = tested(&bench, &[]);
    assert_eq!((exit_code(&all), strict_exit_code(&all)), (0, 11), "{all:#?}");
}

#[test]
fn nobody_is_asked_about_the_demo_s_logins() {
    let mut bench = Bench::new();
    bench.system.options.demo = Some("/nonexistent".into());
    let refused = run(&bench.system, &wanted(&[]), &Cancel::default(), |_| {}).expect_err("refused");
    assert!(refused.message.contains("made up"), "{refused}");
}

#[test]
fn what_cannot_be_read_is_told_and_keeps_nobody_back() {
    let bench = Bench::new();
    let good = registry("pw1", Duration::ZERO);
    docker(&bench, r#"{"credsStore":"pass","credHelpers":{"h.test":"no-such-helper"}}"#);
    put(&bench, &good, "amy", "for alice\npw1");
    put(&bench, "damaged.test", "amy", "garbage");
    put(&bench, "u:hunter2@x.test", "amy", "for alice\npw");
    let all = tested(&bench, &[]);
    let outcomes: Vec<(&str, Out)> = all.iter().map(|one| (one.registry.as_str(), one.checked.outcome)).collect();
    let known = [(good.as_str(), Out::OkProved), ("***@x.test", Out::BadAddress), ("damaged.test", Out::HelperFailed)];
    for one in known.into_iter().chain([("h.test", Out::HelperFailed)]) {
        assert!(outcomes.contains(&one), "{one:?} in {outcomes:?}");
    }
    assert!(!format!("{all:?}").contains("hunter2"));
    let none = tested(&bench, &["nowhere.test"]);
    assert_eq!((none[0].checked.outcome, exit_code(&none)), (Out::NoCredentials, 3));
}

#[test]
fn many_are_tried_side_by_side_and_stop_when_called_off() {
    let bench = Bench::new();
    docker(&bench, r#"{"credsStore":"pass"}"#);
    const SLOW: Duration = Duration::from_secs(2);
    let slow: Vec<String> = (0..50).map(|_| registry("pw1", SLOW)).collect();
    slow.iter().for_each(|name| put(&bench, name, "amy", "for alice\npw1"));
    let began = Env::clock();
    let all = tested(&bench, &[]);
    assert!(all.iter().all(|one| one.checked.outcome == Out::OkProved), "{all:#?}");
    let side_by_side = began.elapsed();
    // 1.3 times the slowest, and what a busy machine may take besides; 16 at once would take four times the slowest.
    assert!(side_by_side < SLOW * 13 / 10 + Duration::from_secs(4), "{side_by_side:?}");
    let (cancel, began) = (Cancel::default(), Env::clock());
    let stopper = cancel.clone();
    let one_by_one = Wanted { jobs: 1, ..wanted(&[]) };
    let all = run(&bench.system, &one_by_one, &cancel, |_| stopper.call_off()).expect("tested");
    assert_eq!((all.len(), exit_code(&all)), (50, 130));
    assert!(began.elapsed() < SLOW * 5, "{:?}", began.elapsed());
}

#[test]
fn dates_of_certificates_are_the_clock_s_fault_where_others_say_so() {
    let shell = |registry: &str| Shell {
        registry: registry.to_owned(),
        kind: RegistryKind::Other,
        source: Source::Store(EntryPath::root()),
        notes: Vec::new(),
    };
    let expired = || shell("a.test").tested(None, Checked::before_the_network(Out::TlsExpired, "x"));
    let with_skew = |skew| {
        let checked = Checked { skew: Some(skew), ..Checked::before_the_network(Out::OkProved, "x") };
        [expired(), shell("b.test").tested(None, checked)]
    };
    let mut both = with_skew(-90_000);
    blame_the_clock(&mut both);
    assert_eq!((both[0].checked.outcome, both[1].checked.outcome), (Out::ClockSkew, Out::OkProved));
    assert!(both[0].checked.message.contains("90000 s ahead"), "{}", both[0].checked.message);
    let mut near = with_skew(30);
    blame_the_clock(&mut near);
    assert_eq!(near[0].checked.outcome, Out::TlsExpired);
}

#[test]
fn advice_is_the_kind_s_own_and_no_command_is_made_of_a_foreign_name() {
    let told = |name: &str| known::advice(RegistryKind::of(name), Out::BadCredentials, name);
    assert!(
        told("1.dkr.ecr.eu-west-1.amazonaws.com")
            .is_some_and(|words| words.ends_with("1.dkr.ecr.eu-west-1.amazonaws.com"))
    );
    assert_eq!(told("h.test"), None);
    assert_eq!(known::advice(RegistryKind::Ecr, Out::BadCredentials, "x;rm -rf /"), None);
}

/// A helper that counts its calls and has one answer.
fn helper(answer: &str) -> String {
    format!("#!/bin/sh\necho x >> ${{0%/*}}/calls\nread server\n{answer}\n")
}

#[test]
fn another_helper_is_asked_for_what_is_named_and_for_marks() {
    let good = registry("pw1", Duration::ZERO);
    let answer = format!(
        "case $server in *{good}*) echo '{{\"Username\":\"amy\",\"Secret\":\"pw1\"}}';; \
         old.test) echo '{{\"ServerURL\":\"\",\"Username\":\"\",\"Secret\":\"\"}}';; \
         *) echo 'credentials not found in native keychain'; exit 1;; esac"
    );
    let bench = Bench::with_programs(&[("docker-credential-odd", &helper(&answer))]);
    docker(&bench, &format!(r#"{{"credsStore":"odd","auths":{{"{good}":{{}},"old.test":{{}},"none.test":{{}}}}}}"#));
    for names in [&[&*good][..], &[]] {
        let all = tested(&bench, names);
        let found: Vec<_> = all.iter().map(|one| (&*one.registry, one.checked.outcome, &one.source)).collect();
        assert_eq!(found, [(&*good, Out::OkProved, &Source::Helper("odd".to_owned()))], "{all:#?}");
    }
    for name in ["none.test", "old.test"] {
        let none = tested(&bench, &[name]);
        assert_eq!((none[0].checked.outcome, exit_code(&none)), (Out::NoCredentials, 3), "{none:#?}");
        let advice = none[0].checked.advice.clone().unwrap_or_default();
        assert!(advice.ends_with(&format!("regpass login {name}")), "{advice}");
    }
}

#[test]
fn a_helper_of_our_name_is_asked_as_docker_asks_it() {
    let good = registry("pw1", Duration::ZERO);
    let answer = "echo '{\"Username\":\"amy\",\"Secret\":\"pw1\"}'";
    let bench = Bench::with_programs(&[("docker-credential-pass", &helper(answer))]);
    docker(&bench, r#"{"credsStore":"pass"}"#);
    put(&bench, &good, "amy", "for alice\nother");
    let theirs = tested(&bench, &[&good]);
    assert_eq!((theirs[0].checked.outcome, &theirs[0].source), (Out::OkProved, &Source::Helper("pass".to_owned())));
    // On the same store, which is then where it is kept.
    put(&bench, &good, "amy", "for alice\npw1");
    let same = tested(&bench, &[&good]);
    assert!(matches!(same[0].source, Source::Store(_)) && same[0].checked.outcome == Out::OkProved, "{same:#?}");
}

#[test]
fn a_helper_that_does_not_answer_is_waited_for_once() {
    let bench = Bench::with_programs(&[("docker-credential-odd", &helper("yes | head -c 9000000"))]);
    docker(&bench, r#"{"credsStore":"odd","auths":{"a.test":{},"b.test":{}}}"#);
    let all = tested(&bench, &[]);
    assert!(all.len() == 2 && all.iter().all(|one| one.checked.outcome == Out::HelperFailed), "{all:#?}");
    assert_eq!(std::fs::read_to_string(bench.home().join("bin/calls")).expect("calls"), "x\n");
}
