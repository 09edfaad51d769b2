//! Recipients against real gpg: what our keyring resolves must be what `gpg -r` encrypts to, or a clear refusal where gpg
//! refuses or guesses.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;

use regpass::model::{GpgIdFile, Problem, Recipient};
use regpass::system::env::Env;
use regpass::system::keyring::{Encryption, Keyring, KeyringError, RecipientStanding};
use regpass::system::options::{Options, Typed};
use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::packet::key::{Key4, SecretParts, SubordinateRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, Packet};
use sequoia_openpgp::serialize::Marshal;
use sequoia_openpgp::types::{Curve, KeyFlags, SignatureType};
use sequoia_openpgp::{Cert, KeyHandle, Profile};

use crate::support::{Sandbox, peer};

fn keyring(sandbox: &Sandbox) -> Keyring {
    let env = Env::made_of(sandbox.vars().map(|(name, value)| (name.clone(), value.clone())));
    let options = Options::resolve(&Typed::default(), &env).expect("options");
    Keyring::new(&env, &options)
}

/// As `keyring`, on a machine without any program.
fn keyring_without_programs(sandbox: &Sandbox) -> Keyring {
    let vars = sandbox.vars().map(|(name, value)| (name.clone(), value.clone()));
    let env = Env::made_of(vars.chain([("PATH".into(), "/nonexistent".into())]));
    let options = Options::resolve(&Typed::default(), &env).expect("options");
    Keyring::new(&env, &options)
}

fn recipients(texts: &[&str]) -> Vec<Recipient> {
    texts.iter().map(|text| Recipient::new(text).expect("a recipient")).collect()
}

/// The key ids we would encrypt to.
fn ours(sandbox: &Sandbox, texts: &[&str]) -> Result<BTreeSet<String>, KeyringError> {
    key_ids(keyring(sandbox).encryption_keys(&recipients(texts))?, texts)
}

fn key_ids(encryption: Encryption, texts: &[&str]) -> Result<BTreeSet<String>, KeyringError> {
    match encryption {
        Encryption::InProcess(keys) => Ok(keys.iter().map(|key| key.keyid().to_hex()).collect()),
        Encryption::ByGpg { why } => panic!("{texts:?} is left to gpg: {why}"),
    }
}

fn left_to_gpg(sandbox: &Sandbox, texts: &[&str]) -> bool {
    matches!(keyring(sandbox).encryption_keys(&recipients(texts)), Ok(Encryption::ByGpg { .. }))
}

/// The key ids that gpg encrypts to, or what it says instead.
fn gpgs(sandbox: &Sandbox, options: &[&str], texts: &[&str]) -> Result<BTreeSet<String>, String> {
    let to: Vec<&str> = texts.iter().flat_map(|text| ["-r", text]).collect();
    let base = ["--batch", "--yes", "--no-encrypt-to", "--no-auto-key-locate", "-e"];
    let made = sandbox.run("gpg", &[options, &base[..], &to[..]].concat(), b"x");
    if made.code != 0 {
        return Err(made.err());
    }
    let listed = sandbox.run("gpg", &["--batch", "--list-only", "--list-packets"], &made.stdout).out();
    let ids = listed.lines().filter(|line| line.starts_with(":pubkey enc packet:"));
    Ok(ids.filter_map(|line| line.rsplit(' ').next().map(str::to_owned)).collect())
}

/// Asserts that gpg and we encrypt to the same keys, and that there are `count` of them.
#[track_caller]
fn agree(sandbox: &Sandbox, texts: &[&str], count: usize) {
    let ours = ours(sandbox, texts).unwrap_or_else(|error| panic!("{texts:?}: {error}"));
    let gpgs = gpgs(sandbox, &[], texts).unwrap_or_else(|error| panic!("{texts:?}: {error}"));
    assert_eq!(ours, gpgs, "{texts:?}");
    assert_eq!(ours.len(), count, "{texts:?}");
}

/// Asserts that both refuse; answers our error.
#[track_caller]
fn both_refuse(sandbox: &Sandbox, texts: &[&str]) -> KeyringError {
    assert!(gpgs(sandbox, &[], texts).is_err(), "gpg accepts {texts:?}");
    ours(sandbox, texts).expect_err("a refusal")
}

fn hints(error: KeyringError) -> String {
    Problem::from(error).hints.join("\n")
}

/// Long ago, so that a key made then with a short life has expired.
const LONG_AGO: &str = "20200101T000000";

fn make_key_long_ago(sandbox: &Sandbox, user_id: &str, life: &str) -> String {
    let at = ["--faked-system-time", LONG_AGO, "--pinentry-mode", "loopback", "--passphrase", ""];
    sandbox.gpg(&[&at[..], &["--quick-gen-key", user_id, "future-default", "default", life]].concat()).ok();
    fingerprint_of(sandbox, user_id)
}

fn fingerprint_of(sandbox: &Sandbox, user_id: &str) -> String {
    fingerprints(sandbox, &format!("={user_id}"))[0].clone()
}

/// Of the primary key, then the subkeys.
fn fingerprints(sandbox: &Sandbox, id: &str) -> Vec<String> {
    let listed = sandbox.gpg(&["--with-colons", "--with-subkey-fingerprint", "--list-keys", id]).ok().out();
    let lines = listed.lines().filter(|line| line.starts_with("fpr:"));
    lines.filter_map(|line| line.split(':').nth(9).map(str::to_owned)).collect()
}

