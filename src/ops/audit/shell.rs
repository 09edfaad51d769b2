//! Commands of a line as a POSIX shell sees them: their words, and what reaches the standard input of one. Called by
//! `literals`.

use super::literals::literal;

/// Programs that hand on what they are given.
const PASSERS: [&str; 9] = ["tee", "cat", "tr", "head", "tail", "base64", "rev", "sed", "xargs"];

/// A word of a command.
pub(super) struct Word {
    pub(super) text: String,
    /// A shell fills something in.
    pub(super) filled: bool,
}

/// A command of a line.
#[derive(Default)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    /// It reads what the one before it says.
    piped: bool,
}

/// The commands of a line and their words, as a POSIX shell splits them; what follows `#` is left out.
pub(super) fn split(line: &str) -> Vec<Command> {
    let mut commands = vec![Command::default()];
    let mut word: Option<Word> = None;
    let mut chars = line.chars().peekable();
    let end = |commands: &mut Vec<Command>, word: &mut Option<Word>| {
        if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
            command.words.push(word);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => end(&mut commands, &mut word),
            '|' | ';' | '&' | '(' | ')' if !(c == '(' && word.as_ref().is_some_and(|word| word.filled)) => {
                end(&mut commands, &mut word);
                let is_double = chars.next_if_eq(&c).is_some();
                commands.push(Command { words: Vec::new(), piped: c == '|' && !is_double });
            }
            // A redirection is a word of its own, with what it names.
            '<' if word.as_ref().is_some_and(|word| word.text.contains(|c| c != '<')) => {
                end(&mut commands, &mut word);
                word = Some(Word { text: c.to_string(), filled: chars.peek() == Some(&'(') });
            }
            '#' if word.is_none() => break,
            _ => {
                let word = word.get_or_insert_with(|| Word { text: String::new(), filled: false });
                match c {
                    '\'' => word.text.extend(chars.by_ref().take_while(|c| *c != '\'')),
                    '"' => {
                        while let Some(inner) = chars.next().filter(|c| *c != '"') {
                            word.filled |= matches!(inner, '$' | '`');
                            word.text.push(if inner == '\\' { chars.next().unwrap_or('\\') } else { inner });
                        }
                    }
                    '\\' => word.text.extend(chars.next()),
                    _ => {
                        word.filled |= matches!(c, '$' | '`') || c == '<' && chars.peek() == Some(&'(');
                        word.text.push(c);
                    }
                }
            }
        }
    }
    end(&mut commands, &mut word);
    commands
}

pub(super) fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The last of these commands and, backwards, those whose words reach its standard input.
pub(super) fn upstream(commands: &[Command]) -> Vec<&Command> {
    let mut found = Vec::new();
    for (at, command) in commands.iter().enumerate().rev() {
        let is_last = at + 1 == commands.len();
        if !command.words.is_empty() {
            found.push(command);
        }
        // A command without words is a bracket.
        if !(command.piped || command.words.is_empty()) || !(is_last || hands_on(&command.words)) {
            break;
        }
    }
    found
}

/// True for a program that says what it reads, and reads no file.
fn hands_on(words: &[Word]) -> bool {
    let mut words = words.iter().filter(|word| base_name(&word.text) != "sudo");
    let Some(first) = words.next() else { return true };
    let name = base_name(&first.text);
    PASSERS.contains(&name) && (name != "cat" || words.all(|word| word.text.starts_with(['-', '<'])))
}

/// The length of what a login reads, where that stands in the line: behind `<<<` or `<<`, or in what is said before it.
pub(super) fn handed_on(commands: &[Command]) -> Option<usize> {
    upstream(commands).into_iter().find_map(|command| here(&command.words).or_else(|| spoken(&command.words)))
}

/// The word that a shell hands to standard input: `<<< WORD`, or the first line of a here-document that was put into one.
fn here(words: &[Word]) -> Option<usize> {
    let said = |word: &Word, text: &str| literal(text).filter(|_| !word.filled);
    if let Some(at) = words.iter().position(|word| word.text.starts_with("<<<")) {
        let rest = &words[at].text[3..];
        return if rest.is_empty() {
            words.get(at + 1).and_then(|next| said(next, &next.text))
        } else {
            said(&words[at], rest)
        };
    }
    let (at, end) = delimiter(words)?;
    let body = words.get(at + 1..)?;
    let last = body.iter().rposition(|word| word.text == end)?;
    body[..last].last().and_then(|word| said(word, &word.text))
}

/// What ends the here-document of a command, and the word before which it stands.
pub(super) fn delimiter(words: &[Word]) -> Option<(usize, String)> {
    let at = words.iter().position(|word| word.text.starts_with("<<") && !word.text.starts_with("<<<"))?;
    match words[at].text.trim_start_matches(['<', '-']) {
        "" => words.get(at + 1).map(|next| (at + 1, next.text.clone())),
        end => Some((at, end.to_owned())),
    }
}

/// What `echo` or `printf` says by itself.
fn spoken(words: &[Word]) -> Option<usize> {
    let says = words.iter().position(|word| matches!(base_name(&word.text), "echo" | "printf"))?;
    let said = words[says + 1..].iter().rfind(|word| !word.text.starts_with('-'))?;
    literal(&said.text).filter(|_| !said.filled)
}
