//! Settings by file, variable and flag, and the mode in which nothing is written.

use super::{json_of, keys, store_of};

#[test]
fn a_config_file_is_made_shown_and_checked() {
    let sandbox = store_of(&["a"]);
    let none = sandbox.regpass(&["config", "check"], b"").ok();
    assert!(none.err().contains("there is no config file"), "{}", none.err());
    let made = sandbox.regpass(&["config", "init"], b"").ok();
    assert!(made.err().starts_with("wrote \""), "{}", made.err());
    let again = sandbox.regpass(&["config", "init"], b"");
    assert!(again.code == 1 && again.err().contains("is there already"), "{}", again.err());
    sandbox.regpass(&["config", "check"], b"").ok();
    let shown = json_of(sandbox.regpass(&["config", "show", "--json", "--read-only"], b""));
    keys(&shown);
    let settings = shown["settings"].as_array().expect("settings");
    let of = |key: &str| settings.iter().find(|one| one["key"] == key).expect("a setting");
    keys(of("store"));
    assert_eq!(of("read-only")["source"], "--read-only");
    assert_eq!(of("clip-seconds")["source"], "default");
    assert_eq!(shown["file_exists"], true);
    let lines = sandbox.regpass(&["config", "show"], b"").ok().out();
    assert!(lines.lines().any(|line| line.starts_with("journal ") && line.ends_with("default")), "{lines}");
}

#[test]
fn a_mistake_in_the_config_file_is_named_by_line_and_theme() {
    let sandbox = store_of(&["a"]);
    sandbox.regpass(&["config", "init"], b"").ok();
    let file = sandbox.home().join(".config/regpass/config.toml");
    std::fs::write(&file, "journal = true\nstor = \"/s\"\n").expect("written");
    let refused = sandbox.regpass(&["config", "check"], b"");
    assert_eq!(refused.code, 1);
    assert!(refused.err().contains("line 2: unknown field `stor`"), "{}", refused.err());
    std::fs::write(&file, "[ui]\ntheme = \"pink\"\n").expect("written");
    let refused = sandbox.regpass(&["config", "check"], b"");
    assert!(refused.err().contains("there is no theme \"pink\""), "{}", refused.err());
    // What the UI does not know must not stop a pull.
    sandbox.regpass(&["show", "a"], b"").ok();
}

#[test]
fn nothing_is_written_where_regpass_is_read_only() {
    let mut sandbox = store_of(&["a"]);
    let before = sandbox.regpass(&["show", "a"], b"").ok().out();
    for command in [
        &["--read-only", "insert", "--force", "a"][..],
        &["--read-only", "insert", "b"],
        &["--read-only", "rm", "--force", "a"],
    ] {
        // Nothing to store is not what is wrong.
        let input: &[u8] = if command.contains(&"b") { b"" } else { b"new\n" };
        let refused = sandbox.regpass(command, input);
        assert_eq!(refused.code, 1, "{command:?}");
        let said = refused.err();
        assert!(said.contains("read-only") && said.contains("--read-only asks for it"), "{said}");
    }
    let login = br#"{"ServerURL":"registry.example.test","Username":"u","Secret":"s"}"#;
    sandbox.set("REGPASS_READ_ONLY", "1");
    let helper = sandbox.helper("store", login);
    assert_eq!(helper.code, 1);
    assert!(helper.out().contains("read-only"), "{}", helper.out());
    assert_eq!(sandbox.regpass(&["show", "a"], b"").ok().out(), before);
    assert_eq!(sandbox.regpass(&["ls"], b"").ok().out(), "a\n");
}
