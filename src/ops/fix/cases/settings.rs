//! Modes, names of settings, a helper named, copies removed, and what is left to a person.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn a_store_is_closed_to_others_and_opened_again() {
    let bench = Bench::new();
    let (entry, link) = (bench.put("a/b.gpg", "for alice\nx"), bench.root().join("link"));
    let elsewhere = put(&bench, "elsewhere", "x");
    symlink(&elsewhere, &link).expect("a link");
    mode(&elsewhere, 0o644);
    mode(&entry, 0o644);
    mode(&bench.root(), 0o755);
    // Else nobody gets that far.
    mode(bench.home(), 0o755);
    let bits = |path: &Path| path.metadata().expect("it").permissions().mode() & 0o777;
    let fix = fix_of(&bench, "STO11");
    apply(&bench.system, &scope(&bench), &fix).expect("closed");
    assert_eq!((bits(&entry), bits(&bench.root()), bits(&elsewhere)), (0o600, 0o700, 0o644));
    apply(&bench.system, &scope(&bench), &fix).expect_err("it is not as it was");
    let listed = steps(&bench);
    assert!(listed[0].what.starts_with("close ") && listed[0].files >= 3, "{listed:?}");
    mode(&entry, 0o640);
    undo::undo(&bench.system, None).expect_err("changed since");
    assert_eq!(bits(&bench.root()), 0o700, "nothing is done by halves");
    mode(&entry, 0o600);
    undo::undo(&bench.system, None).expect("undone");
    assert_eq!((bits(&entry), bits(&bench.root())), (0o644, 0o755));
}

#[test]
fn modes_are_put_back_on_what_was_closed_and_on_nothing_else() {
    let bench = Bench::new();
    let (entry, key) = (bench.put("a/b.gpg", "for alice\nx"), put(&bench, ".ssh/id", "x"));
    mode(&entry, 0o666);
    mode(&bench.root(), 0o755);
    mode(bench.home(), 0o755);
    let bits = |path: &Path| path.metadata().expect("it").permissions().mode() & 0o777;
    let fix = fix_of(&bench, "STO11");
    let aside = bench.home().join("aside");
    for (path, link_to) in [(&entry, &key), (&bench.root().join("a"), &bench.home().join(".ssh"))] {
        // A file, or a folder on the way to it, that is a link by then.
        let replaced = |deed: &dyn Fn()| {
            std::fs::rename(path, &aside).expect("moved");
            symlink(link_to, path).expect("a link");
            deed();
            assert_eq!((bits(&key), bits(link_to)), (0o600, if link_to == &key { 0o600 } else { 0o700 }));
            std::fs::remove_file(path).expect("removed");
            std::fs::rename(&aside, path).expect("moved");
        };
        std::fs::write(bench.home().join(".ssh/b.gpg"), "x").expect("a file");
        mode(&bench.home().join(".ssh/b.gpg"), 0o600);
        replaced(&|| _ = apply(&bench.system, &scope(&bench), &fix).expect_err("it is a link"));
        apply(&bench.system, &scope(&bench), &fix).expect("closed");
        replaced(&|| {
            let problem = undo::undo(&bench.system, None).expect_err("a link by now");
            assert!(problem.causes[0].contains("changed since"), "{problem:?}");
        });
        assert_eq!(bits(&bench.home().join(".ssh/b.gpg")), 0o600);
        assert_eq!(bits(&bench.root()), 0o700, "nothing is done by halves");
        undo::undo(&bench.system, None).expect("undone");
        assert_eq!((bits(&entry), bits(&bench.root())), (0o666, 0o755));
    }
}

#[test]
fn copies_are_kept_encrypted_and_removed() {
    let bench = Bench::new();
    config(&bench, r#"{"credsStore":"pass"}"#);
    let copy = put(
        &bench,
        ".docker/config.json.bak",
        &format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}},"b.test":{{"auth":"{AUTH}"}}}}}}"#),
    );
    let before = read_file(&copy);
    let kind = || fix_of(&bench, "INL19").kind;
    assert_eq!(kind(), Kind::Guided, "the last place of two logins");
    store(&bench, "a.test", "bob", "pw");
    store(&bench, "b.test", "ann", "pw");
    assert_eq!(kind(), Kind::Guided, "somebody else's login is another one");
    config(&bench, &format!(r#"{{"auths":{{"b.test":{{"auth":"{AUTH}"}}}},"credsStore":"pass"}}"#));
    assert_eq!(kind(), Kind::Auto, "config.json has it too");
    config(&bench, r#"{"credsStore":"pass"}"#);
    store(&bench, "b.test", "bob", "another");
    let fix = fix_of(&bench, "INL19");
    assert_eq!((fix.kind, fix.fingerprints.len()), (Kind::Auto, 2));
    let problem = apply(&bench.system, &scope(&bench), &fix).expect_err("another password");
    assert!(problem.message.contains("bob") && copy.exists(), "{problem:?}");
    store(&bench, "b.test", "bob", "pw");
    let fix = fix_of(&bench, "INL19");
    assert!(fix.diff.iter().all(|line| !line.text.contains(AUTH)));
    apply(&bench.system, &scope(&bench), &fix).expect("removed");
    assert!(!copy.exists());
    undo::undo(&bench.system, None).expect("undone");
    assert_eq!(read_file(&copy), before);
    assert_eq!(copy.metadata().expect("it").permissions().mode() & 0o777, 0o600);
    std::fs::remove_file(&copy).expect("removed");
    symlink("config.json", &copy).expect("a link");
    std::fs::write(bench.home().join(".docker/config.json"), &before).expect("written");
    assert_eq!(fix_of(&bench, "INL19").kind, Kind::Guided, "a link's file is not for removing");
}

#[test]
fn a_long_copy_is_compared_as_a_short_one() {
    let bench = Bench::new();
    config(&bench, r#"{"credsStore":"pass"}"#);
    store(&bench, "a.test", "bob", "pw");
    let lines = "\n".repeat(300);
    let text = format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}{lines}}}}}"#);
    let copy = put(&bench, ".docker/config.json.bak", &text);
    let fix = fix_of(&bench, "INL19");
    assert!(fix.kind == Kind::Auto && fix.steps[0] == "and 101 more lines of it", "{fix:?}");
    apply(&bench.system, &scope(&bench), &fix).expect("removed");
    assert!(!copy.exists());
}

