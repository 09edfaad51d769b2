//! Tokens fetched from a double of Amazon's services, with keys of every kind.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha1::{Digest, Sha1};

use super::double::{Amazon, PASSWORD, PEOPLE, later, refused};
use super::{EcrHost, EcrToken, Search, token};
use crate::model::Problem;
use crate::system::env::Env;
use crate::system::registry::double::Reply;

const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

const ALICE: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", PEOPLE[0].0), ("AWS_SECRET_ACCESS_KEY", PEOPLE[0].1)];

/// A home, and Amazon.
struct World {
    home: tempfile::TempDir,
    amazon: Amazon,
}

impl World {
    fn new() -> World {
        let world = World { home: tempfile::tempdir().expect("a home"), amazon: Amazon::open() };
        world.file(".aws/.keep", "");
        world
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("written");
    }

    /// With every service at the double, and no metadata of a machine that the test may run on.
    fn env(&self, vars: &[(&str, &str)]) -> Env {
        let own = [
            ("HOME", self.home.path().as_os_str().to_owned()),
            ("PATH", "/usr/bin:/bin".into()),
            ("AWS_ENDPOINT_URL", self.amazon.url("").into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ];
        let more = vars.iter().map(|(name, value)| (*name, OsString::from(value)));
        Env::made_of(own.into_iter().chain(more))
    }

    fn fetch(&self, host: &str, profile: Option<&str>, vars: &[(&str, &str)]) -> Result<EcrToken, Problem> {
        let env = self.env(vars);
        let search = Search { env: &env, profile, cancel: std::sync::Arc::default() };
        let found = token(&EcrHost::of(host)?, &search);
        let told = format!("{found:?}");
        assert!(!told.contains("hunter2"), "{told}");
        let found = found.map_err(Problem::from);
        let told = format!("{found:?}");
        assert!(!told.contains("hunter2"), "{told}");
        found
    }

    fn source(&self, vars: &[(&str, &str)]) -> Result<String, String> {
        let found = self.fetch(HOST, None, vars).map_err(|problem| problem.one_line())?;
        assert_eq!(found.credential.secret.expose(), PASSWORD.as_bytes());
        Ok(found.source)
    }
}

#[test]
fn a_token_is_fetched_for_private_registries_and_the_public_one() {
    let world = World::new();
    for (host, region, service) in [
        (HOST, "eu-central-1", "ecr"),
        ("123456789012.dkr-ecr-fips.us-gov-west-1.on.aws", "us-gov-west-1", "ecr"),
        ("public.ecr.aws", "us-east-1", "ecr-public"),
    ] {
        let token = world.fetch(host, None, &ALICE).expect("a token");
        assert_eq!(token.credential.login.as_str(), "AWS");
        assert_eq!(token.credential.secret.expose(), PASSWORD.as_bytes());
        assert!(token.expires.is_some() && token.source == "the environment");
        let seen = world.amazon.server.seen().pop().expect("a request");
        assert!(seen.auth().contains(&format!("/{region}/{service}/aws4_request")), "{}", seen.auth());
    }
}

#[test]
fn the_first_that_has_keys_counts_and_each_says_why_it_has_none() {
    let world = World::new();
    let none = world.fetch(HOST, None, &[]).expect_err("none");
    assert_eq!(none.message, "there are no AWS credentials for this login");
    for source in [
        "the environment",
        "the web identity",
        "the profile \"default\"",
        "the container's agent",
        "the machine's own role",
    ] {
        assert!(none.causes.iter().any(|cause| cause.starts_with(source)), "{source}: {:?}", none.causes);
    }
    let agent = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", world.amazon.url("/agent")),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2-agent".to_owned()),
    ];
    let agent: Vec<(&str, &str)> = agent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let metadata = [
        ("AWS_EC2_METADATA_DISABLED", "false".to_owned()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", world.amazon.url("")),
    ];
    let metadata: Vec<(&str, &str)> = metadata.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(world.source(&metadata).as_deref(), Ok("the machine's own role (builder)"));
    let both = [agent.clone(), metadata.clone()].concat();
    assert_eq!(world.source(&both).as_deref(), Ok("the container's agent"));
    world.file(
        ".aws/credentials",
        &format!("[default]\naws_access_key_id={}\naws_secret_access_key={}\n", PEOPLE[0].0, PEOPLE[0].1),
    );
    assert_eq!(world.source(&both).as_deref(), Ok("the profile \"default\""));
    world.file("web", "hunter2.web.identity\n");
    let file = world.home.path().join("web").to_string_lossy().into_owned();
    let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", file.as_str()), ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/web")];
    let with_web = [both.clone(), web.to_vec()].concat();
    assert_eq!(
        world.source(&with_web).as_deref(),
        Ok("the web identity of the environment (role \"arn:aws:iam::123456789012:role/web\")")
    );
    assert_eq!(world.source(&[with_web.clone(), ALICE.to_vec()].concat()).as_deref(), Ok("the environment"));
    // A profile that is named for this login is the one, whatever the environment has.
    let found = world.fetch(HOST, Some("default"), &[with_web, ALICE.to_vec()].concat()).expect("a token");
    assert_eq!(found.source, "the profile \"default\"");
}

