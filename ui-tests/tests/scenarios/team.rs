//! Stores that several people share: both sides of a conflict, and who may read; read with git, gpg and pass afterwards.

use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::Terminal;

use super::support::{go_down_to, in_git, open, output, sh, subjects, wrote};

/// As of a second machine that shares the store: made by git alone.
fn with_a_remote() -> Option<Machine> {
    let machine = in_git("")?;
    sh(&machine, "printf 'horse\\nuser: ann\\nurl: shop.test\\n' | pass insert -m web/shop >/dev/null");
    sh(&machine, "git init -q --bare remote && git -C .password-store remote add origin ~/remote");
    sh(&machine, "git -C .password-store push -q -u origin HEAD && git clone -q remote other");
    Some(machine)
}

/// Both machines change the same line; the other one was faster.
fn in_conflict() -> Option<Machine> {
    let machine = with_a_remote()?;
    let insert = |store: &str, text: &str| {
        sh(&machine, &format!("printf '{text}' | PASSWORD_STORE_DIR=~/{store} pass insert -m -f web/shop >/dev/null"));
    };
    insert("other", "staple\\nuser: bob\\nurl: shop.test\\n");
    sh(&machine, "git -C other push -q");
    insert(".password-store", "battery\\nuser: ann\\nurl: shop.test\\n");
    Some(machine)
}

/// At both sides of the one conflict, pulled in from the git layer.
fn at_the_sides(machine: &Machine) -> Terminal {
    let mut terminal = open(machine);
    terminal.press("S", "where git stands", |frame| frame.contains("1 to push"));
    terminal.press("p", "the conflict", |frame| frame.contains("Both sides changed 1 entry; C settles them."));
    terminal.press("C", "the list", |frame| frame.contains("web/shop") && frame.contains("1 left"));
    terminal.press(key::ENTER, "both sides", |frame| {
        frame.contains("Conflict of web/shop") && frame.contains("1 line in both")
    });
    terminal
}

#[test]
fn a_conflict_shows_three_sides_and_is_settled_in_its_place() {
    let Some(machine) = in_conflict() else { return };
    let mut terminal = at_the_sides(&machine);
    let ours = terminal.wait_for("our change", |frame| frame.contains("▶ ours"));
    assert!(ours.contains("user: ann") && !ours.contains("user: bob"), "{}", ours.text());
    let theirs = terminal.press(key::TAB, "their change", |frame| frame.contains("▶ theirs"));
    assert!(theirs.contains("- ") && theirs.contains("user: bob"), "{}", theirs.text());
    let both = terminal.press(key::TAB, "both together", |frame| frame.contains("▶ both together"));
    for mark in ["<<<<<<< ours", "||||||| base", "=======", ">>>>>>> theirs"] {
        assert!(both.contains(mark), "{mark:?} in\n{}", both.text());
    }
    terminal.press("m", "why not", |frame| frame.contains("both sides changed the same lines"));
    for secret in ["battery", "staple", "horse"] {
        assert!(!wrote(&terminal, secret), "{secret} is masked");
    }
    terminal.press(key::BACKTAB, "their change", |frame| frame.contains("▶ theirs"));
    terminal.press("a", "their values", |frame| frame.contains("staple") && frame.contains("horse"));
    assert!(!wrote(&terminal, "battery"));

    terminal.press("t", "the question", |frame| frame.contains("settled with what the others have"));
    terminal.press("y", "the end", |frame| frame.contains("settled; the merge is done"));
    sh(&machine, "pass show web/shop | sed -n 1,2p | tr '\\n' ' ' | grep -qx 'staple user: bob '");
    sh(&machine, "test -z \"$(git -C .password-store status --porcelain)\"");
    assert_eq!(output(&machine, "git -C .password-store show -s --format=%P | wc -w").trim(), "2", "one merge");
    // The other machine gets it without a conflict, and nothing was lost: both sides are in the history.
    terminal.press(key::ESC, "what is in front", |frame| !frame.contains("Conflict of"));
    sh(&machine, "git -C .password-store push -q && git -C other pull -q --ff-only");
    sh(&machine, "PASSWORD_STORE_DIR=~/other pass show web/shop | grep -qx staple");
    sh(&machine, "git -C .password-store show HEAD^1:web/shop.gpg | gpg -q -d 2>/dev/null | grep -qx battery");
}

