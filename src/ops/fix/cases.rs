//! What is planned and done on a home with a store, with a cipher that hides nothing.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use super::*;
use crate::model::{Credential, Login, ProblemKind, RegistryKey};
use crate::ops::credentials::CredentialStore;
use crate::ops::double::{Bench, secret};
use crate::ops::undo;

/// `bob:pw`, as Docker writes it.
const AUTH: &str = "Ym9iOnB3";

fn scope(bench: &Bench) -> Scope {
    Scope { machine: bench.home().join("machine"), ..Scope::default() }
}

fn config(bench: &Bench, text: &str) -> PathBuf {
    put(bench, ".docker/config.json", text)
}

fn put(bench: &Bench, name: &str, text: &str) -> PathBuf {
    let file = bench.home().join(name);
    let folder = file.parent().expect("a folder");
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(&file, text).expect("a file");
    mode(&file, 0o600);
    if folder != bench.home() {
        mode(folder, 0o700);
    }
    file
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn read_file(path: &Path) -> String {
    std::fs::read_to_string(path).expect("read")
}

/// As `plan`, on a machine with a helper.
fn fixes(bench: &Bench) -> Vec<Fix> {
    let mut evidence = audit::gather(&bench.system, &scope(bench));
    evidence.helper = Some("pass".to_owned());
    let checked = audit::run(&evidence, &Choice::default()).expect("all");
    let findings: Vec<&Finding> = checked.iter().flat_map(|one| &one.answer.findings).collect();
    let fixes = planned(&bench.system, &evidence, &findings);
    for finding in &findings {
        let of_it = fixes.iter().filter(|fix| fix.fingerprints.contains(&finding.fingerprint())).count();
        assert_eq!(of_it, 1, "{finding:?}");
    }
    fixes
}

/// The fix of findings of this check; an automatic one rather than another.
fn fix_of(bench: &Bench, id: &str) -> Fix {
    let mut fixes: Vec<Fix> = fixes(bench).into_iter().filter(|fix| fix.ids.contains(&id)).collect();
    fixes.sort_by_key(|fix| fix.kind != Kind::Auto);
    fixes.swap_remove(0)
}

fn applied(bench: &Bench, id: &str) -> Result<Applied, Problem> {
    apply(&bench.system, &scope(bench), &fix_of(bench, id))
}

fn stored(bench: &Bench, server: &str) -> Option<(String, String)> {
    let found = CredentialStore::new(&bench.system).get(&RegistryKey::new(server)).expect("answered")?;
    Some((found.login.as_str().to_owned(), String::from_utf8(found.secret.expose().to_vec()).expect("text")))
}

fn store(bench: &Bench, server: &str, user: &str, password: &str) {
    let credential = Credential::new(Login::new(user), secret(password));
    CredentialStore::new(&bench.system).store(&RegistryKey::new(server), credential).expect("stored");
}

fn pair(user: &str, password: &str) -> Option<(String, String)> {
    Some((user.to_owned(), password.to_owned()))
}

fn steps(bench: &Bench) -> Vec<undo::UndoStep> {
    undo::steps(&bench.system).expect("steps").steps
}

#[test]
fn logins_go_into_the_store_and_only_they_leave_the_file() {
    let bench = Bench::new();
    let file = config(
        &bench,
        &format!(
            "{{\n\t\"auths\": {{\n\t\t\"a.test\": {{\n\t\t\t\"auth\": \"{AUTH}\"\n\t\t}},\n\t\t\"https://b.test/v1/\": {{\"auth\":\"{AUTH}\", \
             \"email\":\"e\"}},\n\t\t\"https://index.docker.io/v1/\": {{\"auth\":\"Ym9iOg==\",\"identitytoken\":\"t0k\"}}\n\t}},\n\t\"odd\":  [1]\n}}"
        ),
    );
    mode(&file, 0o640);
    let fix = fix_of(&bench, "INL01");
    assert_eq!((fix.kind, fix.ids.as_slice()), (Kind::Auto, &["INL01", "INL03"][..]));
    let told = format!("{:?} {:?} {:?}", fix.diff, fix.steps, fix.title);
    assert!(!told.contains(AUTH) && !told.contains("t0k") && told.contains("••••"), "{told}");
    let applied = apply(&bench.system, &scope(&bench), &fix).expect("applied");
    assert!(applied.left.is_empty() && applied.warnings.is_empty(), "{applied:?}");
    assert_eq!(
        read_file(&file),
        "{\n\t\"credsStore\": \"pass\",\n\t\"auths\": {\n\t\t\"a.test\": {},\n\t\t\"https://b.test/v1/\": {\"email\":\"e\"},\n\t\t\
         \"https://index.docker.io/v1/\": {}\n\t},\n\t\"odd\":  [1]\n}"
    );
    assert_eq!(file.metadata().expect("it").permissions().mode() & 0o777, 0o640);
    assert_eq!(stored(&bench, "a.test"), pair("bob", "pw"));
    assert_eq!(stored(&bench, "b.test"), pair("bob", "pw"));
    assert_eq!(stored(&bench, "https://index.docker.io/v1/"), pair("<token>", "t0k"));
    assert!(fixes(&bench).iter().all(|fix| !fix.ids.contains(&"INL01") && !fix.ids.contains(&"INL03")));
}

#[test]
fn what_the_store_has_is_compared_and_never_replaced() {
    let bench = Bench::new();
    let logins = format!(r#""a.test":{{"auth":"{AUTH}"}},"b.test":{{"auth":"{AUTH}"}},"c.test":{{"auth":"{AUTH}"}}"#);
    store(&bench, "a.test", "bob", "pw");
    store(&bench, "b.test", "bob", "other");
    store(&bench, "c.test", "eve", "pw");
    let file = config(&bench, &format!(r#"{{"auths":{{{logins}}}}}"#));
    let before = read_file(&file);
    let problem = applied(&bench, "INL01").expect_err("the helper would hide what stays");
    assert!(problem.causes[0].contains("another password"), "{problem:?}");
    assert_eq!(read_file(&file), before);
    let file = config(&bench, &format!(r#"{{"auths":{{{logins}}},"credsStore":"pass"}}"#));
    let applied = applied(&bench, "INL01").expect("applied");
    assert_eq!(applied.left.len(), 2, "{applied:?}");
    assert!(applied.left[1].causes[0].contains("\"eve\""), "{applied:?}");
    assert_eq!(
        read_file(&file),
        format!(r#"{{"auths":{{{}}},"credsStore":"pass"}}"#, logins.replacen(&format!(r#""auth":"{AUTH}""#), "", 1))
    );
    assert_eq!((stored(&bench, "b.test"), stored(&bench, "c.test")), (pair("bob", "other"), pair("eve", "pw")));
}

#[test]
fn the_store_s_login_stays_and_the_file_s_is_in_the_copy_when_that_is_asked_for() {
    let bench = Bench::new();
    store(&bench, "a.test", "bob", "other");
    let file = config(&bench, &format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#));
    let before = read_file(&file);
    let fix = fix_of(&bench, "INL01");
    assert!(fix.is_again(&fix_of(&bench, "INL02")));
    apply(&bench.system, &scope(&bench), &fix.keeping_the_store()).expect("applied");
    assert_eq!(read_file(&file), r#"{"credsStore": "pass","auths":{"a.test":{}}}"#);
    assert_eq!(stored(&bench, "a.test"), pair("bob", "other"));
    undo::undo(&bench.system, None).expect("undone");
    assert_eq!((read_file(&file), stored(&bench, "a.test")), (before, pair("bob", "other")));
}

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
fn what_cannot_be_moved_is_for_a_person_and_says_why() {
    let bench = Bench::new();
    let odd = r#""a.test":{"auth":"%%%"}"#;
    for (text, why) in [
        (format!(r#"{{"auths":{{{odd},"b.test":{{"auth":"{AUTH}"}}}}}}"#), "would no longer find"),
        (
            format!(r#"{{"auths":{{"b.test":{{"auth":"{AUTH}"}}}},"credsStore":"desktop"}}"#),
            "docker-credential-desktop",
        ),
        (format!(r#"{{"auths":{{"b.test":{{"auth":"{AUTH}"}}}},"credHelpers":{{"b.test":""}}}}"#), "credHelpers"),
        (format!(r#"{{"auths":{{"b.test":{{"auth":"{AUTH}","registrytoken":"x"}}}}}}"#), "registry token"),
        (format!(r#"{{"auths":{{"b.test":{{"auth":"{AUTH}"}},"b.test":{{}}}}}}"#), "twice"),
        (format!(r#"{{"auths":{{"b.test":{{"auth":"{AUTH}"}}}}}} more"#), "behind"),
    ] {
        let file = config(&bench, &text);
        let fixes = fixes(&bench);
        let of_b = fixes.iter().find(|fix| fix.title.contains("b.test")).expect("a fix");
        assert!(of_b.kind == Kind::Guided && of_b.why.as_ref().is_some_and(|text| text.contains(why)), "{of_b:?}");
        apply(&bench.system, &scope(&bench), of_b).expect_err("not ours to do");
        assert_eq!(read_file(&file), text);
    }
    let file = config(&bench, &format!("{{\"auths\":{{\n\"a\":{{\"auth\":\"{AUTH}\"}},\n}}}}"));
    let of_it = fixes(&bench).into_iter().filter(|fix| fix.path.as_deref() == Some(&*file));
    assert!(of_it.map(|fix| fix.kind).all(|kind| kind != Kind::Auto), "nothing is written to what is no JSON");
    config(&bench, &format!(r#"{{"auths":{{{odd},"b.test":{{"auth":"{AUTH}"}}}},"credsStore":"pass"}}"#));
    applied(&bench, "INL01").expect("the other one goes");
    assert_eq!(stored(&bench, "b.test"), pair("bob", "pw"));
}

#[test]
fn a_file_changed_since_it_was_looked_at_is_left_alone() {
    let bench = Bench::new();
    let file = config(&bench, &format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#));
    let fix = fix_of(&bench, "INL01");
    std::fs::write(&file, "{\"docker\": \"was here\"}").expect("written");
    let problem = apply(&bench.system, &scope(&bench), &fix).expect_err("refused");
    assert!(problem.message.contains("somebody else"), "{problem}");
    assert_eq!((read_file(&file).as_str(), stored(&bench, "a.test")), ("{\"docker\": \"was here\"}", None));
}

#[test]
fn undo_puts_the_file_back_and_leaves_the_store() {
    let bench = Bench::new();
    let (file, link) = (
        put(&bench, "dot/config", &format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#)),
        bench.home().join(".docker"),
    );
    std::fs::create_dir(&link).expect("a folder");
    mode(&link, 0o700);
    symlink("../dot/config", link.join("config.json")).expect("a link");
    let before = read_file(&file);
    applied(&bench, "INL01").expect("applied");
    assert!(link.join("config.json").is_symlink() && read_file(&file) != before);
    let undone = undo::undo(&bench.system, None).expect("undone");
    assert!(undone.step.what.starts_with("move 1 login"), "{}", undone.step.what);
    assert_eq!(undone.step.parts[0].of, undo::Of::File(link.join("config.json")));
    assert!(undone.written.warnings[0].message.contains("in clear is there again"), "{:?}", undone.written);
    assert!(link.join("config.json").is_symlink());
    assert_eq!((read_file(&file), stored(&bench, "a.test")), (before.clone(), pair("bob", "pw")));
    assert_eq!(undo::undo(&bench.system, None).expect_err("no more").kind, ProblemKind::NotFound);
    let again = steps(&bench)[0].id;
    let problem = undo::undo(&bench.system, Some(again)).expect_err("it is done anew, not taken back");
    assert!(problem.causes[0].contains("regpass fix"), "{problem:?}");
    // The same login is there by now.
    applied(&bench, "INL01").expect("again");
    std::fs::write(&file, "{\"mine\":1}").expect("changed");
    let problem = undo::undo(&bench.system, None).expect_err("changed since");
    assert!(problem.causes[0].contains("changed since"), "{problem:?}");
    assert_eq!(read_file(&file), "{\"mine\":1}");
}

#[test]
fn a_fix_that_was_killed_before_it_was_done_is_no_change() {
    let bench = Bench::new();
    let file = config(&bench, &format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#));
    let now = rewriting::Rewriting::begin(&file, SIZE_MAX).expect("read");
    let new = secret("{}");
    let ready = now.prepare(&new).expect("written");
    crate::ops::backup::keep(&bench.system, "x", &file, ready.before(), Some((&new, ready.after()))).expect("kept");
    drop(ready);
    put(&bench, ".docker/.regpass-1-1.tmp", "{}");
    assert!(steps(&bench).is_empty());
    assert_eq!(undo::undo(&bench.system, None).expect_err("nothing").kind, ProblemKind::NotFound);
    let planned = plan(&bench.system, &scope(&bench), &[]).expect("planned");
    assert_eq!(planned.leftovers, std::slice::from_ref(&file));
    applied(&bench, "INL01").expect("applied");
    assert_eq!(std::fs::read_dir(bench.home().join(".docker")).expect("listed").count(), 1, "the half is gone");
    assert_eq!(steps(&bench).len(), 1);
}

#[test]
fn what_did_not_help_is_taken_back_at_once() {
    let bench = Bench::new();
    let text = format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}},"x":1}}"#);
    let file = config(&bench, &text);
    let mut fix = fix_of(&bench, "INL01");
    let edits = vec![Edit::Rename { from: "x".to_owned(), to: "credsStore".to_owned() }];
    fix.deed = Some(Deed::Edit { before: secret(&text), edits });
    let problem = apply(&bench.system, &scope(&bench), &fix).expect_err("it does not help");
    assert!(problem.causes[0].contains("INL01"), "{problem:?}");
    assert_eq!((read_file(&file), steps(&bench).len()), (text, 0));
}

#[test]
fn without_a_backup_nothing_is_changed() {
    let bench = Bench::new();
    let text = format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#);
    let file = config(&bench, &text);
    bench.put(".gpg-id", "missing\n");
    applied(&bench, "INL01").expect_err("no key");
    bench.put(".gpg-id", "alice\n");
    let state = &bench.system.options.state_dir;
    std::fs::create_dir_all(state.parent().expect("a folder")).expect("folders");
    std::fs::write(state, "in the way").expect("a file");
    applied(&bench, "INL01").expect_err("no place for the backup");
    assert_eq!(read_file(&file), text);
    std::fs::remove_file(state).expect("removed");
    applied(&bench, "INL01").expect("applied");
}

#[test]
fn read_only_changes_nothing() {
    let bench = Bench::new();
    let file = config(&bench, &format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#));
    let before = read_file(&file);
    let fix = fix_of(&bench, "INL01");
    let mut options = bench.system.options.clone();
    options.read_only = Some("--read-only");
    let system = System::new(bench.system.env.clone(), options);
    let problem = apply(&system, &scope(&bench), &fix).expect_err("refused");
    assert!(problem.message.contains("read-only"), "{problem}");
    assert_eq!((read_file(&file), stored(&bench, "a.test")), (before, None));
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
    let fix = fix_of(&bench, "INL19");
    assert_eq!(fix.fingerprints.len(), 2);
    assert!(fix.steps[0].contains("no login for \"a.test\"") && fix.steps.len() == 3, "{fix:?}");
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
fn podman_s_file_names_a_helper_for_each_registry_that_is_moved() {
    let bench = Bench::new();
    let file = put(
        &bench,
        ".config/containers/auth.json",
        &format!(
            r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}},"b.test/team":{{"auth":"{AUTH}"}},"docker.io":{{"auth":"{AUTH}"}}}}}}"#
        ),
    );
    let of_part = fixes(&bench).into_iter().find(|fix| fix.kind != Kind::Auto).expect("a fix");
    assert!(of_part.why.is_some_and(|why| why.contains("a part of a registry")));
    applied(&bench, "INL05").expect("applied");
    assert_eq!(
        read_file(&file),
        format!(
            r#"{{"credHelpers": {{"docker.io": "pass","a.test": "pass"}},"auths":{{"a.test":{{}},"b.test/team":{{"auth":"{AUTH}"}},"docker.io":{{}}}}}}"#
        )
    );
    assert_eq!((stored(&bench, "a.test"), stored(&bench, "docker.io")), (pair("bob", "pw"), pair("bob", "pw")));
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
fn docker_s_old_file_goes_when_the_new_one_names_a_helper() {
    let bench = Bench::new();
    let file = put(&bench, ".dockercfg", &format!(r#"{{"https://a.test/v1/":{{"auth":"{AUTH}","email":"e"}}}}"#));
    assert!(fix_of(&bench, "INL04").why.is_some_and(|why| why.contains("config.json")));
    config(&bench, r#"{"credsStore":"pass"}"#);
    applied(&bench, "INL04").expect("applied");
    assert_eq!(read_file(&file), r#"{"https://a.test/v1/":{"email":"e"}}"#);
    assert_eq!(stored(&bench, "a.test"), pair("bob", "pw"));
}

#[test]
fn a_file_with_a_second_name_keeps_its_logins() {
    let bench = Bench::new();
    let file = config(&bench, &format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#));
    std::fs::hard_link(&file, bench.home().join("second")).expect("a hard link");
    let fix = fix_of(&bench, "INL01");
    assert!(fix.kind == Kind::Guided && fix.why.is_some_and(|why| why.contains("hard link")));
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
