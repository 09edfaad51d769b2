//! Logins of Amazon's registries, fetched from moto, which stands in for ECR, IAM and STS and checks signatures with Amazon's own
//! library. Its tokens are made up and dead; that they come out as they went in is what counts.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::service::Service;
use crate::support::{Sandbox, files_holding, peer, set_mode};

const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// What moto hands out for that account.
const TOKEN: &str = "123456789012-auth-token";

const ROLE: &str = "arn:aws:iam::123456789012:role/ci";

/// The actions that moto takes from everybody before it checks signatures: those of `Moto::start`.
const UNCHECKED: &str = "5";

struct Moto {
    _service: Service,
    address: String,
    id: String,
    secret: String,
}

impl Moto {
    /// With a user who may ask for tokens and take a role, and that role, which may ask for tokens. None where moto is not
    /// installed.
    fn start(sandbox: &mut Sandbox) -> Option<Moto> {
        let program = peer("moto/bin/moto_server")?;
        sandbox.set("INITIAL_NO_AUTH_ACTION_COUNT", UNCHECKED);
        for _ in 0..3 {
            let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
            let (program, text) = (program.to_str().expect("UTF-8"), port.to_string());
            let args = [program, "-H", "127.0.0.1", "-p", text.as_str()];
            let mut service = Service::start(sandbox, "env", &args, sandbox.path().join("moto.log"));
            let address = format!("127.0.0.1:{port}");
            if service.wait_until(|| TcpStream::connect(&address).is_ok()) {
                let (id, secret) = people(&address);
                return Some(Moto { _service: service, address, id, secret });
            }
        }
        panic!("moto does not start");
    }
}

fn people(address: &str) -> (String, String) {
    let allow = |actions: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#)
    };
    let iam = |action: &str, more: &[(&str, &str)]| {
        let mut form = format!("Action={action}&Version=2010-05-08");
        more.iter().for_each(|(name, value)| form.push_str(&format!("&{name}={}", encoded(value))));
        ask(address, &form)
    };
    let token = r#""ecr:GetAuthorizationToken""#;
    let both = format!(r#"{token},"sts:AssumeRole""#);
    iam("CreateUser", &[("UserName", "ci")]);
    iam("PutUserPolicy", &[("UserName", "ci"), ("PolicyName", "p"), ("PolicyDocument", &allow(&both))]);
    let trusted = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}]}"#;
    iam("CreateRole", &[("RoleName", "ci"), ("AssumeRolePolicyDocument", trusted)]);
    iam("PutRolePolicy", &[("RoleName", "ci"), ("PolicyName", "p"), ("PolicyDocument", &allow(token))]);
    let answer = iam("CreateAccessKey", &[("UserName", "ci")]);
    let find = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name}: {answer}"));
        rest.split('<').next().expect("a value").to_owned()
    };
    (find("AccessKeyId"), find("SecretAccessKey"))
}

fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn ask(address: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("moto");
    let auth = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x";
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nAuthorization: {auth}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
        Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_token_is_fetched_kept_and_found_and_no_key_is_anywhere() {
    let (mut sandbox, _) = Sandbox::with_store();
    let Some(moto) = Moto::start(&mut sandbox) else { return };
    let url = format!("http://{}", moto.address);
    let own = [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")];
    own.into_iter().for_each(|(name, value)| sandbox.set(name, value));
    let fetch = |sandbox: &Sandbox, more: &[&str]| {
        let args = [&["login", "--ecr", "--no-verify", "--to", "regpass", HOST], more].concat();
        let answer = sandbox.regpass(&args, b"");
        let told = answer.out() + &answer.err();
        assert!(!told.contains(&moto.secret) && !told.contains(TOKEN) && !told.contains(&moto.id), "{told}");
        answer
    };
    let none = fetch(&sandbox, &[]);
    assert!(none.code == 1 && none.err().contains("there are no AWS credentials"), "{} {}", none.code, none.err());

    sandbox.set("AWS_ACCESS_KEY_ID", moto.id.as_str());
    sandbox.set("AWS_SECRET_ACCESS_KEY", "not-the-secret-that-fits");
    let wrong = fetch(&sandbox, &[]);
    assert!(
        wrong.code == 1 && wrong.err().contains("the secret key does not belong to the access key"),
        "{}",
        wrong.err()
    );
    assert_eq!(sandbox.helper("get", HOST).code, 1, "a refused login leaves nothing");

    sandbox.set("AWS_SECRET_ACCESS_KEY", moto.secret.as_str());
    let kept = fetch(&sandbox, &["--json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&kept.out()).expect("JSON");
    assert_eq!((&json["stored"], &json["user"]), (&true.into(), &"AWS".into()));
    assert_eq!(json["fetched"]["source"], "the environment");
    assert_eq!(json["fetched"]["expires"], "2015-01-01T00:00:00.000Z", "moto's tokens all die that day");
    let found = sandbox.helper("get", HOST).ok().out();
    assert!(found.contains("\"Username\":\"AWS\"") && found.contains(&format!("\"Secret\":\"{TOKEN}\"")), "{found}");

    // With the keys of a role, which moto checks too, and a program's.
    sandbox.unset("AWS_ACCESS_KEY_ID");
    sandbox.unset("AWS_SECRET_ACCESS_KEY");
    let folder = sandbox.home().join(".aws");
    fs::create_dir(&folder).expect("a folder");
    let program = folder.join("keys");
    let said = format!(r#"{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}"}}"#, moto.id, moto.secret);
    fs::write(&program, format!("#!/bin/sh\necho '{said}'\n")).expect("a program");
    set_mode(&program, 0o755);
    let config = format!(
        "[profile ci]\nrole_arn = {ROLE}\nsource_profile = base\nregion = us-east-1\n[profile base]\ncredential_process = {}\n",
        program.display()
    );
    fs::write(folder.join("config"), config).expect("profiles");
    let role = fetch(&sandbox, &["--profile", "ci"]).ok();
    assert!(role.err().contains(&format!("the profile \"ci\" (role \"{ROLE}\")")), "{}", role.err());
    assert!(role.err().contains("was kept already"), "{}", role.err());

    // In a window, with another login of its own, which goes with it.
    let docker = sandbox.home().join(".docker");
    fs::create_dir_all(&docker).expect("a folder");
    fs::write(docker.join("config.json"), r#"{"credsStore":"regpass"}"#).expect("Docker's file");
    sandbox.regpass(&["logout", HOST], b"");
    assert_eq!(sandbox.helper("get", HOST).code, 1, "logged out");
    let window = ["window", "open", "--ecr", "--profile", "ci", "--no-verify"];
    let other = sandbox.regpass(&[&window[..], &["h.test"]].concat(), b"");
    assert!(other.code == 2 && other.err().contains("none of these registries is at Amazon"), "{}", other.err());
    let open = sandbox.regpass(&[&window[..], &[HOST]].concat(), b"").ok();
    assert!(open.err().contains("dies before the window's end"), "{}", open.err());
    assert!(sandbox.helper("get", HOST).ok().out().contains(TOKEN));
    sandbox.regpass(&["window", "close"], b"").ok();
    assert_eq!(sandbox.helper("get", HOST).code, 1, "the window is closed");

    // Nowhere in clear: what was fetched, nor the keys beyond their own file.
    let holding = |bytes: &str| files_holding(&sandbox.home(), bytes.as_bytes());
    assert_eq!(holding(TOKEN), Vec::<std::path::PathBuf>::new());
    assert_eq!((holding(&moto.secret), holding(&moto.id)), (vec![program.clone()], vec![program]));
}