#[test]
fn a_conflict_left_alone_is_still_there_afterwards() {
    let Some(machine) = in_conflict() else { return };
    let mut terminal = at_the_sides(&machine);
    terminal.press("o", "the question", |frame| frame.contains("settled with what this machine has"));
    // The safe answer is the one that Enter takes.
    terminal.press(key::ENTER, "both sides", |frame| !frame.contains("settled with"));
    terminal.send("\x03");
    terminal.wait_end();
    sh(&machine, "git -C .password-store status --porcelain | grep -q '^UU web/shop.gpg'");
    let mut terminal = open(&machine);
    let frame = terminal.wait_text("conflict");
    assert!(frame.row_with("conflict").expect("its row").contains("shop"), "{}", frame.text());
    terminal.press("G", "the entry", |frame| frame.row_with("▶").is_some_and(|row| row.contains("shop")));
    terminal.press("C", "both sides", |frame| frame.contains("1 line in both"));
    terminal.press("o", "the question", |frame| frame.contains("settled with what this machine has"));
    terminal.press("y", "the end", |frame| frame.contains("settled; the merge is done"));
    sh(&machine, "pass show web/shop | grep -qx battery");
}

/// Entries that are encrypted anew: enough of them that the screen can tell how far it is.
const ENTRIES: usize = 300;

/// How many people each entry is encrypted to, counted by gpg; all have to be the same.
fn readers(machine: &Machine) -> usize {
    let script = "cd .password-store && find . -name '*.gpg' | while read file; do
        gpg --list-packets --list-only \"$file\" 2>/dev/null | grep -c '^:pubkey enc packet'; done | sort -u";
    let counts = output(machine, script);
    counts.trim().parse().unwrap_or_else(|_| panic!("not all are the same: {counts:?}"))
}

fn digest(machine: &Machine) -> String {
    output(
        machine,
        "cd .password-store && find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum",
    )
}

/// Bob's key, made in a home of his own: only its public half is here.
fn meet_bob(machine: &Machine) {
    sh(
        machine,
        "mkdir -m 700 bob && gpg --homedir bob --batch --quiet --pinentry-mode loopback --passphrase '' \
         --quick-gen-key 'Bob Example <bob@example.test>' future-default default never 2>/dev/null &&
         gpg --homedir bob --export | gpg --batch --quiet --import &&
         gpg --batch --quiet --yes --quick-lsign-key $(gpg --homedir bob --with-colons -k | sed -n 's/^fpr:*\\([0-9A-F]*\\):$/\\1/p' | sed -n 1p) &&
         gpgconf --homedir bob --kill all",
    );
}

fn at_the_readers(terminal: &mut Terminal) {
    terminal.press("W", "who can read", |frame| frame.contains("Who can read") && frame.contains("yours"));
}

#[test]
fn somebody_joins_and_leaves_and_every_entry_follows_in_one_commit() {
    let Some(machine) = in_git("") else { return };
    machine.bulk(ENTRIES);
    sh(&machine, "git -C .password-store add -A && git -C .password-store commit -qm many");
    meet_bob(&machine);
    let (before, commits) = (digest(&machine), subjects(&machine).len());
    let mut terminal = open(&machine);
    at_the_readers(&mut terminal);
    terminal.press("a", "the search", |frame| frame.contains("Let somebody read"));
    terminal.press("bob", "the needle", |frame| frame.contains("/ bob"));
    terminal.press(key::ENTER, "his key", |frame| frame.contains("Bob Example"));
    terminal.press(key::ENTER, "the effect", |frame| {
        frame.contains(&format!("To be encrypted anew: {ENTRIES} entries; right already: 0."))
    });
    let asked = terminal.press("y", "the end", |frame| frame.contains(&format!("Encrypted anew: {ENTRIES} entries")));
    let told = terminal.frames_after(0);
    let progress = told.iter().filter(|frame| frame.number < asked.number && frame.contains("▱"));
    assert!(progress.clone().count() > 1, "it told how far it was");
    assert!(progress.clone().all(|frame| frame.contains(&format!("/{ENTRIES}"))));
    assert_eq!((readers(&machine), subjects(&machine).len()), (2, commits + 1), "the list and all entries");
    sh(
        &machine,
        "GNUPGHOME=~/bob gpg --batch -q -d .password-store/team-000/host-00/vpn.gpg 2>/dev/null | grep -qx hunter2",
    );

    terminal.press(key::ESC, "who can read", |frame| frame.contains("Who can read") && frame.contains("Bob"));
    go_down_to(&mut terminal, "Bob");
    terminal.press("D", "the effect", |frame| {
        frame.contains("goes") && frame.contains(&format!("To be encrypted anew: {ENTRIES}"))
    });
    terminal.press("y", "the end", |frame| frame.contains(&format!("Encrypted anew: {ENTRIES} entries")));
    assert_eq!((readers(&machine), subjects(&machine).len()), (1, commits + 2));

    // Both are taken back, one question each, to the very bytes.
    terminal.press(key::ESC, "who can read", |frame| frame.contains("Who can read"));
    terminal.press(key::ESC, "the store", |frame| frame.contains("team-000"));
    for readers_then in [2, 1] {
        terminal.press("z", "the question", |frame| frame.contains("Take back"));
        terminal.press("y", "taken back", |frame| frame.contains("taken back"));
        assert_eq!(readers(&machine), readers_then);
        // The words go, so that the next ones can be told from them.
        terminal.press("j", "no words", |frame| !frame.contains("taken back"));
    }
    assert_eq!(digest(&machine), before);
    assert_eq!(subjects(&machine).len(), commits + 4);
    sh(&machine, "test -z \"$(git -C .password-store status --porcelain)\"");
}

