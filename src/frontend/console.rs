//! stdout and stderr of the command line by role: data on stdout; status, warnings, problems and hints on stderr.
//! Colour only where a person sees it. The command line writes nowhere else; what it is given here is already escaped
//! (`model::text`), except secrets and JSON, which this file makes safe for a terminal itself.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::streams;
use crate::model::{Problem, Secret, text};
use crate::system::env::Env;
use crate::system::options::Typed;

/// The two streams and how they may be used.
pub struct Console {
    out: RefCell<Box<dyn Write>>,
    err: RefCell<Box<dyn Write>>,
    out_is_terminal: bool,
    colour_out: bool,
    colour_err: bool,
    /// Stderr is a terminal that can take a line back.
    transient_err: bool,
    /// Such a line is up.
    drawn: Cell<bool>,
    /// What was typed to get here, for the commands that are shown.
    typed: Typed,
    /// The reader of stdout went away (`regpass ls | head`): it wants no more, which is no failure.
    closed: Cell<bool>,
}

/// Columns of a terminal that does not say.
const COLUMNS: usize = 80;

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Error,
    Warning,
    Hint,
    /// A folder or a heading.
    Heading,
    /// Beside the point.
    Muted,
    Good,
}

impl Role {
    /// SGR parameters (ECMA-48 8.3.117): the terminal's own 16 colours, so that its theme holds.
    fn sgr(self) -> &'static str {
        match self {
            Role::Error => "1;31",
            Role::Warning => "1;33",
            Role::Hint => "36",
            Role::Heading => "1;34",
            Role::Muted => "2",
            Role::Good => "32",
        }
    }
}

impl Console {
    /// This process's own streams.
    pub fn of_process(env: &Env) -> Console {
        let colour = env.var("NO_COLOR").is_none() && env.text("TERM").is_none_or(|term| term != "dumb");
        let out_is_terminal = io::stdout().is_terminal();
        Console {
            out: RefCell::new(Box::new(streams::stdout())),
            err: RefCell::new(Box::new(streams::stderr())),
            out_is_terminal,
            colour_out: colour && out_is_terminal,
            colour_err: colour && io::stderr().is_terminal(),
            transient_err: io::stderr().is_terminal() && env.text("TERM").is_none_or(|term| term != "dumb"),
            drawn: Cell::new(false),
            typed: Typed::default(),
            closed: Cell::new(false),
        }
    }

    /// The commands that it shows act on these places.
    pub fn at(self, typed: Typed) -> Console {
        Console { typed, ..self }
    }

    /// Lines of text and nothing else: no colour, and no line that is drawn over another.
    pub fn plain(self) -> Console {
        Console { colour_out: false, colour_err: false, transient_err: false, ..self }
    }

    pub fn out_is_terminal(&self) -> bool {
        self.out_is_terminal
    }

    /// Whether data may carry colour.
    pub fn colours_data(&self) -> bool {
        self.colour_out
    }

    /// A piece of a line of data, coloured if stdout may be.
    pub fn paint(&self, role: Role, text: &str) -> String {
        painted(self.colour_out, role, text)
    }

    /// Data, as it is.
    pub fn data(&self, text: &str) -> Result<(), Problem> {
        self.write_out(text.as_bytes())
    }

    /// A secret: its exact bytes to a pipe or file; on a terminal with control characters escaped and a last newline.
    pub fn secret(&self, secret: &Secret) -> Result<(), Problem> {
        if !self.out_is_terminal {
            return self.write_out(secret.expose());
        }
        let shown = for_terminal(secret);
        self.write_out(shown.expose())
    }

    /// One JSON object and a newline.
    pub fn json(&self, value: &Value) -> Result<(), Problem> {
        self.data(&json_text(value))
    }

    /// What was done, for a person who watches. Nothing a program would want.
    pub fn status(&self, text: &str) {
        self.write_err(&format!("{text}\n"));
    }

    /// The same, with a command at its end, as a hint has it.
    pub fn advice(&self, text: &str) {
        self.status(&self.typed.placed(text));
    }

    /// A line that the next one, or anything else, takes the place of. Nothing where nobody watches.
    pub fn transient(&self, text: &str) {
        if self.transient_err {
            let columns = rustix::termios::tcgetwinsize(rustix::stdio::stderr()).map_or(0, |size| size.ws_col);
            let room = if columns == 0 { COLUMNS } else { usize::from(columns) }.saturating_sub(1);
            // A character may take two columns.
            let room = if text.is_ascii() { room } else { room / 2 };
            let cut: String = text.chars().take(room).collect();
            self.write_err(&cut);
            self.drawn.set(true);
        }
    }

    /// Takes the line back.
    pub fn end_transient(&self) {
        self.write_err("");
    }

    /// Something that went wrong without stopping the work.
    pub fn warning(&self, problem: &Problem) {
        self.report("warning", Role::Warning, problem);
    }

    /// What stopped the work.
    pub fn problem(&self, problem: &Problem) {
        self.report("error", Role::Error, problem);
    }

    /// Text that explains itself (clap's usage errors) to stderr, line by line and escaped.
    pub fn usage(&self, text: &str) {
        for line in text.lines() {
            self.write_err(&format!("{}\n", text::escaped(line.as_bytes())));
        }
    }

    fn report(&self, word: &str, role: Role, problem: &Problem) {
        let mut lines = format!("{} {}\n", painted(self.colour_err, role, &format!("{word}:")), problem.message);
        for cause in &problem.causes {
            let _ = writeln!(lines, "{} {cause}", painted(self.colour_err, Role::Muted, "cause:"));
        }
        for hint in problem.all_hints().map(String::as_str).chain(problem.option.iter().map(|option| option.0.as_str()))
        {
            let hint = self.typed.placed(hint);
            let _ = writeln!(lines, "{} {hint}", painted(self.colour_err, Role::Hint, "hint:"));
        }
        self.write_err(&lines);
    }

