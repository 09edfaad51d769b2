//! What gpg-agent is told of the person in front of us, so that its pinentry appears where they sit: the same options
//! that gpg sends (GnuPG, common/asshelp.c, `send_pinentry_environment`).

use std::ffi::OsStr;

use super::assuan::LINE_MAX;
use crate::system::env::Env;

/// Environment variables handed on as they are (GnuPG, common/session-env.c, `stdenvnames`).
const HANDED_ON: [&str; 9] = [
    "WAYLAND_DISPLAY",
    "XDG_SESSION_TYPE",
    "QT_QPA_PLATFORM",
    "DBUS_SESSION_BUS_ADDRESS",
    "XMODIFIERS",
    "GTK_IM_MODULE",
    "QT_IM_MODULE",
    "INSIDE_EMACS",
    "XDG_CURRENT_DESKTOP",
];

/// Variables that have an option of their own.
const NAMED: [(&str, &str); 4] = [
    ("ttytype", "TERM"),
    ("display", "DISPLAY"),
    ("xauthority", "XAUTHORITY"),
    ("pinentry-user-data", "PINENTRY_USER_DATA"),
];

/// One `OPTION` line each. A refusal of any of them changes nothing that matters.
pub fn options(env: &Env) -> Vec<String> {
    let terminal = env.terminal();
    let mut options = vec![("ttyname".to_owned(), terminal.as_deref())];
    options.extend(NAMED.iter().map(|(option, variable)| ((*option).to_owned(), env.var(variable))));
    options.push(("lc-ctype".to_owned(), locale(env, "LC_CTYPE")));
    options.push(("lc-messages".to_owned(), locale(env, "LC_MESSAGES")));
    options.extend(HANDED_ON.iter().map(|variable| (format!("putenv={variable}"), env.var(variable))));
    options.into_iter().filter_map(|(option, value)| line(&option, value?)).collect()
}

fn locale<'a>(env: &'a Env, category: &str) -> Option<&'a OsStr> {
    env.var("LC_ALL").or_else(|| env.var(category)).or_else(|| env.var("LANG"))
}

/// None for a value that would not stay one line.
fn line(option: &str, value: &OsStr) -> Option<String> {
    let line = format!("OPTION {option}={}", value.to_str()?);
    (line.len() < LINE_MAX && !line.chars().any(char::is_control)).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_gpg_tells() {
        let env = Env::made_of([
            ("HOME", "/home/a"),
            ("GPG_TTY", "/dev/pts/7"),
            ("TERM", "xterm"),
            ("LANG", "C.UTF-8"),
            ("LC_CTYPE", "de_DE.UTF-8"),
            ("WAYLAND_DISPLAY", "wayland-0"),
            ("SECRET", "x"),
        ]);
        let expected = [
            "OPTION ttyname=/dev/pts/7",
            "OPTION ttytype=xterm",
            "OPTION lc-ctype=de_DE.UTF-8",
            "OPTION lc-messages=C.UTF-8",
            "OPTION putenv=WAYLAND_DISPLAY=wayland-0",
        ];
        assert_eq!(options(&env), expected);
    }

    #[test]
    fn no_value_can_add_a_command() {
        let long = "x".repeat(2000);
        let env = Env::made_of([("HOME", "/home/a"), ("DISPLAY", ":0\nKILLAGENT"), ("TERM", &long)]);
        assert_eq!(options(&env), Vec::<String>::new());
    }
}