#[test]
fn profiles_lead_to_roles_single_sign_on_and_programs() {
    let world = World::new();
    let program = world.home.path().join("my keys");
    let (id, secret, session) = PEOPLE[1];
    let said = format!(
        r#"{{"Version":1,"AccessKeyId":"{id}","SecretAccessKey":"{secret}","SessionToken":"{}","Expiration":"{}"}}"#,
        session.expect("a token"),
        later()
    );
    world.file("my keys", &format!("#!/bin/sh\nenv > \"$2\"\n[ \"$1\" = 'a b' ] && echo '{said}'\n"));
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let seen = world.home.path().join("seen");
    let role = "role_arn = arn:aws:iam::123456789012:role/ci";
    world.file(
        ".aws/config",
        &format!(
            "[profile keys]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
            [profile role]\n{role}\nsource_profile = keys\nexternal_id = x y\n\
            [profile self]\n{role}\nsource_profile = self\naws_access_key_id = {}\naws_secret_access_key = {}\n\
            [profile twice]\n{role}\nsource_profile = role\n\
            [profile env]\n{role}\ncredential_source = Environment\n\
            [profile web]\n{role}\nweb_identity_token_file = {}\n\
            [profile program]\ncredential_process = \"{}\" 'a b' {}\n\
            [profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = dev ops\n\
            [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.test/start\n\
            [profile old]\nsso_region = us-east-1\nsso_start_url = https://old.test/start\nsso_account_id = 123456789012\nsso_role_name = dev ops\n",
            PEOPLE[0].0,
            PEOPLE[0].1,
            PEOPLE[0].0,
            PEOPLE[0].1,
            world.home.path().join("web").display(),
            program.display(),
            seen.display()
        ),
    );
    world.file("web", "hunter2.web.identity");
    for name in ["corp", "https://old.test/start"] {
        world.file(
            &cached(name),
            &format!(r#"{{"accessToken":"hunter2-sso","expiresAt":"{}","startUrl":"x"}}"#, later()),
        );
    }
    let in_role = |name: &str| format!("the profile \"{name}\" (role \"arn:aws:iam::123456789012:role/ci\")");
    for (profile, source) in [
        ("keys", "the profile \"keys\"".to_owned()),
        ("role", in_role("role")),
        ("self", in_role("self")),
        ("twice", in_role("twice")),
        ("env", in_role("env")),
        ("web", in_role("web")),
        ("program", "the profile \"program\" (credential_process)".to_owned()),
        ("sso", "the profile \"sso\"".to_owned()),
        ("old", "the profile \"old\"".to_owned()),
    ] {
        let found = world.fetch(HOST, Some(profile), &ALICE).unwrap_or_else(|problem| panic!("{profile}: {problem}"));
        assert_eq!(found.source, source);
    }
    let env = std::fs::read_to_string(seen).expect("what the program saw");
    assert!(env.contains("HOME=") && !env.contains("hunter2") && !env.contains(PEOPLE[0].0), "{env}");
    let assumed =
        world.amazon.server.seen().into_iter().find(|seen| seen.body.contains("ExternalId")).expect("a request");
    assert!(
        assumed.body.contains("ExternalId=x%20y") && assumed.body.contains("RoleSessionName=regpass"),
        "{}",
        assumed.body
    );
    assert!(assumed.auth().contains("/eu-central-1/sts/"), "{}", assumed.auth());
}

fn cached(name: &str) -> String {
    let digest: String = Sha1::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".aws/sso/cache/{digest}.json")
}

