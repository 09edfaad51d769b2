//! `generate` and `otp` beside pass, pass-otp, gopass and oathtool: what one writes the others read, and all give the
//! same codes.

use serde_json::json;

use super::{json_of, keys, store_of};
use crate::support::{Sandbox, peer, skip};

#[test]
fn a_generated_password_is_where_pass_puts_it() {
    let (mut sandbox, _) = Sandbox::with_store();
    sandbox.init_git();
    let answer = sandbox.regpass(&["generate", "a"], b"").ok();
    assert_eq!(
        (answer.out(), answer.err()),
        (String::new(), "stored a new password as \"a\": 163 bits to guess\n".into())
    );
    let shown = sandbox.regpass(&["show", "a"], b"").ok().out();
    assert!(shown.len() == 26 && shown.ends_with('\n'), "{shown}");
    assert_eq!(sandbox.regpass(&["generate", "a"], b"").code, 1, "it is there already");
    assert_eq!(sandbox.regpass(&["show", "a"], b"").ok().out(), shown);

    sandbox.regpass(&["insert", "-m", "b"], b"old\nuser: x\n").ok();
    let printed = sandbox.regpass(&["generate", "--in-place", "--print", "--no-symbols", "b", "12"], b"").ok().out();
    assert_eq!(sandbox.regpass(&["show", "b"], b"").ok().out(), format!("{printed}user: x\n"));
    assert!(printed.trim_end().len() == 12 && printed.trim_end().chars().all(|one| one.is_ascii_alphanumeric()));

    sandbox.set("PASSWORD_STORE_GENERATED_LENGTH", "7");
    sandbox.set("PASSWORD_STORE_CHARACTER_SET", "a-c");
    let printed = sandbox.regpass(&["generate", "-p", "-f", "a"], b"").ok().out();
    assert!(printed.len() == 8 && printed.trim_end().chars().all(|one| ('a'..='c').contains(&one)), "{printed}");
    let ours = sandbox.git(&["log", "--format=%s", "-4"]).ok().out();
    assert_eq!(
        ours,
        "Add generated password for a.\nReplace generated password for b.\n\
         Add given password for b to store.\nAdd generated password for a.\n"
    );
    if peer("pass").is_some() {
        sandbox.run("pass", &["generate", "a", "9"], b"").ok();
        sandbox.run("pass", &["generate", "-i", "b"], b"").ok();
        let theirs = sandbox.git(&["log", "--format=%s", "-2"]).ok().out();
        assert_eq!(theirs, "Replace generated password for b.\nAdd generated password for a.\n");
    }
}

#[test]
fn words_json_and_wrong_usage() {
    let sandbox = store_of(&[]);
    let words = sandbox.regpass(&["generate", "--words", "4", "--separator", " ", "--print", "w"], b"").ok();
    assert_eq!(words.out().split_whitespace().count(), 4);
    assert!(words.err().contains("44 bits"), "{}", words.err());
    let value = json_of(sandbox.regpass(&["generate", "pin", "6", "--classes", "digit", "--json"], b""));
    assert_eq!(value, json!({"schema": 1, "path": "pin", "bits": 19.0}));
    let value = json_of(sandbox.regpass(&["generate", "x", "--json", "--print"], b""));
    assert_eq!(keys(&value), ["schema", "path", "bits", "password"]);
    let shown = sandbox.regpass(&["show", "x"], b"").ok().out();
    assert_eq!(value["password"].as_str(), Some(shown.trim_end()));
    for wrong in [&["y", "3", "--classes", "lower,upper,digit,symbol"][..], &["y", "0"], &["y", "--words", "0"]] {
        assert_eq!(sandbox.regpass(&[&["generate"], wrong].concat(), b"").code, 2, "{wrong:?}");
    }
    assert_eq!(sandbox.regpass(&["generate", "--in-place", "none"], b"").code, 3);
    assert!(sandbox.regpass(&["generate", "completions", "fish"], b"").ok().out().contains("complete -c regpass"));
    assert!(sandbox.regpass(&["generate", "man", "show"], b"").ok().out().contains(".TH"));
}

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// With these plaintexts as entries, and a clock that both sides can be told.
fn otp_store(entries: &[(&str, String)]) -> Sandbox {
    let (sandbox, _) = Sandbox::with_store();
    for (name, text) in entries {
        sandbox.regpass(&["insert", "-m", name], text.as_bytes()).ok();
    }
    sandbox
}

