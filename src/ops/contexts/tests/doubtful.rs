//! What only running tells, what may not be read, what one account writes to hide what another does; and what is looked at
//! once.

use super::*;

#[test]
fn a_configuration_that_only_running_tells_is_not_guessed() {
    let machine = Machine::new().set_up();
    let (own, bob) = (machine.text("own"), machine.text("home/bob"));
    let unit = |command: &str, more: &str| {
        let text = format!("[Service]\nUser=bob\nEnvironment=PATH={own}\nExecStart={command}\n{more}");
        machine.put("etc/systemd/system/pull.service", &text);
    };
    let config = || {
        let matrix = machine.matrix(&[]);
        let context = matrix.contexts.into_iter().find(|context| context.kind == Kind::Unit).expect("a unit");
        (context.config, context.doubts)
    };
    // Behind Docker's own command it is an option of the container's.
    unit("/usr/bin/docker run --rm prom/x --config /etc/prom", "");
    machine.assert("unit pull", "a.test", Answer::Found, Reason::Helper);
    // Filled in where it is known: by systemd, and by a shell.
    for known in ["/usr/bin/docker --config %h/.docker pull x", "/bin/sh -c 'docker --config \"$HOME/.docker\" pull x'"]
    {
        unit(known, "");
        let home = if known.contains("%h") { machine.text("root") } else { bob.clone() };
        assert_eq!(config(), (Some(PathBuf::from(format!("{home}/.docker/config.json"))), Vec::new()), "{known}");
    }
    for (command, more, told) in [
        ("docker --config .docker pull x", "", "--config is \".docker\""),
        ("docker --config %S/x pull x", "", "--config is \"%S/x\""),
        ("docker --config ~/x pull x", "", "--config is \"~/x\""),
        ("/bin/sh -c 'docker --config $WHERE/x pull x'", "", "--config is \"$WHERE/x\""),
        ("/bin/sh -c 'export DOCKER_CONFIG=$(mktemp -d); docker pull x'", "", "DOCKER_CONFIG of its command"),
        ("docker pull x", "WorkingDirectory=/srv\nEnvironment=DOCKER_CONFIG=.docker\n", "DOCKER_CONFIG is \".docker\""),
    ] {
        unit(command, more);
        let cell = machine.cell("unit pull", "a.test");
        assert_eq!((cell.answer, cell.reason), (Answer::Unknown, Reason::Unseen), "{command}: {}", cell.why);
        let (config, doubts) = config();
        assert!(config.is_none() && cell.why.contains(told) && doubts.contains(&cell.why), "{command}: {}", cell.why);
        assert!(cell.mend.is_none(), "root knows no better: {:?}", cell.mend);
    }
}

#[test]
fn what_may_hide_a_context_is_told() {
    let machine = Machine::new().set_up();
    assert_eq!(machine.missed(), []);
    let large = "#\n".repeat(1 << 20);
    machine.put("etc/systemd/system/large.service", &large);
    machine.put("own/pull", &format!("#!/bin/sh\n{large}"));
    let script = machine.text("own/pull");
    machine.put("etc/systemd/system/pull.service", &format!("[Service]\nExecStart={script}\n"));
    machine.put("etc/systemd/system/more.service", "[Service]\nExecStart=/bin/true\n");
    machine.put("etc/systemd/system/more.service.d/x.conf", &large);
    std::fs::create_dir(machine.at("etc/crontab")).expect("in its place");
    machine.put("etc/cron.d/x", &large);
    let missed = machine.missed();
    for (of, name) in [
        (Kind::Unit, "large.service"),
        (Kind::Unit, "own/pull"),
        (Kind::Unit, "x.conf"),
        (Kind::Cron, "crontab"),
        (Kind::Cron, "cron.d/x"),
    ] {
        assert!(missed.iter().any(|(kind, why)| *kind == Some(of) && why.contains(name)), "{name}: {missed:?}");
    }
    assert_eq!(missed.len(), 5, "{missed:?}");
    // What sets something for a unit that runs docker is a doubt of that one.
    machine.put("etc/systemd/system/more.service", "[Service]\nExecStart=docker pull x\n");
    assert_eq!(machine.missed().len(), 4);
    let matrix = machine.matrix(&[]);
    let unit = matrix.contexts.iter().find(|context| context.kind == Kind::Unit).expect("a unit");
    assert!(unit.doubts.iter().any(|doubt| doubt.contains("x.conf")), "{:?}", unit.doubts);
}

