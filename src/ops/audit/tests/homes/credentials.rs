//! The logins themselves: in clear, by what files tell, and opened with a key file.

use sequoia_openpgp::serialize::SerializeInto;

use super::keys::{ALICE, login_text, sound};
use super::*;

/// A store whose logins are opened.
fn opened(bench: &mut Bench) {
    sound(bench);
    let key = ALICE.as_tsk().armored().to_vec().expect("a key");
    bench.put("home/key.asc", &String::from_utf8(key).expect("text"));
    let path = bench.at("home/key.asc").to_string_lossy().into_owned();
    bench.set("REGPASS_KEY_FILE", path);
    bench.decrypt = true;
}

fn in_clear(bench: &Bench, auth: &str) {
    bench.docker(&format!(r#"{{"auths":{{"a.test":{{"auth":"{auth}"}}}}}}"#));
}

const ECR: &str = "1.dkr.ecr.eu-west-1.amazonaws.com";
/// `{"expiration":1732243200}` and `{"expiration":99000000000}` in base64.
const DEAD: &str = "eyJleHBpcmF0aW9uIjoxNzMyMjQzMjAwfQ==";
const ALIVE: &str = "eyJleHBpcmF0aW9uIjo5OTAwMDAwMDAwMH0=";
/// As tokens of GitLab and Azure are.
const DEAD_TOKEN: &str = "e30.eyJleHAiOjE3MzIyMDAwMDB9.c2ln";

pub(super) const ROWS: &[OnHome] = &[
    (
        "CRD01",
        |bench| {
            opened(bench);
            login_text(bench, ECR, "AWS", DEAD);
        },
        1,
    ),
    (
        "CRD01",
        |bench| {
            // Not opened: by the age of its file.
            sound(bench);
            login_text(bench, ECR, "AWS", ALIVE);
            let folder =
                crate::system::store::layout::registry_folder(&crate::model::RegistryKey::new(ECR)).expect("a folder");
            let file = bench.at(&format!("home/.password-store/{}/AWS.gpg", folder.display()));
            let file = std::fs::File::options().write(true).open(file).expect("an entry");
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("a time");
        },
        1,
    ),
    (
        "CRD01",
        |bench| {
            opened(bench);
            login_text(bench, ECR, "AWS", ALIVE);
        },
        0,
    ),
    (
        "CRD02",
        |bench| {
            opened(bench);
            login_text(bench, "gitlab.a.test", "gitlab-ci-token", DEAD_TOKEN);
        },
        1,
    ),
    // "bob:" and the dead token.
    ("CRD02", |bench| in_clear(bench, "Ym9iOmUzMC5leUpsZUhBaU9qRTNNekl5TURBd01EQjkuYzJsbg=="), 1),
    ("CRD02", |bench| opened(bench), 0),
    (
        "CRD03",
        |bench| {
            opened(bench);
            login_text(bench, "b.test", "ann", "ann");
            login_text(bench, "harbor.test", "admin", "Harbor12345\n");
        },
        2,
    ),
    // "bob:bob".
    ("CRD03", |bench| in_clear(bench, "Ym9iOmJvYg=="), 1),
    ("CRD03", |bench| opened(bench), 0),
    ("CRD03", |bench| in_clear(bench, AUTH), 0),
    (
        "CRD04",
        |bench| {
            opened(bench);
            login_text(bench, "b.test", "ann", SECRET);
        },
        1,
    ),
    (
        "CRD04",
        |bench| {
            // Two names of one registry.
            opened(bench);
            login_text(bench, "https://a.test", "bob", SECRET);
            login_text(bench, "b.test", "ann", "another");
        },
        0,
    ),
    (
        "CRD06",
        |bench| {
            sound(bench);
            login_text(bench, "eu.gcr.io", "_json_key", "{}");
        },
        1,
    ),
    (
        "CRD06",
        |bench| {
            opened(bench);
            login_text(bench, "eu.gcr.io", "oauth2accesstoken", "ya29.x");
        },
        0,
    ),
    (
        "CRD09",
        |bench| {
            opened(bench);
            login_text(bench, "b.test", "ann", "secret1\nuser: ann\n");
            login_text(bench, "c.test", "ann", "secret2 ");
            login_text(bench, "d.test", "ann", "\nsecret3");
        },
        3,
    ),
    (
        "CRD09",
        |bench| {
            // The helpers leave the line end out.
            opened(bench);
            login_text(bench, "b.test", "ann", "secret1\n");
        },
        0,
    ),
];

#[test]
fn nothing_is_opened_unasked_and_what_cannot_be_is_told() {
    let mut bench = Bench::new();
    opened(&mut bench);
    bench.decrypt = false;
    assert_eq!(answer(&bench.evidence(), "CRD04").verdict(), Verdict::Skipped);
    bench.decrypt = true;
    bench.put("home/.password-store/docker-credential-helpers/Yi50ZXN0/bob.gpg", "no message");
    for id in ["CRD03", "CRD04", "CRD09"] {
        assert_eq!(answer(&bench.evidence(), id).verdict(), Verdict::Failed, "{id}");
    }
}

#[test]
fn no_answer_about_opened_logins_holds_a_secret() {
    let mut bench = Bench::new();
    opened(&mut bench);
    login_text(&bench, "b.test", "ann", SECRET);
    login_text(&bench, "c.test", "ann", &format!("{SECRET}\nmore \n"));
    let evidence = format!("{:?}", bench.evidence());
    assert!(!evidence.contains(SECRET) && !evidence.contains(AUTH));
}