#[test]
fn codes_of_the_clock_are_those_of_oathtool() {
    let Some(_) = peer("oathtool") else { return };
    let url = |more: &str| format!("pw\notpauth://totp/Big:al?secret={SECRET}{more}\n");
    let mut sandbox = otp_store(&[
        ("plain", url("")),
        ("sha256", url("&algorithm=SHA256&digits=8&period=60")),
        ("sha512", url("&algorithm=SHA512&digits=7")),
        ("key", format!("pw\ntotp: {SECRET}\n")),
    ]);
    for time in ["59", "1234567890", "2000000000"] {
        sandbox.set("REGPASS_FIXED_TIME", time);
        let now = format!("--now=@{time}");
        for (entry, args) in [
            ("plain", &["--totp=sha1"][..]),
            ("sha256", &["--totp=sha256", "--digits=8", "--time-step-size=60s"]),
            ("sha512", &["--totp=sha512", "--digits=7"]),
            ("key", &["--totp=sha1"]),
        ] {
            let theirs = sandbox.run("oathtool", &[&["--base32", &now], args, &[SECRET]].concat(), b"").ok().out();
            assert_eq!(sandbox.regpass(&["otp", entry], b"").ok().out(), theirs, "{entry} at {time}");
        }
    }
    let value = json_of(sandbox.regpass(&["otp", "--json", "plain"], b""));
    assert_eq!(keys(&value), ["schema", "path", "type", "period", "seconds_left", "code"]);
    assert_eq!((&value["seconds_left"], &value["code"]), (&10.into(), &"279037".into()));
}

#[test]
fn gopass_takes_the_same_secret_of_several() {
    let Some(_) = peer("gopass") else { return };
    let steam = "pw\notpauth://totp/x?secret=N5XGKN5XGKN5XGKN&encoder=steam&digits=5\n".to_owned();
    let both = format!("pw\ntotp: N5XGKN5XGKN5XGKN\notpauth://totp/x?secret={SECRET}\n");
    let password = format!("{SECRET}\nuser: x\n");
    let sandbox = otp_store(&[("steam", steam), ("both", both), ("password", password)]);
    for entry in ["steam", "both", "password"] {
        // The period may end between the two: then once more.
        let agree = (0..3).any(|_| {
            let theirs = sandbox.run("gopass", &["otp", "-o", entry], b"").ok().out();
            sandbox.regpass(&["otp", entry], b"").ok().out().trim() == theirs.trim()
        });
        assert!(agree, "{entry}");
    }
}

#[test]
fn a_counter_goes_on_from_pass_otp_and_gopass() {
    let Some(_) = peer("oathtool") else { return };
    let url = format!("pw\notpauth://hotp/x?secret={SECRET}&counter=0&issuer=y\n");
    let mut sandbox = otp_store(&[("u", url), ("g", format!("pw\nhotp: {SECRET}\n"))]);
    sandbox.init_git();
    let ours = |sandbox: &Sandbox, entry: &str| sandbox.regpass(&["otp", entry], b"").ok().out();
    let expected = ["755224", "287082", "359152", "969429", "338314"];
    assert_eq!(ours(&sandbox, "u").trim(), expected[1]);
    assert!(sandbox.regpass(&["show", "u"], b"").ok().out().contains("&counter=1&issuer=y\n"));
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s"]).ok().out(), "Increment HOTP counter for u.\n");
    if std::path::Path::new("/usr/lib/password-store/extensions/otp.bash").exists() && peer("pass").is_some() {
        // pass-otp 1.2.0 was written before bash 5.2, in which `&` in a replacement stands for what was found.
        let settings = sandbox.path().join("bashrc");
        std::fs::write(&settings, "shopt -u patsub_replacement 2>/dev/null\n").expect("written");
        sandbox.set("BASH_ENV", settings);
        let said = sandbox.run("pass", &["otp", "u"], b"").ok().out();
        assert_eq!(said.lines().last(), Some(expected[2]), "{said}");
    } else {
        skip("pass-otp is not installed");
        ours(&sandbox, "u");
    }
    let value = json_of(sandbox.regpass(&["otp", "--json", "u"], b""));
    assert_eq!(keys(&value), ["schema", "path", "type", "counter", "code"]);
    assert_eq!((&value["counter"], value["code"].as_str()), (&3.into(), Some(expected[3])));
    if peer("gopass").is_some() {
        assert_eq!(ours(&sandbox, "g").trim(), expected[1]);
        assert_eq!(sandbox.run("gopass", &["otp", "-o", "g"], b"").ok().out().trim(), expected[2]);
        assert_eq!(ours(&sandbox, "g").trim(), expected[3]);
    }
    assert_eq!(sandbox.regpass(&["otp", "none"], b"").code, 3);
}

/// Several at once: as many codes, none twice.
#[test]
fn no_counter_gives_two_codes() {
    let sandbox = otp_store(&[("u", format!("pw\notpauth://hotp/x?secret={SECRET}&counter=0\n"))]);
    let mut counters: Vec<u64> = std::thread::scope(|scope| {
        let call = || scope.spawn(|| sandbox.regpass(&["otp", "--json", "u"], b""));
        let calls: Vec<_> = (0..4).map(|_| call()).collect();
        let answers = calls.into_iter().map(|call| json_of(call.join().expect("ended")));
        answers.map(|value| value["counter"].as_u64().expect("a counter")).collect()
    });
    counters.sort_unstable();
    assert_eq!(counters, [1, 2, 3, 4]);
}