#[test]
fn one_account_s_table_hides_nobody_else_s_jobs() {
    let machine = Machine::new().set_up();
    let lines = |count: usize| {
        let line = |number: usize| format!("HOME=/{number}\n1 1 * * * docker pull x\n");
        (0..count).map(line).collect::<String>()
    };
    machine.put("var/spool/cron/crontabs/bob", &lines(300));
    machine.put("etc/cron.daily/pull", "#!/bin/sh\ndocker pull x\n");
    let matrix = machine.matrix(&[]);
    let crons: Vec<&str> = matrix.contexts.iter().map(|context| context.name.as_str()).collect();
    let of_bob = crons.iter().filter(|name| name.starts_with("cron bob")).count();
    assert!(of_bob == 16 && crons.contains(&"cron pull (root)"), "{crons:?}");
    let missed = machine.missed();
    assert!(matches!(&missed[..], [(Some(Kind::Cron), why)] if why.contains("more than 16 ways")), "{missed:?}");
    for number in 0..5 {
        machine.put(&format!("etc/cron.d/x{number}"), &lines(300).replace("* docker", "* bob docker"));
    }
    let matrix = machine.matrix(&[]);
    let names: BTreeSet<&str> = matrix.contexts.iter().map(|context| context.name.as_str()).collect();
    assert_eq!((matrix.contexts.len(), names.len()), (64, 64), "{names:?}");
    assert!(matrix.missed.iter().any(|missed| missed.why.contains("more than 64 ways")), "{:?}", matrix.missed);
}