fn add_subkey(sandbox: &Sandbox, fingerprint: &str, options: &[&str], algorithm: &str, life: &str) {
    let quiet = ["--pinentry-mode", "loopback", "--passphrase", ""];
    let add = ["--quick-add-key", fingerprint, algorithm, "encr", life];
    sandbox.gpg(&[options, &quiet[..], &add[..]].concat()).ok();
}

/// Imports the revocation certificate that gpg made with the key.
fn revoke(sandbox: &Sandbox, fingerprint: &str) {
    let file = sandbox.gnupg_home().join(format!("openpgp-revocs.d/{fingerprint}.rev"));
    let armoured = fs::read_to_string(file).expect("a revocation").replace(":-----BEGIN", "-----BEGIN");
    sandbox.run("gpg", &["--batch", "--quiet", "--import"], armoured.as_bytes()).ok();
}

/// Answers gpg's prompts of `--edit-key` with these lines.
fn edit(sandbox: &Sandbox, key: &str, lines: &str) {
    let args = ["--batch", "--quiet", "--no-tty", "--command-fd", "0", "--edit-key", key];
    sandbox.run("gpg", &args, lines.as_bytes()).ok();
}

/// A certificate made elsewhere and imported: nobody vouches for it here.
fn stranger(sandbox: &Sandbox, user_id: &str) -> Cert {
    let cert = foreign_cert(user_id);
    import(sandbox, &[&cert]);
    cert
}

fn foreign_cert(user_id: &str) -> Cert {
    let flags = KeyFlags::empty().set_transport_encryption().set_storage_encryption();
    let builder = CertBuilder::new().set_profile(Profile::RFC4880).expect("a profile");
    let builder = builder.set_cipher_suite(CipherSuite::Cv25519).add_userid(user_id).add_subkey(flags, None, None);
    builder.generate().expect("a certificate").0
}

fn import(sandbox: &Sandbox, certs: &[&Cert]) {
    sandbox.gpg(&["--list-keys"]);
    let mut packets = Vec::new();
    certs.iter().for_each(|cert| cert.serialize(&mut packets).expect("packets"));
    sandbox.run("gpg", &["--batch", "--quiet", "--import"], &packets).ok();
}

#[test]
fn every_form_of_recipient_means_the_key_that_gpg_takes() {
    let sandbox = Sandbox::new();
    let alice = make_key_long_ago(&sandbox, "Alice Example <alice@example.test>", "never");
    // Not to be used before its time.
    add_subkey(&sandbox, &alice, &["--faked-system-time", "20990101T000000"], "cv25519", "never");
    add_subkey(&sandbox, &alice, &[], "rsa2048", "never");
    sandbox.make_key("Bob <bob@example.test>", "default");
    let keys = fingerprints(&sandbox, "alice");
    let spaced = format!(
        "{} {}  {}",
        &alice[..4],
        (1..5).map(|i| &alice[i * 4..i * 4 + 4]).collect::<Vec<_>>().join(" "),
        (5..10).map(|i| &alice[i * 4..i * 4 + 4]).collect::<Vec<_>>().join(" "),
    );
    let lower = alice.to_lowercase();
    let (long, short) = (&alice[24..], &alice[32..]);
    for text in [
        alice.as_str(),
        &format!("0x{alice}"),
        &lower,
        long,
        &format!("0x{long}"),
        short,
        &spaced,
        "alice@example.test",
        "<alice@example.test>",
        "ALICE@example.test",
        "Alice",
        "ice exam",
        "Alice Example <alice@example.test>",
        "=Alice Example <alice@example.test>",
        "*lice Exa",
        "@alice@exam",
        // A subkey without `!` only names the certificate.
        &keys[1],
        &format!("{}!", keys[1]),
        &format!("{}!", &keys[1][24..]),
        &format!("{}!", keys[3]),
    ] {
        agree(&sandbox, &[text], 1);
    }
    agree(&sandbox, &[&alice, "alice@example.test", long], 1);
    agree(&sandbox, &[&format!("{}!", keys[1]), &alice, "bob"], 3);
    let error = both_refuse(&sandbox, &[&format!("{alice}!")]);
    assert!(matches!(error, KeyringError::NoEncryptionKey { .. }), "{error:?}");
}

#[test]
fn what_is_certain_needs_no_program() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let bob = stranger(&sandbox, "Bob <bob@example.test>").fingerprint().to_hex();
    let keyring = keyring_without_programs(&sandbox);
    for text in [alice.as_str(), &alice[24..], "alice@example.test", "Alice"] {
        let resolved = keyring.encryption_keys(&recipients(&[text]));
        assert!(matches!(resolved, Ok(Encryption::InProcess(keys)) if keys.len() == 1), "{text}");
    }
    let error = keyring.encryption_keys(&recipients(&[&bob])).expect_err("trust is not known");
    assert!(matches!(error, KeyringError::NeedsGpg { .. }), "{error:?}");
    let missing = keyring.encryption_keys(&recipients(&["nobody@example.test"])).expect_err("is not there");
    assert!(matches!(missing, KeyringError::Missing { .. }), "{missing:?}");
}

