//! Accounts of a registry: one chosen, all erased with proof; what the screen says is what our helper, the official one
//! and pass do.

use std::path::PathBuf;

use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::{program, skip};

use super::support::selected;

/// The folder of `h.test`.
const H: &str = "docker-credential-helpers/aC50ZXN0";

fn sh(machine: &Machine, script: &str) {
    machine.run("/bin/sh", &["-c", script]);
}

/// The helper answers this user's login, with its secret.
fn answers(machine: &Machine, helper: &str, user: &str) {
    let wanted = format!("{{\"ServerURL\":\"h.test\",\"Username\":\"{user}\",\"Secret\":\"pw of {user}\"}}");
    sh(machine, &format!("test \"$(printf h.test | {helper} get)\" = '{wanted}'"));
}

/// The current official helper, where the tests were given it.
fn official() -> Option<String> {
    let helper = PathBuf::from(std::env::var_os("REGPASS_PEERS")?).join("docker-credential-pass");
    helper.is_file().then(|| helper.display().to_string())
}

#[test]
fn an_account_is_chosen_and_all_are_erased_with_proof() {
    if !["gpg", "pass", "pinentry-curses"].into_iter().all(skip::has) {
        return;
    }
    let machine = Machine::with_gnupg("");
    for user in ["amy", "bob"] {
        sh(&machine, &format!("printf 'pw of {user}' | pass insert -m {H}/{user} >/dev/null"));
    }
    sh(&machine, "mkdir -p .docker && echo '{\"credsStore\":\"pass\"}' > .docker/config.json");
    // The one that was put last answers, whatever the clock's steps are.
    sh(&machine, &format!("touch -d '2024-01-01' .password-store/{H}/amy.gpg"));
    let ours = machine.home().join("docker-credential-pass");
    std::os::unix::fs::symlink(program::regpass(), &ours).expect("a link");
    let ours = ours.display().to_string();
    let official = official();
    if official.is_none() {
        skip::note("the current official helper is not installed");
    }
    answers(&machine, &ours, "bob");

    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first frame", |_| true);
    let table = terminal.press("3", "the registry", |frame| frame.contains("bob +1"));
    assert!(table.contains("KIND") && selected(&table).contains("h.test"), "{}", table.text());
    terminal.press("a", "the accounts", |frame| frame.contains("the same key makes it amy"));
    terminal.press("a", "the switch", |frame| frame.contains("Docker gets h.test amy now"));
    terminal.wait_for("the mark", |frame| frame.contains("yes, Docker gets this one"));
    answers(&machine, &ours, "amy");
    official.iter().for_each(|helper| answers(&machine, helper, "amy"));
    terminal.press("j", "the other", |frame| selected(frame).contains("bob"));
    terminal.press("a", "the switch back", |frame| frame.contains("Docker gets h.test bob now"));
    terminal.wait_for("the mark", |frame| frame.contains("yes, Docker gets this one"));
    answers(&machine, &ours, "bob");
    official.iter().for_each(|helper| answers(&machine, helper, "bob"));
    let aside = format!("test \"$(pass show {H}/~/amy)\" = 'pw of amy'");
    sh(&machine, &aside);

    terminal.press("o", "the question", |frame| frame.contains("Erase h.test"));
    terminal.press(key::ESC, "no", |frame| !frame.contains("Erase h.test"));
    answers(&machine, &ours, "bob");
    terminal.press("o", "the question", |frame| frame.contains("bob at h.test, amy at h.test"));
    terminal.press("y", "the proof", |frame| frame.contains("proved: nothing answers"));
    for helper in [&ours].into_iter().chain(&official) {
        sh(&machine, &format!("! printf h.test | {helper} get"));
    }
    sh(&machine, &format!("! pass show {H}/~/amy 2>/dev/null && ! test -e .password-store/{H}"));
    terminal.press(key::ESC, "the registries", |frame| frame.contains("holds no registry logins"));
    terminal.press("z", "the question", |frame| frame.contains("Take back"));
    terminal.press("y", "both again", |frame| frame.contains("h.test") && frame.contains("+1"));
    sh(&machine, &aside);
}
