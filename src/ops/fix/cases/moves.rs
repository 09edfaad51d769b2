//! Logins moved out of files: which, where to, and what the store has otherwise.

use std::os::unix::fs::PermissionsExt;

use super::*;

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
fn two_spellings_of_one_registry_with_two_logins_are_for_a_person_to_choose() {
    let bench = Bench::new();
    let both = |first: &str, second: &str| {
        format!(r#"{{"auths":{{"https://a.test/v1/":{{"auth":"{first}"}},"a.test":{{"auth":"{second}"}}}}}}"#)
    };
    let text = both("ZXZlOm90aGVy", AUTH);
    let file = config(&bench, &text);
    let problem = applied(&bench, "INL01").expect_err("which one");
    assert!(problem.causes[0].contains("under \"a.test\"") && problem.message.contains("a.test/v1/"), "{problem:?}");
    assert!(problem.all_hints().all(|hint| !hint.contains("in the store by now")), "{problem:?}");
    assert_eq!((read_file(&file), stored(&bench, "a.test")), (text.clone(), None), "nothing was written");
    let with_helper = text.replacen('{', r#"{"credsStore":"pass","#, 1);
    config(&bench, &with_helper);
    let done = applied(&bench, "INL01").expect("the one that docker uses");
    assert_eq!((done.left.len(), stored(&bench, "a.test")), (1, pair("bob", "pw")), "{done:?}");
    assert!(read_file(&file).contains("ZXZlOm90aGVy") && !read_file(&file).contains(AUTH), "{}", read_file(&file));
    config(&bench, &text);
    let fix = fix_of(&bench, "INL01").keeping_the_store();
    apply(&bench.system, &scope(&bench), &fix).expect("the other is in the copy");
    assert_eq!(stored(&bench, "a.test"), pair("bob", "pw"));
    config(&bench, &both(AUTH, AUTH));
    assert!(applied(&bench, "INL01").expect("the same").left.is_empty());
}

#[test]
fn two_spellings_of_a_login_that_the_store_has_not_are_in_the_copy_alone() {
    let bench = Bench::new();
    store(&bench, "a.test", "ann", "hers");
    let both = |first: &str| {
        format!(r#"{{"auths":{{"https://a.test/v1/":{{"auth":"{first}"}},"a.test":{{"auth":"{AUTH}"}}}}}}"#)
    };
    // The second login is the first again; another one; what the store has.
    for (spelled, in_store) in [(AUTH, 0), ("ZXZlOm90aGVy", 0), ("YW5uOmhlcnM=", 1)] {
        config(&bench, &both(spelled));
        let fix = fix_of(&bench, "INL01").keeping_the_store();
        let done = apply(&bench.system, &scope(&bench), &fix).expect("applied").done;
        let told = |words: &str| done.iter().filter(|line| line.contains(words)).count();
        assert_eq!(told("is in the store already"), in_store, "{done:?}");
        assert_eq!(told("for regpass undo alone; the store keeps"), 2 - in_store, "{done:?}");
        assert_eq!(done.iter().filter(|line| line.contains("ann")).count(), 2, "{done:?}");
        assert_eq!(stored(&bench, "a.test"), pair("ann", "hers"));
    }
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
            r#"{{"credHelpers": {{"a.test": "pass","docker.io": "pass"}},"auths":{{"a.test":{{}},"b.test/team":{{"auth":"{AUTH}"}},"docker.io":{{}}}}}}"#
        )
    );
    assert_eq!((stored(&bench, "a.test"), stored(&bench, "docker.io")), (pair("bob", "pw"), pair("bob", "pw")));
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
