//! The audit in the terminal: what it finds is explained without the secret, accepted for a reason, and told at home.

use regpass_ui_tests::key;

use super::support::{output, sh, showcase, wrote};

const SECRET: &str = "hunter2-very-secret";
/// `bob:` and the secret, as Docker writes it.
const AUTH: &str = "Ym9iOmh1bnRlcjItdmVyeS1zZWNyZXQ=";

#[test]
fn a_leak_is_found_explained_and_ignored_for_a_reason() {
    let machine = showcase();
    sh(
        &machine,
        &format!(
            "mkdir -p -m 700 .docker && echo '{{\"auths\":{{\"reg.test\":{{\"auth\":\"{AUTH}\"}}}}}}' > .docker/config.json"
        ),
    );
    sh(
        &machine,
        &format!("chmod 600 .docker/config.json; echo 'docker login -u bob -p {SECRET} reg.test' > .bash_history"),
    );
    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first frame", |_| true);
    let found = terminal.press("5", "the findings", |frame| frame.contains("looked"));
    assert!(found.contains("INL01") && found.contains("INL12"), "{}", found.text());
    terminal.press("/", "the filter's field", |frame| frame.cursor.is_some());
    terminal.press("INL12", "one check's", |frame| frame.row_with("▶").is_some_and(|row| row.contains("INL12")));
    terminal.press("\r", "it is kept", |frame| frame.cursor.is_none());
    let told = terminal.press("\r", "it alone", |frame| frame.contains("Why it matters"));
    assert!(told.contains(".bash_history, line 1"), "{}", told.text());
    terminal.press("x", "the question", |frame| frame.contains("Ignore INL12"));
    terminal.press("moved in May", "the reason", |frame| frame.contains("moved in May"));
    terminal.press("\r", "the answer", |frame| frame.contains("is ignored until"));
    terminal.press(key::ESC, "the rest", |frame| {
        frame.row_with("▶").is_some_and(|row| row.contains("INL01")) && frame.contains("1 ignored")
    });
    let home = terminal.press("1", "the verdict", |frame| frame.contains("1 high"));
    assert!(home.row_with("audit").is_some_and(|row| row.contains("1 ignored")), "{}", home.text());
    // The command line leaves the same out, and says so.
    let audit = format!("{} audit --only INL12; true", regpass_ui_tests::program::regpass().display());
    assert!(output(&machine, &audit).contains("no findings, 1 ignored"), "{}", output(&machine, &audit));
    assert!(!wrote(&terminal, SECRET) && !wrote(&terminal, AUTH), "a secret went to the terminal");
}