#[test]
fn a_copy_that_is_no_json_is_never_shown() {
    let bench = Bench::new();
    config(&bench, r#"{"credsStore":"pass"}"#);
    let deep = format!("{{\"auth\":\"hunter2\",\n\"password\": hunter2, \"a\":{}", "[{\"auth\":".repeat(100_000));
    for text in [
        "{\"auths\":{\"a.test\":{\"auth\":\"hunter2\"}}}\n\t\t\t\"auth\": \"hunter2\"\n\t\t}\n\t}\n}\n",
        "{\"auths\":{\"a.test\":{\"auth\":\"hunter2\",\n\"password\":hunter2}}}",
        &deep,
    ] {
        let copy = put(&bench, ".docker/config.json.bak", text);
        let fix = fix_of(&bench, "INL19");
        assert_eq!(fix.path.as_deref(), Some(&*copy));
        assert!(fix.diff.is_empty() && !format!("{fix:?}").contains("hunter2"), "{fix:?}");
        assert!(fix.kind == Kind::Guided && fix.why.is_some(), "{fix:?}");
        std::fs::remove_file(copy).expect("removed");
    }
}

#[test]
fn modes_names_and_the_helper_are_put_right_and_back() {
    let bench = Bench::new();
    let file = config(&bench, "{\n  \"credStore\" : \"pass\",\n  \"x\": 1\n}\n");
    mode(&file, 0o664);
    applied(&bench, "CFG03").expect("closed");
    assert_eq!(file.metadata().expect("it").permissions().mode() & 0o777, 0o600);
    applied(&bench, "CFG07").expect("renamed");
    assert_eq!(read_file(&file), "{\n  \"credsStore\" : \"pass\",\n  \"x\": 1\n}\n");
    undo::undo(&bench.system, None).expect("undone");
    undo::undo(&bench.system, None).expect("undone");
    assert_eq!(file.metadata().expect("it").permissions().mode() & 0o777, 0o664);
    assert_eq!(read_file(&file), "{\n  \"credStore\" : \"pass\",\n  \"x\": 1\n}\n");
    config(&bench, "{\"auths\":{\"a.test\":{}}}");
    applied(&bench, "CFG09").expect("named");
    assert_eq!(read_file(&file), "{\"credsStore\": \"pass\",\"auths\":{\"a.test\":{}}}");
}

#[test]
fn no_helper_is_named_over_logins_that_it_does_not_have() {
    let bench = Bench::new();
    let login = format!(r#""b.test":{{"auth":"{AUTH}"}}"#);
    for (id, setting) in [
        ("CFG07", r#""credStore":"pass""#),
        ("CFG07", r#""credHelper":{"b.test":"pass"}"#),
        ("HLP06", r#""credHelpers":{"https://b.test":"pass"}"#),
    ] {
        config(&bench, &format!(r#"{{{setting},"auths":{{{login}}}}}"#));
        let fix = fix_of(&bench, id);
        assert!(fix.kind != Kind::Auto && fix.why.is_some_and(|why| why.contains("no longer find")), "{setting}");
    }
    let of_part = format!(r#""b.test/team":{{"auth":"{AUTH}"}}"#);
    put(&bench, ".config/containers/auth.json", &format!(r#"{{"auths":{{{login},{of_part}}}}}"#));
    let own = fixes(&bench).into_iter().filter(|fix| fix.ids.contains(&"INL05")).collect::<Vec<_>>();
    assert!(!own.is_empty() && own.iter().all(|fix| fix.kind != Kind::Auto), "{own:?}");
}

#[test]
fn a_helper_s_registry_and_a_repeated_setting_are_put_right() {
    let bench = Bench::new();
    let file = config(&bench, r#"{"credsStore":"x","credHelpers":{"https://a.test/v2/":"pass"},"credsStore":"pass"}"#);
    applied(&bench, "HLP06").expect("renamed");
    applied(&bench, "CFG08").expect("one left");
    assert_eq!(read_file(&file), r#"{"credHelpers":{"a.test":"pass"},"credsStore":"pass"}"#);
}

#[test]
fn a_password_in_a_history_is_changed_and_its_line_taken_out_by_hand() {
    let bench = Bench::new();
    let file = put(&bench, ".bash_history", "ls\ndocker login -u bob -p hunter2 a.test\n");
    let fix = fix_of(&bench, "INL12");
    assert_eq!(fix.kind, Kind::Guided);
    assert_eq!(fix.advice[0], "change the password of \"bob\" at \"a.test\", then log in anew: docker login a.test");
    let said = format!("take line 2 out of \"{}\" with an editor, the last such line first", file.display());
    assert_eq!(fix.advice[2], said);
    assert!(!format!("{fix:?}").contains("hunter2"));
}