#[test]
fn trust_is_gpg_s() {
    let mut sandbox = Sandbox::new();
    sandbox.make_key("Alice <alice@example.test>", "future-default");
    let bob = stranger(&sandbox, "Bob <bob@example.test>").fingerprint().to_hex();
    for text in [bob.as_str(), "bob@example.test", "Bob"] {
        let error = both_refuse(&sandbox, &[text]);
        assert!(matches!(error, KeyringError::Untrusted { .. }), "{text}: {error:?}");
        assert!(hints(error).contains(&format!("gpg --lsign-key {bob}")));
    }
    let error = ours(&sandbox, &["alice@example.test", &bob]).expect_err("one is not trusted");
    assert!(error.to_string().contains(&bob), "{error}");

    sandbox.set("PASSWORD_STORE_GPG_OPTS", "--trust-model always");
    let always = ours(&sandbox, &[&bob]).expect("always trusted");
    assert_eq!(Ok(always.clone()), gpgs(&sandbox, &["--trust-model", "always"], &[&bob]));
    assert_eq!(ours(&sandbox, &["Bob"]).expect("always trusted"), always);
    sandbox.unset("PASSWORD_STORE_GPG_OPTS");

    let conf = sandbox.gnupg_home().join("gpg.conf");
    fs::write(&conf, "# as gopass\nalways-trust\n").expect("gpg.conf");
    agree(&sandbox, &[&bob], 1);
    fs::remove_file(&conf).expect("removed");

    sandbox.gpg(&["--yes", "--quick-lsign-key", &bob]).ok();
    for text in [bob.as_str(), "bob@example.test", "Bob", "=Bob <bob@example.test>"] {
        agree(&sandbox, &[text], 1);
    }
    agree(&sandbox, &["alice@example.test", &bob], 2);
}

#[test]
fn ultimate_ownertrust_is_enough_and_disabled_is_not() {
    let sandbox = Sandbox::new();
    sandbox.make_key("Alice <alice@example.test>", "future-default");
    let bob = stranger(&sandbox, "Bob <bob@example.test>").fingerprint().to_hex();
    sandbox.run("gpg", &["--batch", "--quiet", "--import-ownertrust"], format!("{bob}:6:\n").as_bytes()).ok();
    agree(&sandbox, &[&bob], 1);
    edit(&sandbox, &bob, "disable\nsave\n");
    for text in [bob.as_str(), "bob@example.test", "Bob"] {
        let error = both_refuse(&sandbox, &[text]);
        assert!(matches!(error, KeyringError::Disabled { .. }), "{text}: {error:?}");
        assert!(hints(error).contains(&format!("gpg --edit-key {bob} enable")));
    }
    edit(&sandbox, &bob, "enable\nsave\n");
    agree(&sandbox, &[&bob], 1);
}

#[test]
fn keys_past_their_time_are_refused_by_name() {
    let sandbox = Sandbox::new();
    let old = make_key_long_ago(&sandbox, "Old <old@example.test>", "30d");
    for text in [old.as_str(), "old@example.test", "Old"] {
        let error = both_refuse(&sandbox, &[text]);
        assert!(matches!(error, KeyringError::Expired { .. }), "{text}: {error:?}");
        assert!(error.to_string().ends_with("expired on 2020-01-31"), "{error}");
        assert!(hints(error).contains(&format!("gpg --quick-set-expire {old}")));
    }
    let revoked = sandbox.make_key("Gone <gone@example.test>", "future-default");
    revoke(&sandbox, &revoked);
    for text in [revoked.as_str(), "gone@example.test", "Gone"] {
        let error = both_refuse(&sandbox, &[text]);
        assert!(matches!(error, KeyringError::Revoked { .. }), "{text}: {error:?}");
    }
    let signs = sandbox.make_key("Signs <signs@example.test>", "ed25519");
    for text in [signs.as_str(), "signs@example.test"] {
        let error = both_refuse(&sandbox, &[text]);
        assert!(matches!(error, KeyringError::NoEncryptionKey { .. }), "{text}: {error:?}");
    }
    for text in ["nobody@example.test", "Nobody", "0123456789ABCDEF", "=Nobody", "AAAAAAAA BBBBBBBB", "-x", "::"] {
        let error = both_refuse(&sandbox, &[text]);
        assert!(matches!(error, KeyringError::Missing { .. }), "{text}: {error:?}");
    }
}

#[test]
fn only_valid_subkeys_count() {
    let sandbox = Sandbox::new();
    let alice = make_key_long_ago(&sandbox, "Alice <alice@example.test>", "never");
    add_subkey(&sandbox, &alice, &["--faked-system-time", "20200201T000000"], "cv25519", "30d");
    let keys = fingerprints(&sandbox, &alice);
    agree(&sandbox, &[&alice], 1);
    let error = both_refuse(&sandbox, &[&format!("{}!", keys[2])]);
    assert!(matches!(error, KeyringError::Expired { .. }), "{error:?}");

    add_subkey(&sandbox, &alice, &["--faked-system-time", "20210101T000000"], "cv25519", "never");
    let keys = fingerprints(&sandbox, &alice);
    let newest = ours(&sandbox, &[&alice]).expect("the third");
    assert_eq!(newest.iter().next().map(String::as_str), Some(&keys[3][24..]));
    agree(&sandbox, &[&alice], 1);
    edit(&sandbox, &alice, "key 3\nrevkey\ny\n0\n\ny\nsave\n");
    agree(&sandbox, &[&alice], 1);
    assert_ne!(ours(&sandbox, &[&alice]).expect("the first"), newest);
    let error = both_refuse(&sandbox, &[&format!("{}!", keys[3])]);
    assert!(matches!(error, KeyringError::Revoked { .. }), "{error:?}");
}