#[test]
fn encrypting_anew_called_off_goes_on_where_it_was() {
    let Some(machine) = in_git("") else { return };
    machine.bulk(ENTRIES);
    sh(&machine, "git -C .password-store add -A && git -C .password-store commit -qm many");
    meet_bob(&machine);
    let commits = subjects(&machine).len();
    let mut terminal = open(&machine);
    at_the_readers(&mut terminal);
    terminal.press("a", "the search", |frame| frame.contains("Let somebody read"));
    terminal.press("bob", "the needle", |frame| frame.contains("/ bob"));
    terminal.press(key::ENTER, "his key", |frame| frame.contains("Bob Example"));
    terminal.press(key::ENTER, "the effect", |frame| frame.contains("To be encrypted anew"));
    terminal.press("y", "work", |frame| frame.contains("▱"));
    let off = terminal.press(key::ESC, "the end", |frame| frame.contains("entries left, y goes on."));
    assert!(off.contains("called off"), "{}", off.text());
    terminal.press("y", "the rest", |frame| frame.contains("Encrypted anew:") && !frame.contains("left"));
    assert_eq!(readers(&machine), 2);
    sh(&machine, "test -z \"$(git -C .password-store status --porcelain)\"");
    assert_eq!(subjects(&machine).len(), commits + 2, "the list with the first part, and the rest");
}

#[test]
fn a_folder_tells_what_in_it_pass_has_not_encrypted_anew() {
    let Some(machine) = in_git("") else { return };
    meet_bob(&machine);
    sh(
        &machine,
        "printf 'pw\\n' | pass insert -m team/one >/dev/null; printf 'pw\\n' | pass insert -m team/two >/dev/null",
    );
    // As somebody's hand adds a reader: the entries stay as they are.
    sh(&machine, "cat .password-store/.gpg-id > .password-store/team/.gpg-id");
    sh(&machine, "echo bob@example.test >> .password-store/team/.gpg-id");
    sh(&machine, "git -C .password-store add -A && git -C .password-store commit -qm 'Let bob in.'");
    let mut terminal = open(&machine);
    let frame = terminal.wait_for("the folder's details", |frame| {
        frame.contains("2 entries not to just") && frame.contains("Let bob in.")
    });
    for text in ["Bob Example", "its own list", "x encrypts them anew", "x encrypt anew"] {
        assert!(frame.contains(text), "{text:?} in\n{}", frame.text());
    }
    terminal.press("x", "the effect", |frame| frame.contains("To be encrypted anew: 2 entries"));
    terminal.press("y", "the end", |frame| frame.contains("Encrypted anew: 2 entries"));
    terminal.press(key::ESC, "the folder again", |frame| frame.contains("each entry to just its"));
    assert_eq!(readers(&machine), 2);

    // What is gone leaves the cursor at its neighbour, and what comes back is found again.
    terminal.press("j", "an entry", |frame| frame.row_with("▶").is_some_and(|row| row.contains("one")));
    terminal.press("R", "its name", |frame| frame.contains("Rename team/one"));
    terminal.send("\x15team/zero\r");
    terminal.wait_for("renamed", |frame| frame.row_with("▶").is_some_and(|row| row.contains("zero")));
    terminal.press("z", "the question", |frame| frame.contains("Take back"));
    terminal.press("y", "the one before", |frame| {
        frame.contains("taken back") && frame.row_with("▶").is_some_and(|row| row.contains("two"))
    });
}

#[test]
fn the_editor_s_keys_are_in_its_help_and_can_be_chosen() {
    let Some(machine) = in_git("") else { return };
    sh(&machine, "printf 'pw\\nuser: ann\\n' | pass insert -m web >/dev/null");
    sh(
        &machine,
        "mkdir -p .config/regpass && printf '[ui]\\nkeys = { \"editor.save\" = [\"F10\"] }\\n' > .config/regpass/config.toml",
    );
    let mut terminal = open(&machine);
    terminal.press("e", "the editor", |frame| frame.contains("F10 save"));
    terminal.press("\x1bOP", "its help", |frame| frame.contains("Keys: editor") && frame.contains("empty the line"));
    terminal.press(key::ESC, "the editor", |frame| frame.contains("F10 save") && !frame.contains("Keys:"));
    terminal.press("\x15", "changed", |frame| frame.contains("(changed)"));
    terminal.send("new");
    terminal.press("\x1b[21~", "saved", |frame| frame.contains("saved web"));
    sh(&machine, "pass show web | head -1 | grep -qx new");
}
