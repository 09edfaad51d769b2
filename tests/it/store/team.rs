//! People who join and leave a store, by gpg-agent's keys: what `.gpg-id`, its signature and gopass's key folder say
//! afterwards, what pass and gopass make of it, and whom regpass refuses.

use serde_json::Value;

use super::recipients::readers;
use super::{have, tree};
use crate::support::{Answer, Sandbox, peer};

/// A store in git for Alice, with two entries.
fn machine() -> (Sandbox, String) {
    let (sandbox, alice) = Sandbox::with_store();
    std::fs::write(sandbox.store().join(".gpg-id"), format!("# team\n{alice} # me\n")).expect("recipients");
    for name in ["top", "team/in"] {
        sandbox.regpass(&["insert", "-m", name], format!("secret of {name}\n").as_bytes()).ok();
    }
    sandbox.init_git();
    (sandbox, alice)
}

fn recipients(sandbox: &Sandbox, args: &[&str]) -> Answer {
    sandbox.regpass(&[&["recipients"], args].concat(), b"")
}

fn gpg_id(sandbox: &Sandbox, folder: &str) -> String {
    std::fs::read_to_string(sandbox.store().join(folder).join(".gpg-id")).expect("recipients")
}

fn sorted(keys: [&str; 2]) -> Vec<String> {
    let mut keys = keys.map(str::to_owned).to_vec();
    keys.sort();
    keys
}

/// The public key of somebody whom nobody here vouches for.
fn import_stranger(sandbox: &Sandbox, user_id: &str) -> String {
    let theirs = Sandbox::new();
    let key = theirs.make_key(user_id, "future-default");
    let file = sandbox.path().join("stranger.pgp");
    std::fs::write(&file, theirs.gpg(&["--export", &key]).ok().stdout).expect("a key");
    sandbox.gpg(&["--import", file.to_str().expect("text")]).ok();
    key
}