#[test]
fn a_name_taken_back_finds_nothing() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    sandbox.gpg(&["--quick-add-uid", &alice, "Alice <old@example.test>"]).ok();
    // Until then gpg does not trust the new name of one's own key; we do.
    sandbox.gpg(&["--yes", "--check-trustdb"]).ok();
    agree(&sandbox, &["old@example.test"], 1);
    sandbox.gpg(&["--quick-revoke-uid", &alice, "Alice <old@example.test>"]).ok();
    let error = both_refuse(&sandbox, &["old@example.test"]);
    assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
    agree(&sandbox, &["alice@example.test"], 1);
    agree(&sandbox, &["Alice"], 1);
    agree(&sandbox, &[&alice], 1);
}

#[test]
fn groups_are_expanded_one_level() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    sandbox.make_key("Bob <bob@example.test>", "future-default");
    let conf = format!("group ops = {alice} bob@example.test\ngroup all = ops\ngroup none =\n");
    fs::write(sandbox.gnupg_home().join("gpg.conf"), &conf).expect("gpg.conf");
    agree(&sandbox, &["ops"], 2);
    agree(&sandbox, &["OPS", &alice], 2);
    let error = both_refuse(&sandbox, &["all"]);
    assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
    let error = ours(&sandbox, &["none", &alice]).expect_err("an empty group");
    assert!(matches!(error, KeyringError::EmptyGroup { .. }), "{error:?}");
    // Not even when gpg is to write: it would pass over the empty group and write for the rest.
    fs::write(sandbox.gnupg_home().join("gpg.conf"), format!("{conf}set-filename x\n")).expect("gpg.conf");
    assert!(left_to_gpg(&sandbox, &[&alice]));
    let error = keyring(&sandbox).encryption_keys(&recipients(&["none", &alice])).expect_err("an empty group");
    assert!(matches!(error, KeyringError::EmptyGroup { .. }), "{error:?}");
    let error = keyring(&sandbox).encryption_keys(&[]).expect_err("nobody");
    assert!(matches!(error, KeyringError::NoRecipients), "{error:?}");
}

#[test]
fn a_name_of_several_keys() {
    let sandbox = Sandbox::new();
    let old = make_key_long_ago(&sandbox, "Alice Old <alice@example.test>", "30d");
    let new = sandbox.make_key("Alice <alice@example.test>", "future-default");
    // gpg passes over the expired one.
    agree(&sandbox, &["alice@example.test"], 1);
    agree(&sandbox, &["Alice"], 1);
    let second = sandbox.make_key("Alice Two <alice@example.test>", "future-default");
    assert!(left_to_gpg(&sandbox, &["alice@example.test"]) && left_to_gpg(&sandbox, &["Alice"]));
    agree(&sandbox, &[&new, &second], 2);
    assert!(matches!(ours(&sandbox, &[&old]), Err(KeyringError::Expired { .. })));
}

#[test]
fn an_address_inside_a_longer_one_is_not_taken() {
    let sandbox = Sandbox::new();
    sandbox.make_key("Malice <malice@example.test>", "future-default");
    assert!(gpgs(&sandbox, &[], &["alice@example.test"]).is_ok(), "gpg no longer guesses: drop this test");
    let error = ours(&sandbox, &["alice@example.test"]).expect_err("not the key of alice");
    assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
    sandbox.make_key("Alice <alice@example.test>", "future-default");
    agree(&sandbox, &["alice@example.test"], 1);
}

#[test]
fn two_certificates_with_one_subkey_are_not_chosen_between() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let exported = sandbox.gpg(&["--export", &alice]).ok().stdout;
    let theirs = <Cert as sequoia_openpgp::parse::Parse<Cert>>::from_bytes(&exported).expect("alice");
    let stolen = theirs.keys().subkeys().next().expect("a subkey").key().clone();
    let (eve, _) = CertBuilder::new().add_userid("Eve <eve@example.test>").generate().expect("eve");
    let mut signer =
        eve.primary_key().key().clone().parts_into_secret().expect("secret").into_keypair().expect("a pair");
    let flags = KeyFlags::empty().set_transport_encryption();
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding).set_key_flags(flags).expect("flags");
    let binding = stolen.bind(&mut signer, &eve, binding).expect("a binding");
    let packets: [Packet; 2] = [stolen.clone().into(), binding.into()];
    let eve = eve.strip_secret_key_material().insert_packets(packets).expect("eve with the subkey").0;
    import(&sandbox, &[&eve]);
    let subkey = stolen.fingerprint().to_hex();
    let error = ours(&sandbox, &[&subkey]).expect_err("two of them");
    assert!(matches!(&error, KeyringError::Ambiguous { fingerprints, .. } if fingerprints.len() == 2), "{error:?}");
    assert!(hints(error).contains(&alice));
    agree(&sandbox, &[&alice], 1);
}