#[test]
fn a_path_without_end_is_neither_searched_nor_told_whole() {
    let machine = Machine::new().set_up();
    machine.put("root/.docker/config.json", r#"{"credsStore":"pass"}"#);
    let path = |folders: usize| format!("PATH={}", vec!["/nowhere"; folders].join(":"));
    machine.put("etc/crontab", &format!("{}\n1 1 * * * root docker pull x\n", path(900)));
    let cell = machine.cell("cron crontab (root)", "a.test");
    assert_eq!((cell.answer, cell.reason), (Answer::Error, Reason::NoProgram));
    assert!(cell.why.len() < 1_000, "{}", cell.why.len());
    machine.put("etc/crontab", &format!("{}\n1 1 * * * root docker pull x\n", path(10_000)));
    machine.assert_unseen("cron crontab (root)");
    machine.put("etc/crontab", &format!("DOCKER_CONFIG=/{}\n1 1 * * * root docker pull x\n", "x".repeat(5_000)));
    machine.assert_unseen("cron crontab (root)");
}

#[test]
fn a_login_has_what_the_machine_s_start_up_files_set() {
    let machine = Machine::new().set_up();
    let (root, own) = (machine.text("root"), machine.text("own"));
    machine.put("etc/login.defs", &format!("ENV_SUPATH PATH={own}\n"));
    let passwd = |shell: &str| machine.put("etc/passwd", &format!("root:x:0:0::{root}:{shell}\n"));
    machine.put("opt/d/config.json", r#"{"auths":{"c.test":{"auth":"ZXZlOmh1bnRlcjI="}}}"#);
    let export = format!("export DOCKER_CONFIG={}\n", machine.text("opt/d"));
    for (shell, file) in
        [("/bin/sh", "etc/profile"), ("/bin/bash", "etc/bash.bashrc"), ("/usr/bin/zsh", "etc/zsh/zprofile")]
    {
        passwd(shell);
        machine.assert("root login", "c.test", Answer::NotFound, Reason::NoHelper);
        machine.put(file, &export);
        machine.assert("root login", "c.test", Answer::Found, Reason::Inline);
        std::fs::remove_file(machine.at(file)).expect("gone");
    }
    // Debian's chooses by the account, as login.defs does; what it adds counts.
    passwd("/bin/sh");
    machine.put("root/.docker/config.json", r#"{"credsStore":"pass"}"#);
    machine.put(
        "etc/profile",
        "if x; then\n  PATH=\"/sbin:/bin\"\nelse\n  PATH=\"/bin\"\nfi\nexport PATH=\"$PATH:/more\"\n",
    );
    let matrix = machine.matrix(&[]);
    let login = matrix.contexts.iter().find(|context| context.kind == Kind::Login).expect("root's");
    assert_eq!(login.variables.get("PATH"), Some(&format!("{own}:/more")));
    assert!(login.program.is_some());
}

#[test]
fn docker_s_program_is_looked_through_once() {
    let mut machine = Machine::new().set_up();
    machine.set("DOCKER_AUTH_CONFIG", r#"{"auths":{"a.test":{"auth":"ZXZlOmh1bnRlcjI="}}}"#.to_owned());
    machine.program("own/docker", "an old one");
    let (system, scope) = machine.system();
    let places = places::find(&system, &scope).places;
    let seen = Seen::of(&scope);
    let inside = Inside::enter(&system, &places[0], &scope, &seen);
    assert_eq!(inside.trace(0, "a.test").reason, Reason::Helper);
    machine.program("own/docker", "DOCKER_AUTH_CONFIG does not support more than one JSON object");
    assert_eq!(inside.trace(0, "a.test").reason, Reason::Helper, "read again");
}

#[test]
fn a_helper_is_run_once_for_all_that_are_alike_and_by_us_with_all_we_have() {
    let mut machine = Machine::new().set_up();
    machine.set("ONLY_HERE", "eve".to_owned());
    let (calls, own) = (machine.text("calls"), machine.text("own"));
    machine.program(
        "own/docker-credential-pass",
        &format!("#!/bin/sh\necho x >>{calls}\necho \"{{\\\"a.test\\\":\\\"${{ONLY_HERE:-nobody}}\\\"}}\"\n"),
    );
    for table in ["x", "y"] {
        machine.put(&format!("etc/cron.d/{table}"), &format!("PATH={own}\n1 1 * * * bob docker pull x\n"));
    }
    let (system, scope) = machine.system();
    let mut matrix = matrix(&system, &scope, &["a.test".to_owned()]);
    let ran = run::run(&system, &mut matrix);
    let user = |name: &str| {
        let index = matrix.contexts.iter().position(|context| context.name == name).expect("a context");
        let listed = ran[index].listed.as_ref().expect("it ran");
        listed.logins.get("a.test").map(|login| login.as_str().to_owned())
    };
    assert_eq!(user("me").as_deref(), Some("eve"));
    for name in ["cron x (bob)", "cron y (bob)"] {
        assert_eq!(user(name).as_deref(), Some("nobody"), "no variable of ours goes there");
    }
    let calls = std::fs::read_to_string(calls).expect("it was run");
    assert_eq!(calls.lines().count(), 2, "once for us, once for both jobs");
}

#[test]
fn a_list_says_nothing_of_names_that_are_masked() {
    let machine = Machine::new().set_up();
    let list = r#"{"a.test":"eve","hunter2":"bob","correct horse":"ann"}"#;
    machine.program("own/docker-credential-pass", &format!("#!/bin/sh\necho '{list}'\n"));
    let (system, scope) = machine.system();
    let asked = ["a.test", "b.test", "hunter3"].map(str::to_owned);
    let mut matrix = matrix(&system, &scope, &asked);
    let ran = run::run(&system, &mut matrix);
    let listed = ran[0].listed.as_ref().expect("it ran");
    assert_eq!((listed.logins.len(), listed.left_out), (1, 2), "{listed:?}");
    let answers = |name: &str| {
        let cell = matrix.of(0).find(|cell| cell.registry == name).expect("a cell");
        (cell.answer, cell.login.as_ref().map(|login| login.as_str().to_owned()))
    };
    assert_eq!(answers("a.test"), (Answer::Found, Some("eve".to_owned())));
    assert_eq!(answers("b.test"), (Answer::NotFound, None));
    assert_eq!(answers("***"), (Answer::Unknown, None), "it is none of the two that are listed");
}

#[test]
fn a_start_up_file_that_names_what_is_not_known_leaves_no_certain_answer() {
    let machine = Machine::new().set_up();
    machine.put("root/.docker/config.json", r#"{"auths":{"a.test":{"auth":"ZXZlOmh1bnRlcjI="}}}"#);
    machine.put("root/.config/docker/config.json", r#"{"auths":{"c.test":{"auth":"ZXZlOmh1bnRlcjI="}}}"#);
    machine.assert("root login", "a.test", Answer::Found, Reason::Inline);
    let profile = |line: &str| machine.put("root/.profile", &format!("export {line}\n"));
    for line in [
        "DOCKER_CONFIG=\"$XDG_CONFIG_HOME/docker\"",
        "DOCKER_CONFIG=$(x)",
        "DOCKER_CONFIG=${OTHER:-/x}",
        "GNUPGHOME=$OTHER",
    ] {
        profile(line);
        machine.assert_unseen("root login");
    }
    profile("DOCKER_CONFIG=\"${XDG_CONFIG_HOME:-$HOME/.config}/docker\"");
    machine.assert("root login", "a.test", Answer::NotFound, Reason::NoHelper);
    machine.assert("root login", "c.test", Answer::Found, Reason::Inline);
    // Of a PATH, the folders that are known are looked through, and the doubt is told.
    profile("PATH=$OTHER:$PATH");
    machine.assert("root login", "a.test", Answer::Found, Reason::Inline);
    let matrix = machine.matrix(&["a.test"]);
    let login = matrix.contexts.iter().find(|context| context.kind == Kind::Login).expect("root's");
    assert!(login.doubts.iter().any(|doubt| doubt.contains("PATH")), "{:?}", login.doubts);
}