#[test]
fn somebody_joins_and_leaves_and_the_others_agree() {
    let (sandbox, alice) = machine();
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    let foreseen = recipients(&sandbox, &["add", "bob@example.test", "--dry-run"]).ok();
    assert_eq!(foreseen.out(), "team/in\ntop\n");
    assert!(
        foreseen.err().starts_with(&format!("would be added: {bob} Bob <bob@example.test>\n")),
        "{}",
        foreseen.err()
    );
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");

    let joined = recipients(&sandbox, &["add", "bob@example.test"]).ok();
    assert!(joined.err().ends_with("2 entries encrypted anew, 0 already right\n"), "{}", joined.err());
    assert_eq!(gpg_id(&sandbox, ""), format!("# team\n{alice} # me\n{bob}\n"));
    assert_eq!(readers(&sandbox, "team/in"), sorted([&alice, &bob]));
    let last = sandbox.git(&["log", "-1", "--format=%s", "--name-only"]).ok().out();
    assert_eq!(last, format!("Set GPG id to {alice}, {bob}.\n\n.gpg-id\nteam/in.gpg\ntop.gpg\n"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    if have(&["pass"]) {
        sandbox.run("pass", &["insert", "-m", "by-pass"], b"x\n").ok();
        assert_eq!(readers(&sandbox, "by-pass"), sorted([&alice, &bob]));
    }
    if let Some(gopass) = peer("gopass") {
        assert!(sandbox.run(&gopass, &["recipients"], b"").ok().out().contains("bob@example.test"));
        assert_eq!(sandbox.run(gopass, &["show", "top"], b"").ok().out().trim_end(), "secret of top");
    }

    recipients(&sandbox, &["remove", &format!("0x{}", &bob[24..]), "--folder", "team"]).ok();
    assert_eq!((gpg_id(&sandbox, "team"), gpg_id(&sandbox, "").lines().count()), (format!("{alice}\n"), 3));
    assert_eq!((readers(&sandbox, "team/in"), readers(&sandbox, "top")), (vec![alice.clone()], sorted([&alice, &bob])));
    assert!(sandbox.git(&["log", "--format=%s", "-1"]).ok().out().ends_with(&format!("{alice} (team).\n")));

    let value: Value = serde_json::from_slice(&recipients(&sandbox, &["--json"]).ok().stdout).expect("JSON");
    let people = value["folders"][0]["recipients"].as_array().expect("recipients");
    assert_eq!((people.len(), &people[0]["own"], &people[1]["validity"]), (2, &true.into(), &"valid".into()));
    assert_eq!(
        (&people[1]["name"], &people[1]["fingerprint"]),
        (&"Bob <bob@example.test>".into(), &bob.as_str().into())
    );
    assert_eq!(value["folders"][1]["folder"], "team");
    let shown = recipients(&sandbox, &["team"]).ok().out();
    assert_eq!(shown, format!("team\n  Alice <alice@example.test>  {alice}  yours, valid\n"));
}

#[test]
fn who_cannot_be_written_to_is_refused_and_nothing_changes() {
    let (sandbox, alice) = machine();
    let before = (gpg_id(&sandbox, ""), tree(&sandbox.store()));
    let stranger = import_stranger(&sandbox, "Eve <eve@example.test>");
    import_stranger(&sandbox, "Mallory <twin@example.test>");
    import_stranger(&sandbox, "Trudy <twin@example.test>");
    let expired = sandbox.make_key("Old <old@example.test>", "future-default");
    sandbox.gpg(&["--quick-set-expire", &expired, "seconds=1"]).ok();
    sandbox.gpg(&["--quick-set-expire", &expired, "seconds=1", "*"]).ok();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while recipients(&sandbox, &["add", &expired, "--dry-run"]).code == 0 {
        assert!(std::time::Instant::now() < deadline, "the key expires");
    }
    for (key, word) in [
        ("nobody@example.test", "no public key here"),
        ("eve@example.test", "vouches"),
        (&*stranger, "vouches"),
        ("twin@example.test", "means more than one key"),
        (&*expired, "expired"),
    ] {
        let refused = recipients(&sandbox, &["add", key]);
        assert!(refused.code == 1 && refused.err().contains(word), "{key}: {}", refused.err());
    }
    let twins = recipients(&sandbox, &["add", "twin@example.test"]).err();
    assert!(twins.contains("Mallory <twin@example.test>") && twins.contains("Trudy"), "{twins}");
    let shut_out = recipients(&sandbox, &["remove", &alice]);
    assert_eq!(shut_out.code, 2, "{}", shut_out.err());
    sandbox.gpg(&["--quick-lsign-key", &stranger]).ok();
    let shut_out = recipients(&sandbox, &["set", &stranger]);
    assert!(shut_out.code == 1 && shut_out.err().contains("could not read"), "{}", shut_out.err());
    assert_eq!(recipients(&sandbox, &["remove", "nobody@example.test"]).code, 3);
    assert_eq!((gpg_id(&sandbox, ""), tree(&sandbox.store())), before);
    recipients(&sandbox, &["add", "eve@example.test"]).ok();
    assert_eq!(readers(&sandbox, "top"), sorted([&alice, &stranger]));
}

#[test]
fn a_signed_store_stays_signed() {
    let (mut sandbox, alice) = machine();
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    sandbox.set("PASSWORD_STORE_SIGNING_KEY", &alice);
    let unsigned = recipients(&sandbox, &["add", &bob]);
    assert!(unsigned.code == 1 && unsigned.err().contains("signature"), "{}", unsigned.err());
    sandbox.gpg(&["--yes", "--detach-sign", ".password-store/.gpg-id"]).ok();
    recipients(&sandbox, &["add", &bob]).ok();
    let last = sandbox.git(&["log", "-1", "--format=", "--name-only"]).ok().out();
    assert_eq!(last, ".gpg-id\n.gpg-id.sig\nteam/in.gpg\ntop.gpg\n");
    let sign = ["--verify", ".password-store/.gpg-id.sig", ".password-store/.gpg-id"];
    sandbox.gpg(&sign).ok();
    assert_eq!(readers(&sandbox, "top"), sorted([&alice, &bob]));
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    if have(&["pass"]) {
        sandbox.run("pass", &["insert", "-m", "by-pass"], b"x\n").ok();
    }
    sandbox.unset("PASSWORD_STORE_SIGNING_KEY");
    let told = recipients(&sandbox, &["remove", &bob]).ok();
    assert!(told.err().contains("does not fit it any more"), "{}", told.err());
}

#[test]
fn gopass_finds_the_keys_where_it_looks_for_them() {
    let (sandbox, alice) = machine();
    let keys = sandbox.store().join(".public-keys");
    std::fs::create_dir(&keys).expect("a folder");
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    recipients(&sandbox, &["add", &bob]).ok();
    let last = sandbox.git(&["log", "-1", "--format=", "--name-only"]).ok().out();
    assert_eq!(last, format!(".gpg-id\n.public-keys/{bob}\nteam/in.gpg\ntop.gpg\n"));
    let other = Sandbox::new();
    other.gpg(&["--import", keys.join(&bob).to_str().expect("text")]).ok();
    assert!(other.gpg(&["--list-keys", &bob]).ok().out().contains("bob@example.test"));
    assert_eq!(other.gpg(&["--list-secret-keys"]).ok().out(), "");
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    if let Some(gopass) = peer("gopass") {
        assert!(sandbox.run(gopass, &["recipients"], b"").ok().out().contains(&bob[24..]));
    }
    recipients(&sandbox, &["remove", "bob@example.test"]).ok();
    assert!(!keys.join(&bob).exists());
    sandbox.regpass(&["undo"], b"").ok();
    assert!(keys.join(&bob).exists() && gpg_id(&sandbox, "").contains(&bob));
    assert_eq!(readers(&sandbox, "top"), sorted([&alice, &bob]), "what was encrypted anew goes back with it");
    recipients(&sandbox, &["remove", "bob@example.test"]).ok();
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    assert_eq!(readers(&sandbox, "top"), [alice]);
}