#[test]
fn keys_of_every_kind_that_gpg_makes() {
    let sandbox = Sandbox::new();
    for algorithm in ["default", "future-default"] {
        agree(&sandbox, &[&sandbox.make_key(&format!("{algorithm} <x@example.test>"), algorithm)], 1);
    }
    for (primary, sub) in [("nistp256", "nistp256"), ("nistp384", "nistp384"), ("nistp521", "nistp521")] {
        let key = sandbox.make_key(&format!("{primary} <x@example.test>"), &format!("{primary}/ecdsa"));
        add_subkey(&sandbox, &key, &[], &format!("{sub}/ecdh"), "never");
        agree(&sandbox, &[&key], 1);
    }
    // A primary key that encrypts is the last resort, also when its subkeys have expired.
    let quiet = ["--pinentry-mode", "loopback", "--passphrase", "", "--quick-gen-key"];
    sandbox.gpg(&[&quiet[..], &["all <all@example.test>", "rsa2048", "cert,sign,encr", "never"]].concat()).ok();
    let all = fingerprint_of(&sandbox, "all <all@example.test>");
    agree(&sandbox, &[&all], 1);
    agree(&sandbox, &[&format!("{all}!")], 1);
    add_subkey(&sandbox, &all, &["--faked-system-time", LONG_AGO, "--ignore-time-conflict"], "cv25519", "30d");
    agree(&sandbox, &[&all], 1);
    add_subkey(&sandbox, &all, &[], "cv25519", "never");
    agree(&sandbox, &[&all], 1);
    agree(&sandbox, &[&all, &format!("{all}!")], 2);
    for (primary, sub) in [("brainpoolP256r1/ecdsa", "brainpoolP256r1/ecdh"), ("dsa2048", "elg2048")] {
        let key = sandbox.make_key(&format!("{primary} <x@example.test>"), primary);
        add_subkey(&sandbox, &key, &[], sub, "never");
        assert!(left_to_gpg(&sandbox, &[&key]), "{primary}");
    }
}

#[test]
fn self_signatures_that_only_gpg_accepts() {
    let sandbox = Sandbox::new();
    sandbox.gpg(&["--list-keys"]);
    fs::write(sandbox.gnupg_home().join("gpg.conf"), "cert-digest-algo SHA1\n").expect("gpg.conf");
    let key = sandbox.make_key("Alice <alice@example.test>", "default");
    agree(&sandbox, &[&key], 1);
    let keyring = keyring_without_programs(&sandbox);
    let error = keyring.encryption_keys(&recipients(&[&key])).expect_err("cannot judge them alone");
    assert!(matches!(error, KeyringError::NoEncryptionKey { .. } | KeyringError::NeedsGpg { .. }), "{error:?}");
}

#[test]
fn a_subkey_that_newer_gpg_adds_unasked_leaves_it_to_gpg() {
    let sandbox = Sandbox::new();
    let cert = foreign_cert("Ada <ada@example.test>");
    let primary = cert.primary_key().key().clone().parts_into_secret().expect("its secret");
    let mut signer = primary.into_keypair().expect("a pair");
    let subkey: Key<SecretParts, SubordinateRole> = Key4::generate_ecc(false, Curve::Cv25519).expect("a key").into();
    // GnuPG sources, doc/DETAILS: "restricted encryption", bit 0x04 of the second byte.
    let binding = SignatureBuilder::new(SignatureType::SubkeyBinding).set_key_flags(KeyFlags::new([0, 0x04]));
    let binding = subkey.bind(&mut signer, &cert, binding.expect("flags")).expect("bound");
    let added = [Packet::from(subkey.parts_into_public()), binding.into()];
    let (cert, _) = cert.insert_packets(added).expect("a whole certificate");
    import(&sandbox, &[&cert]);
    let fingerprint = cert.fingerprint().to_hex();
    sandbox.run("gpg", &["--import-ownertrust"], format!("{fingerprint}:6:\n").as_bytes()).ok();
    for to in [fingerprint.as_str(), "ada@example.test"] {
        assert!(left_to_gpg(&sandbox, &[to]), "{to}");
    }
    // Another one that cannot be served is refused all the same, before gpg is asked to write.
    let bob = stranger(&sandbox, "Bob <bob@example.test>").fingerprint().to_hex();
    let error = ours(&sandbox, &[&fingerprint, &bob]).expect_err("nobody vouches for Bob");
    assert!(matches!(error, KeyringError::Untrusted { .. }), "{error:?}");
}

#[test]
fn options_that_only_gpg_honours_leave_it_to_gpg() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    sandbox.set("PASSWORD_STORE_GPG_OPTS", "--force-ocb");
    assert!(left_to_gpg(&sandbox, &[&alice]));
    sandbox.set("PASSWORD_STORE_GPG_OPTS", "--armor --throw-keyids");
    assert_eq!(ours(&sandbox, &[&alice]).map(|keys| keys.len()).ok(), Some(1));
    sandbox.unset("PASSWORD_STORE_GPG_OPTS");
    fs::write(sandbox.gnupg_home().join("gpg.conf"), "keyring other.kbx\n").expect("gpg.conf");
    assert!(left_to_gpg(&sandbox, &[&alice]));
}