    fn write_out(&self, bytes: &[u8]) -> Result<(), Problem> {
        if self.closed.get() {
            return Ok(());
        }
        self.end_transient();
        let mut out = self.out.borrow_mut();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.set(true);
                Ok(())
            }
            Err(error) => Err(Problem::failed("cannot write to standard output").because(error)),
            Ok(()) => Ok(()),
        }
    }

    /// A person who closed stderr does not want to hear.
    fn write_err(&self, text: &str) {
        let mut err = self.err.borrow_mut();
        let taken_back = if self.drawn.take() { "\r\x1b[K" } else { "" };
        let _ = err.write_all(format!("{taken_back}{text}").as_bytes()).and_then(|()| err.flush());
    }
}

fn painted(colour: bool, role: Role, text: &str) -> String {
    if colour { format!("\x1b[{}m{text}\x1b[0m", role.sgr()) } else { text.to_owned() }
}

/// The secret as a terminal may show it: lines and tabs stay, everything else that could move it is escaped.
fn for_terminal(secret: &Secret) -> Secret {
    let mut shown = Secret::with_capacity(secret.len() + 1);
    for chunk in secret.expose().utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).as_bytes();
            match character {
                '\n' | '\t' => shown.push(bytes),
                _ => shown.push(text::escaped(bytes).as_bytes()),
            }
        }
        chunk.invalid().iter().for_each(|byte| shown.push(text::escaped(&[*byte]).as_bytes()));
    }
    if !shown.is_empty() && !shown.expose().ends_with(b"\n") {
        shown.push(b"\n");
    }
    shown
}

/// Two-space JSON, and a newline, in which every character that could move a terminal is escaped: the same value to any
/// reader of JSON. serde_json itself escapes only those below U+0020.
pub(super) fn json_text(value: &Value) -> String {
    let plain = format!("{value:#}\n");
    let mut safe = String::with_capacity(plain.len());
    for character in plain.chars() {
        match json_escape(character) {
            Some(escape) if character != '\n' => safe.push_str(&escape),
            _ => safe.push(character),
        }
    }
    safe
}

/// `\uXXXX`, as a pair beyond U+FFFF (RFC 8259 section 7), for a character that could move or fool a terminal.
pub(super) fn json_escape(character: char) -> Option<String> {
    let mut buffer = [0; 4];
    match text::escaped(character.encode_utf8(&mut buffer).as_bytes()) {
        Cow::Borrowed(_) => None,
        Cow::Owned(_) => {
            let mut units = [0; 2];
            Some(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::rc::Rc;

    /// Two streams in memory.
    #[derive(Clone, Default)]
    struct Kept(Rc<RefCell<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn console(out: impl Write + 'static, err: impl Write + 'static, terminal: bool) -> Console {
        Console {
            out: RefCell::new(Box::new(out)),
            err: RefCell::new(Box::new(err)),
            out_is_terminal: terminal,
            colour_out: terminal,
            colour_err: terminal,
            transient_err: terminal,
            drawn: Cell::new(false),
            typed: Typed::default(),
            closed: Cell::new(false),
        }
    }

    #[test]
    fn a_pipe_gets_the_secret_s_own_bytes() {
        let out = Kept::default();
        let secret = Secret::new(b"a\x1b[2J\xff\r\nb".to_vec());
        console(out.clone(), io::sink(), false).secret(&secret).expect("written");
        assert_eq!(*out.0.borrow(), b"a\x1b[2J\xff\r\nb");
    }

    #[test]
    fn a_terminal_gets_nothing_that_moves_it() {
        let out = Kept::default();
        let secret = Secret::new(b"a\tb\x1b[2J\xff\r\n\xe2\x80\xaex".to_vec());
        console(out.clone(), io::sink(), true).secret(&secret).expect("written");
        assert_eq!(String::from_utf8_lossy(&out.0.borrow()), "a\tb\\u{1b}[2J\\xff\\r\n\\u{202e}x\n");
    }

    #[test]
    fn problems_have_one_label_a_line() {
        let err = Kept::default();
        let problem = Problem::failed("no \"x\"").because("gone").hint("look: regpass ls");
        console(io::sink(), err.clone(), false).problem(&problem);
        assert_eq!(String::from_utf8_lossy(&err.0.borrow()), "error: no \"x\"\ncause: gone\nhint: look: regpass ls\n");
    }

    #[test]
    fn a_transient_line_is_taken_back_by_whatever_follows() {
        let err = Kept::default();
        let terminal = console(io::sink(), err.clone(), true);
        terminal.transient(&"x".repeat(500));
        terminal.transient("2/3");
        terminal.status("done");
        terminal.end_transient();
        let said = String::from_utf8_lossy(&err.0.borrow()).into_owned();
        assert!(said.ends_with("x\r\x1b[K2/3\r\x1b[Kdone\n") && !said.contains(&"x".repeat(499)), "{said:?}");
        let err = Kept::default();
        console(io::sink(), err.clone(), false).transient("1/3");
        assert!(err.0.borrow().is_empty());
    }

    #[test]
    fn json_stays_the_same_value_and_moves_no_terminal() {
        let value = json!({"a": "x\u{1b}\u{9b}\u{7f}\u{202e}\u{e0041}é\n"});
        let text = json_text(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        assert!(text.contains("\\u009b") && text.contains("\\u007f") && text.contains("\\u202e"), "{text}");
        assert!(text.contains("\\udb40\\udc41") && text.contains('é'), "{text}");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let console = console(Gone, io::sink(), false);
        assert_eq!(console.data("x"), Ok(()));
        assert!(console.closed.get());
    }
}
