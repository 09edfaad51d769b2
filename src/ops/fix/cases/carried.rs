//! A fix carried out: never over what others wrote, nothing without a copy, taken back when it does not help or is asked for.

use std::os::unix::fs::symlink;

use super::*;

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
fn a_fix_is_planned_again_after_another_one_changed_its_file() {
    let bench = Bench::new();
    let file = config(&bench, "{\"credStore\":\"pass\"}");
    mode(&file, 0o664);
    let planned =
        |bench: &Bench, id: &str| plan(&bench.system, &scope(bench), &[id.to_owned()]).expect("planned").fixes;
    let [rename] = &planned(&bench, "CFG07")[..] else { panic!("one") };
    let [close] = &planned(&bench, "CFG03")[..] else { panic!("one") };
    assert!(rename.title.starts_with("rename ") && rename.title.ends_with(" in \"~/.docker/config.json\""));
    assert!(close.title.starts_with("close \"~/.docker/config.json\""), "{}", close.title);
    apply(&bench.system, &scope(&bench), rename).expect("renamed");
    let again = |fix: &Fix| plan_again(&bench.system, &scope(&bench), fix).expect("planned");
    assert!(again(rename).is_none(), "needless by now");
    let close = again(close).expect("still open");
    apply(&bench.system, &scope(&bench), &close).expect("closed");
    assert!(again(&close).is_none());
}

/// A minute and more when the text was gone through for each login.
#[test]
fn thousands_of_logins_in_one_file_are_planned_and_taken_out_at_once() {
    let bench = Bench::new();
    let member = |number: usize| format!("\t\t\"r{number}.test\": {{\n\t\t\t\"auth\": \"{AUTH}\"\n\t\t}}");
    let members: Vec<String> = (0..3_000).map(member).collect();
    config(&bench, &format!("{{\n\t\"auths\": {{\n{}\n\t}}\n}}", members.join(",\n")));
    let began = std::time::Instant::now();
    let mut evidence = audit::gather_for(&bench.system, &scope(&bench), &["INL01".to_owned()]).expect("gathered");
    evidence.helper = Some("pass".to_owned());
    let checked = audit::run(&evidence, &Choice { groups: vec!["inline".to_owned()], ..Choice::default() });
    let checked = checked.expect("a group");
    let findings: Vec<&Finding> = checked.iter().flat_map(|one| &one.answer.findings).collect();
    let fixes = planned(&bench.system, &evidence, &findings);
    assert_eq!((findings.len(), fixes.len(), fixes[0].kind), (3_000, 1, Kind::Auto));
    let Some(Deed::Move(moves)) = &fixes[0].deed else { panic!("a move") };
    let after = crate::system::docker::edit::edited(&moves.before, &moves.edits(moves.moves.iter())).expect("edited");
    assert_eq!(after.expose().windows(4).filter(|part| part == b": {}").count(), 3_000);
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
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