/// One recipients file: what pass writes, and what we do with the same file.
fn row(sandbox: &Sandbox, pass: &Path, gpg_id: &str) -> (Option<usize>, Result<usize, String>) {
    fs::write(sandbox.store().join(".gpg-id"), gpg_id).expect(".gpg-id");
    let entry = sandbox.store().join("x.gpg");
    let _ = fs::remove_file(&entry);
    let mut command = sandbox.command_without_terminal(pass);
    command.args(["insert", "-m", "-f", "x"]).env("PASSWORD_STORE_GPG_OPTS", "--batch --no-auto-key-locate");
    let wrote = crate::support::run(&mut command, b"secret\n");
    let theirs = (wrote.code == 0).then(|| {
        let listed = sandbox.run("gpg", &["--batch", "--list-only", "--list-packets"], &fs::read(&entry).expect("x"));
        listed.out().lines().filter(|line| line.starts_with(":pubkey enc packet:")).count()
    });
    let ours = GpgIdFile::parse(gpg_id.as_bytes()).map_err(|error| error.to_string()).and_then(|file| {
        match keyring(sandbox).encryption_keys(&file.recipients) {
            Ok(Encryption::InProcess(keys)) => Ok(keys.len()),
            Ok(Encryption::ByGpg { why }) => Err(why),
            Err(error) => Err(error.to_string()),
        }
    });
    (theirs, ours)
}

#[test]
fn recipients_files_as_pass_reads_them_or_better() {
    let Some(pass) = peer("pass") else { return };
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    add_subkey(&sandbox, &alice, &["--faked-system-time", "20990101T000000"], "cv25519", "never");
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    let sub = fingerprints(&sandbox, &alice)[1].clone();
    fs::write(sandbox.gnupg_home().join("gpg.conf"), format!("group ops = {alice} {bob}\n")).expect("gpg.conf");
    sandbox.init_store(&alice);
    let missing = "nobody@example.test";
    // (content, keys that pass writes to, keys that we write to); None: refused.
    let rows: [(String, Option<usize>, Option<usize>); 17] = [
        (format!("{alice}\n"), Some(1), Some(1)),
        (format!("{alice}\n{bob}\n"), Some(2), Some(2)),
        // pass drops a last line without its end, down to no recipient at all.
        (alice.clone(), None, Some(1)),
        (format!("{alice}\n{bob}"), Some(1), Some(2)),
        (format!("{alice} # note\n\n\t{bob}#note\n"), Some(2), Some(2)),
        (format!("{alice}\r\n{bob}\r\n"), None, Some(2)),
        ("alice@example.test\n<bob@example.test>\n".to_owned(), Some(2), Some(2)),
        (format!("0x{}\nBob\n", &alice[24..]), Some(2), Some(2)),
        (format!("{sub}\n"), Some(1), Some(1)),
        (format!("{sub}!\n"), Some(1), Some(1)),
        (format!("{alice}!\n"), None, None),
        (format!("{alice} {bob}\n"), None, None),
        (format!("{alice}\n{missing}\n"), None, None),
        (format!("{alice}\n{alice}\nalice@example.test\n"), Some(1), Some(1)),
        ("ops\n".to_owned(), Some(2), Some(2)),
        (String::new(), None, None),
        ("# nobody\n".to_owned(), None, None),
    ];
    for (content, theirs, expected) in rows {
        let (pass_wrote, we) = row(&sandbox, &pass, &content);
        assert_eq!(pass_wrote, theirs, "pass on {content:?}");
        assert_eq!(we.clone().ok(), expected, "we on {content:?}: {we:?}");
    }
}

#[test]
fn one_among_five_hundred() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let crowd: Vec<Cert> = (0..500).map(|i| foreign_cert(&format!("Person {i} <person{i}@example.test>"))).collect();
    import(&sandbox, &crowd.iter().collect::<Vec<_>>());
    let last = sandbox.make_key("Zoe <zoe@example.test>", "future-default");
    agree(&sandbox, &[&alice, &last, "zoe@example.test"], 2);
    let keyring = keyring(&sandbox);
    for cert in crowd.iter().step_by(50) {
        for key in cert.keys() {
            for handle in [KeyHandle::from(key.key().fingerprint()), KeyHandle::from(key.key().keyid())] {
                let found = keyring.cert_with_key(&handle).expect("a ring").expect("a certificate");
                assert_eq!(found.fingerprint(), cert.fingerprint());
            }
        }
    }
    assert!(
        keyring.cert_with_key(&KeyHandle::KeyID("0123456789ABCDEF".parse().expect("an id"))).expect("a ring").is_none()
    );
    assert_eq!(keyring.decryption_candidates().expect("a ring").len(), 502);
}

#[test]
fn a_home_with_only_the_old_ring() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let bob = sandbox.make_key("Bob <bob@example.test>", "default");
    let packets = sandbox.gpg(&["--export"]).ok().stdout;
    for old in ["pubring.kbx", "pubring.kbx~"] {
        fs::remove_file(sandbox.gnupg_home().join(old)).expect("removed");
    }
    fs::write(sandbox.gnupg_home().join("pubring.gpg"), packets).expect("pubring.gpg");
    agree(&sandbox, &[&alice, &bob], 2);
    agree(&sandbox, &["alice@example.test", "Bob"], 2);
    assert_eq!(keyring(&sandbox).decryption_candidates().expect("a ring").len(), 2);
    let error = both_refuse(&sandbox, &["nobody@example.test"]);
    assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
}