#[test]
fn what_is_named_and_does_not_work_is_told_and_nothing_else_is_taken() {
    let world = World::new();
    let keys = format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", PEOPLE[0].0, PEOPLE[0].1);
    let role = "role_arn = arn:aws:iam::123456789012:role/ci";
    let sso = "sso_account_id = 123456789012\nsso_role_name = dev ops\nsso_region = us-east-1";
    world.file(
        ".aws/config",
        &format!(
            "[profile keys]\n{keys}[profile half]\naws_access_key_id = AKIAALICE\n[profile a]\n{role}\nsource_profile = b\n\
            [profile b]\n{role}\nsource_profile = a\n[profile lost]\n{role}\nsource_profile = nobody\n\
            [profile alone]\n{role}\n[profile empty]\nregion = us-east-1\n[profile poor]\n{role}\nsource_profile = empty\n\
            [profile mfa]\n{role}\nsource_profile = keys\nmfa_serial = x\n\
            [profile denied]\nrole_arn = arn:aws:iam::1:role/other\nsource_profile = keys\n\
            [profile source]\n{role}\ncredential_source = Elsewhere\n[profile task]\n{role}\ncredential_source = EcsContainer\n\
            [profile wrong]\naws_access_key_id = AKIAALICE\naws_secret_access_key = hunter2wrong\n\
            [profile stranger]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = hunter2\n\
            [profile fails]\ncredential_process = /bin/sh -c \"echo hunter2 >&2; exit 3\"\n\
            [profile babbles]\ncredential_process = /bin/echo hunter2\n[profile none]\ncredential_process = /nowhere/at-all\n\
            [profile sso1]\n{sso}\nsso_start_url = https://1.test\n[profile sso2]\n{sso}\nsso_start_url = https://2.test\n\
            [profile sso3]\n{sso}\nsso_start_url = https://3.test\n[profile sso4]\n{sso}\n\
            [profile sso5]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = x\n\
            [profile login]\nlogin_session = arn:aws:iam::1:user/x\n"
        ),
    );
    world.file(&cached("https://2.test"), r#"{"accessToken":"hunter2-sso","expiresAt":"2020-01-01T00:00:00UTC"}"#);
    world.file(&cached("https://3.test"), &format!(r#"{{"accessToken":"hunter2-old","expiresAt":"{}"}}"#, later()));
    for (profile, words, hint) in [
        ("nobody", "there is no such profile", "aws configure list-profiles"),
        ("half", "one is missing", ""),
        ("a", "in a circle", ""),
        ("lost", "there is no such profile", ""),
        ("alone", "needs a source_profile or a credential_source", ""),
        ("poor", "it has no keys, and is to give them to another profile", ""),
        ("mfa", "second device", "aws sts assume-role help"),
        ("denied", "STS in eu-central-1 does not allow it: the credentials need sts:AssumeRole", ""),
        ("source", "credential_source is Environment", ""),
        ("task", "neither AWS_CONTAINER_CREDENTIALS_FULL_URI", ""),
        ("wrong", "the secret key does not belong to the access key", "aws configure"),
        ("stranger", "ECR in eu-central-1 does not know the access key", "aws sts get-caller-identity"),
        ("fails", "ended with exit status: 3", ""),
        ("babbles", "are no keys", ""),
        ("none", "not installed", ""),
        ("sso1", "nobody has logged in", "aws sso login --profile sso1"),
        ("sso2", "its single sign-on is over", "aws sso login --profile sso2"),
        ("sso3", "its single sign-on is over", "aws sso login --profile sso3"),
        ("sso4", "lacks sso_start_url", ""),
        ("sso5", "no section [sso-session gone]", ""),
        ("login", "login_session", "aws configure export-credentials --format env --profile login"),
    ] {
        let problem = world.fetch(HOST, Some(profile), &ALICE).expect_err(profile);
        let line = problem.one_line();
        assert!(line.contains(words), "{profile}: {line}");
        assert!(
            hint.is_empty() || problem.hints.iter().any(|one| one.ends_with(hint)),
            "{profile}: {:?}",
            problem.hints
        );
    }
    let unnamed = world.source(&[("AWS_PROFILE", "nobody")]).expect_err("named");
    assert!(unnamed.contains("there is no such profile"), "{unnamed}");
}

#[test]
fn what_amazon_says_no_with_is_told_in_words() {
    let world = World::new();
    for (kind, words, hint) in [
        ("ExpiredTokenException", "says that the credentials are expired", "aws sso login"),
        ("UnrecognizedClientException", "does not know the access key", "aws sts get-caller-identity"),
        ("InvalidSignatureException", "the secret key does not belong", "aws configure"),
        ("RequestExpired", "this machine's clock is wrong", "timedatectl set-ntp true"),
        ("AccessDeniedException", "does not allow it: the credentials need ecr:GetAuthorizationToken", ""),
        ("ThrottlingException", "was asked too often", "try again in a minute"),
        ("ServerException", "failed by itself", "try again in a minute"),
        ("OptInRequired", "is not open to this account", "aws account list-regions"),
        ("BrandNewException", "refuses: its own words: BrandNewException: because", ""),
    ] {
        *world.amazon.ecr.lock().expect("a plan") = Some(refused(kind, "because"));
        let problem = world.fetch(HOST, None, &ALICE).expect_err(kind);
        let line = problem.one_line();
        assert!(line.contains(words) && line.contains(kind), "{kind}: {line}");
        assert!(line.contains("the credentials are from the environment"), "{kind}: {line}");
        assert!(hint.is_empty() || problem.hints.iter().any(|one| one.ends_with(hint)), "{kind}: {:?}", problem.hints);
    }
    let skewed = r#"{"__type":"InvalidSignatureException","message":"Signature expired"}"#;
    let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    *world.amazon.ecr.lock().expect("a plan") = Some(Reply::new(400, &[date], skewed));
    let line = world.source(&ALICE).expect_err("refused");
    assert!(line.contains("this machine's clock is") && line.contains("s ahead"), "{line}");
}

#[test]
fn hostile_answers_and_settings_end_in_words() {
    let world = World::new();
    for (reply, words) in [
        (Reply::json(200, "{}"), "it holds no token"),
        (Reply::json(200, r#"{"authorizationData":[]}"#), "it holds no token"),
        (Reply::json(200, r#"{"authorizationData":[{"authorizationToken":"%%"}]}"#), "it holds no token"),
        (Reply::new(200, &[("Content-Type", "text/html")], "<html>log in</html>"), "it holds no token"),
        (Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{}"), "it holds no token"),
        (Reply::raw(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(200_000))), "cannot be asked"),
        (Reply::new(302, &[("Location", "http://127.0.0.1:1/")], ""), "refuses: its own words: status 302"),
        (refused("X\\u001b[2J", "\\u001b[2J"), "status 400: \\u{1b}[2J"),
        (refused("X", "you sent hunter2/alice+key"), "not shown: it repeats the secret"),
    ] {
        *world.amazon.ecr.lock().expect("a plan") = Some(reply);
        let line = world.source(&ALICE).expect_err(words);
        assert!(line.contains(words), "{words}: {line}");
    }
    let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    for (name, value) in [
        ("AWS_ENDPOINT_URL_ECR", "http://evil.test/hunter2"),
        (full, "http://evil.test/hunter2"),
        (full, "http://169.254.170.2.evil.test/"),
        (full, "http://hunter2@127.0.0.1/"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://evil.test/"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x hunter2"),
    ] {
        let vars = [("AWS_EC2_METADATA_DISABLED", "no"), (name, value)];
        let line = world.source(&vars).expect_err(value);
        assert!(line.contains(&format!("\"{name}\" is no address")), "{line}");
    }
    assert_eq!(world.amazon.server.seen().iter().filter(|seen| seen.path != "/").count(), 0);
    // Nobody listens there.
    let line =
        world.source(&[&ALICE[..], &[("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")]].concat()).expect_err("refused");
    assert!(line.contains("ECR in eu-central-1 cannot be asked: 127.0.0.1:1: nothing listens there"), "{line}");
    let bundle = [("AWS_CA_BUNDLE", "/nowhere/ca.pem")];
    let line = world.source(&[&ALICE[..], &bundle].concat()).expect_err("no bundle");
    assert!(line.contains("/nowhere/ca.pem"), "{line}");
    assert!(Path::new("/nowhere").symlink_metadata().is_err());
}

#[test]
fn whatever_it_waits_for_it_can_be_called_off() {
    let world = World::new();
    let cancel = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    world.file(".aws/config", "[profile slow]\ncredential_process = /bin/sleep 50\n");
    let metadata = [("AWS_EC2_METADATA_DISABLED", "no")];
    for (profile, vars) in [(None, &ALICE[..]), (None, &metadata), (Some("slow"), &[])] {
        let env = world.env(vars);
        let search = Search { env: &env, profile, cancel: cancel.clone() };
        let problem = Problem::from(token(&EcrHost::of(HOST).expect("a host"), &search).expect_err("called off"));
        assert_eq!(problem.exit_code(), 130, "{profile:?} {vars:?}: {problem}");
    }
}