/// A double of keyboxd: answers `SEARCH` with one certificate for any of its key ids, as GnuPG 2.4 does, over one
/// connection after the other, for as long as the test runs.
fn keyboxd_double(socket: &Path, cert: Cert) {
    let listener = UnixListener::bind(socket).expect("a socket");
    let mut packets = Vec::new();
    cert.serialize(&mut packets).expect("packets");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            let mut answer = &stream;
            answer.write_all(b"# Home: /x\n# Config: [none]\nOK Keyboxd at your service\n").expect("a greeting");
            for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                let known = |key: String| line == format!("SEARCH --openpgp 0x{key}");
                let found =
                    cert.keys().any(|key| known(key.key().fingerprint().to_hex()) || known(key.key().keyid().to_hex()));
                if found {
                    answer.write_all(b"S PUBKEY_INFO 1 0 - 0 0\n").expect("a status");
                    for part in packets.chunks(300) {
                        let escaped: String = part.iter().map(|byte| format!("%{byte:02X}")).collect();
                        answer.write_all(format!("D {escaped}\n").as_bytes()).expect("data");
                    }
                }
                let end = if found { "OK\n" } else { "ERR 33554459 Not found <Keybox>\n" };
                answer.write_all(end.as_bytes()).expect("an end");
            }
        }
    });
}

/// A home as GnuPG 2.4 keeps it: the certificate of its one key in the daemon.
fn home_with_keyboxd() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let home = sandbox.gnupg_home();
    fs::write(home.join("common.conf"), "# new\nuse-keyboxd\n").expect("common.conf");
    fs::create_dir(home.join("public-keys.d")).expect("a folder");
    fs::write(home.join("public-keys.d/pubring.db"), "SQLite format 3").expect("a database");
    (sandbox, alice)
}

#[test]
fn a_ring_in_the_key_daemon() {
    let (sandbox, alice) = home_with_keyboxd();
    let exported = sandbox.gpg(&["--export"]).ok().stdout;
    fs::remove_file(sandbox.gnupg_home().join("pubring.kbx")).expect("removed");
    let env = Env::made_of(sandbox.vars().map(|(name, value)| (name.clone(), value.clone())));
    let socket = regpass::system::agent::socket::path(&env, &sandbox.gnupg_home(), "S.keyboxd");
    let cert = <Cert as sequoia_openpgp::parse::Parse<Cert>>::from_bytes(&exported).expect("alice");
    keyboxd_double(&socket, cert.clone());
    for key in cert.keys() {
        for id in [key.key().fingerprint().to_hex(), key.key().keyid().to_hex()] {
            assert_eq!(ours(&sandbox, &[&id]).map(|keys| keys.len()).ok(), Some(1), "{id}");
        }
    }
    let error = ours(&sandbox, &[&alice, "0123456789ABCDEF"]).expect_err("a missing key");
    assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
    let _ = fs::remove_file(socket);
}

#[test]
fn a_key_daemon_that_does_not_answer_is_reached_through_gpg() {
    let (sandbox, alice) = home_with_keyboxd();
    agree(&sandbox, &[&alice], 1);
    agree(&sandbox, &["Alice"], 1);
    assert_eq!(keyring(&sandbox).decryption_candidates().expect("a ring").len(), 1);
    let error = ours(&sandbox, &["0123456789ABCDEF"]).expect_err("a missing key");
    assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
}

#[test]
fn no_home_is_no_key_and_makes_no_home() {
    let sandbox = Sandbox::new();
    let error = ours(&sandbox, &["=Alice"]).expect_err("no key");
    assert!(matches!(error, KeyringError::Missing { .. }), "{error:?}");
    assert!(!sandbox.gnupg_home().exists());
}

#[test]
fn a_damaged_ring_is_an_error_not_a_missing_key() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let file = sandbox.gnupg_home().join("pubring.kbx");
    let bytes = fs::read(&file).expect("a ring");
    fs::write(&file, &bytes[..bytes.len() - 10]).expect("cut");
    let error = ours(&sandbox, &[&alice]).expect_err("cut off");
    assert!(matches!(error, KeyringError::Unreadable { .. }), "{error:?}");
}

#[test]
fn states_for_the_screen() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let old = make_key_long_ago(&sandbox, "Old <old@example.test>", "30d");
    stranger(&sandbox, "B\u{1b}[2Job <bob@example.test>");
    let keyring = keyring_without_programs(&sandbox);
    let state = |text: &str| keyring.describe(&recipients(&[text])[0]).expect("a state");
    let own = state("alice@example.test");
    assert_eq!((own.standing, own.fingerprint.as_deref()), (RecipientStanding::Valid, Some(alice.as_str())));
    assert_eq!(own.user_id.as_deref(), Some("Alice <alice@example.test>"));
    let gone = state(&old);
    assert_eq!(gone.standing, RecipientStanding::Expired);
    assert!(gone.expires.is_some());
    let foreign = state("bob@example.test");
    assert_eq!(foreign.standing, RecipientStanding::Unknown);
    assert!(!foreign.user_id.expect("a name").contains('\u{1b}'));
    assert_eq!(state("nobody@example.test").standing, RecipientStanding::Missing);
}

#[test]
fn signatures_of_gpg_id() {
    let sandbox = Sandbox::new();
    let alice = sandbox.make_key("Alice <alice@example.test>", "future-default");
    let bob = sandbox.make_key("Bob <bob@example.test>", "default");
    let text = b"alice@example.test\n";
    let sign = |by: &str, options: &[&str]| {
        let args = [&["--batch", "--quiet", "--local-user", by], options, &["--detach-sign"]].concat();
        sandbox.run("gpg", &args, text).ok().stdout
    };
    let keyring = keyring(&sandbox);
    let check = |text: &[u8], signature: &[u8], by: &str| {
        keyring.verify_gpg_id_signature(text, signature, &[by.to_owned(), "F".repeat(40)])
    };
    let good = sign(&alice, &[]);
    check(text, &good, &alice).expect("good");
    check(text, &sign(&alice, &["--armor"]), &alice).expect("armoured");
    check(text, &sign(&bob, &["--digest-algo", "SHA1", "--allow-weak-digest-algos"]), &bob).expect("as pass takes it");
    check(text, &[sign(&bob, &[]), good.clone()].concat(), &alice).expect("two signatures");

    let refused = |text: &[u8], signature: &[u8], by: &str| {
        assert!(matches!(check(text, signature, by), Err(KeyringError::BadSignature { .. })));
    };
    refused(b"eve@example.test\n", &good, &alice);
    refused(text, &good, &bob);
    refused(text, b"", &alice);
    assert!(keyring.verify_gpg_id_signature(text, &good, &[]).is_err());
    // A whole message signed by the right key, over another text.
    let whole = sandbox.run("gpg", &["--batch", "--quiet", "--sign"], b"other").ok().stdout;
    refused(text, &whole, &alice);
    refused(text, &[good.clone(), whole].concat(), &alice);
    for cut in (1..good.len()).step_by(13) {
        refused(text, &good[..cut], &alice);
    }
    revoke(&sandbox, &alice);
    refused(text, &good, &alice);
}

/// The store's files below its root, without their contents.
fn entries(sandbox: &Sandbox) -> Vec<String> {
    let names = fs::read_dir(sandbox.store()).expect("a store").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.ends_with(".gpg")).collect()
}

#[test]
fn a_write_that_a_recipient_stops_says_what_helps() {
    let (mut sandbox, alice) = Sandbox::with_store();
    let bob = foreign_cert("Bob <bob@example.test>");
    fs::write(sandbox.store().join(".gpg-id"), format!("{alice}\nbob@example.test\n")).expect(".gpg-id");
    let refused = |sandbox: &Sandbox, words: &str| {
        let answer = sandbox.regpass(&["insert", "x"], b"secret\n");
        assert_eq!(answer.code, 1, "{}", answer.err());
        assert!(answer.err().contains("bob@example.test") && answer.err().contains(words), "{}", answer.err());
        assert_eq!(entries(sandbox), [""; 0]);
    };
    refused(&sandbox, "gpg --locate-external-keys bob@example.test");
    let folder = sandbox.store().join(".public-keys");
    fs::create_dir(&folder).expect("a folder");
    let mut packets = Vec::new();
    bob.serialize(&mut packets).expect("packets");
    fs::write(folder.join("bob@example.test"), packets).expect("bob's key");
    refused(&sandbox, &format!("gpg --import {}", folder.join("bob@example.test").display()));
    import(&sandbox, &[&bob]);
    refused(&sandbox, &format!("gpg --lsign-key {}", bob.fingerprint().to_hex()));
    sandbox.set("PASSWORD_STORE_GPG_OPTS", "--trust-model always");
    sandbox.regpass(&["insert", "x"], b"secret\n").ok();
    let message = fs::read(sandbox.store().join("x.gpg")).expect("the entry");
    let listed = sandbox.run("gpg", &["--batch", "--list-only", "--list-packets"], &message).out();
    assert_eq!(listed.matches(":pubkey enc packet: version 3").count(), 2, "{listed}");
}

#[test]
fn a_signed_recipients_file_guards_writes() {
    let (mut sandbox, alice) = Sandbox::with_store();
    sandbox.set("PASSWORD_STORE_SIGNING_KEY", alice.as_str());
    let file = sandbox.store().join(".gpg-id");
    let insert = |sandbox: &Sandbox| sandbox.regpass(&["insert", "x"], b"secret\n");
    assert_eq!(insert(&sandbox).code, 1);
    let text = fs::read(&file).expect(".gpg-id");
    let signature = sandbox.run("gpg", &["--batch", "--quiet", "--detach-sign"], &text).ok().stdout;
    fs::write(sandbox.store().join(".gpg-id.sig"), signature).expect("a signature");
    fs::write(&file, [&text[..], b"eve@example.test\n"].concat()).expect(".gpg-id");
    let refused = insert(&sandbox);
    assert_eq!(refused.code, 1);
    assert!(refused.err().contains("signature of .gpg-id"), "{}", refused.err());
    assert_eq!(entries(&sandbox), [""; 0]);
    fs::write(&file, text).expect(".gpg-id");
    insert(&sandbox).ok();
    assert_eq!(entries(&sandbox), ["x.gpg"]);
}
