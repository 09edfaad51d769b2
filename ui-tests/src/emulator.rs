//! A terminal without a window: bytes in, frames and replies out. Notes what a program asked of it besides drawing:
//! clipboard, title, queries, and what it did not understand. No processes, no clock of its own; `pty` drives it.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;

use crate::frame::Frame;

/// What a program put on the clipboard (OSC 52).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// `c` for the clipboard, `p` for the primary selection.
    pub selection: String,
    pub text: Vec<u8>,
}

/// Everything noted beside the screen, in order.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    pub copied: Vec<Copied>,
    pub title: Option<String>,
    pub bells: usize,
    /// Questions that wait for an answer (`CSI 6 n`, `CSI c`, `CSI ? 2026 $ p` …).
    pub queries: Vec<String>,
    /// Sequences that neither the emulator nor this room knows.
    pub unknown: Vec<String>,
}

pub(crate) struct Emulator {
    parser: vt100::Parser<Witness>,
    /// Frames that ended so far.
    count: usize,
    /// The frame on the screen; None before the first, and after the alternate screen was entered or left.
    pub current: Option<Arc<Frame>>,
    /// Every frame, oldest first; at most `HISTORY`.
    pub history: Vec<Arc<Frame>>,
}

/// Frames kept for a look back.
const HISTORY: usize = 2000;

#[derive(Default)]
struct Witness {
    notes: Notes,
    replies: Vec<u8>,
    /// Screens as they stood at each end of a synchronized update in the bytes being read.
    ended: Vec<vt100::Screen>,
}

impl Emulator {
    pub fn new(rows: u16, cols: u16) -> Emulator {
        let parser = vt100::Parser::new_with_callbacks(at_least_one(rows), at_least_one(cols), 0, Witness::default());
        Emulator { parser, count: 0, current: None, history: Vec::new() }
    }

    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.parser.set_size(at_least_one(rows), at_least_one(cols));
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn notes(&self) -> &Notes {
        &self.parser.callbacks().notes
    }

    /// Reads what a program wrote and answers what the terminal would say to it.
    pub fn feed(&mut self, bytes: &[u8], at: Instant) -> Vec<u8> {
        // Sequence by sequence, so that a frame before a change of screen is not taken for one after it.
        let mut rest = bytes;
        while !rest.is_empty() {
            let next = rest.iter().skip(1).position(|byte| *byte == b'\x1b').map_or(rest.len(), |at| at + 1);
            let (piece, behind) = rest.split_at(next);
            let alternate = self.parser.screen().alternate_screen();
            self.parser.process(piece);
            if self.parser.screen().alternate_screen() != alternate {
                self.current = None;
            }
            for screen in std::mem::take(&mut self.parser.callbacks_mut().ended) {
                self.keep(&screen, at);
            }
            rest = behind;
        }
        std::mem::take(&mut self.parser.callbacks_mut().replies)
    }

    fn keep(&mut self, screen: &vt100::Screen, at: Instant) {
        self.count += 1;
        let frame = Arc::new(Frame::of(screen, self.count, at));
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(Arc::clone(&frame));
        self.current = Some(frame);
    }

    pub fn count(&self) -> usize {
        self.count
    }
}

fn at_least_one(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap_or(NonZeroU16::MIN)
}

impl Witness {
    fn answer(&mut self, query: String, reply: &str) {
        self.notes.queries.push(query);
        self.replies.extend_from_slice(reply.as_bytes());
    }
}

impl vt100::Callbacks for Witness {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.notes.bells += 1;
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.notes.title = Some(String::from_utf8_lossy(title).into_owned());
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, selection: &[u8], data: &[u8]) {
        let selection = String::from_utf8_lossy(selection).into_owned();
        match base64::engine::general_purpose::STANDARD.decode(data) {
            Ok(text) => self.notes.copied.push(Copied { selection, text }),
            Err(error) => self.notes.unknown.push(format!("OSC 52 {selection} with bad base64: {error}")),
        }
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, selection: &[u8]) {
        // As terminals do by default, the clipboard is not given away.
        self.notes.queries.push(format!("OSC 52 {} ?", String::from_utf8_lossy(selection)));
    }

    fn unhandled_char(&mut self, _: &mut vt100::Screen, character: char) {
        self.notes.unknown.push(format!("character {character:?}"));
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.notes.unknown.push(format!("control {byte:#04x}"));
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, one: Option<u8>, two: Option<u8>, last: u8) {
        // Choosing a character set (ncurses) and the end of a string say nothing about the screen.
        if !matches!((one, last), (Some(b'(' | b')'), _) | (None, b'\\')) {
            let bytes: String = [one, two, Some(last)].into_iter().flatten().map(char::from).collect();
            self.notes.unknown.push(format!("ESC {bytes}"));
        }
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        one: Option<u8>,
        two: Option<u8>,
        parameters: &[&[u16]],
        last: char,
    ) {
        let first = parameters.first().and_then(|values| values.first()).copied().unwrap_or(0);
        let name = csi_name(one, two, parameters, last);
        match (one, two, first, last) {
            (Some(b'?'), None, 2026, 'h') => {}
            (Some(b'?'), None, 2026, 'l') => self.ended.push(screen.clone()),
            // Focus reports, alternate scroll and the blinking of the cursor change nothing that is looked at here.
            (Some(b'?'), None, 1004 | 1007 | 12, 'h' | 'l') => {}
            // An inner mouse mode that newer terminals know (SGR pixels, urxvt).
            (Some(b'?'), None, 1015 | 1016, 'h' | 'l') => {}
            // The colour of underlines, which pictures draw in the text's own.
            (None, None, 58 | 59, 'm') => {}
            (None, None, 6, 'n') => {
                let (row, col) = screen.cursor_position();
                self.answer(name, &format!("\x1b[{};{}R", row + 1, col + 1));
            }
            (None, None, 5, 'n') => self.answer(name, "\x1b[0n"),
            (None, None, 0, 'c') => self.answer(name, "\x1b[?62;22c"),
            (Some(b'?'), Some(b'$'), mode, 'p') => {
                let state = if mode == 2026 { 2 } else { 0 };
                self.answer(name, &format!("\x1b[?{mode};{state}$y"));
            }
            // A terminal without the kitty keyboard protocol stays silent.
            (Some(b'?'), None, _, 'u') => self.answer(name, ""),
            _ => self.notes.unknown.push(name),
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        let words: Vec<_> = parameters.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        self.notes.unknown.push(format!("OSC {}", words.join(";")));
    }
}

fn csi_name(one: Option<u8>, two: Option<u8>, parameters: &[&[u16]], last: char) -> String {
    let values = |group: &&[u16]| group.iter().map(u16::to_string).collect::<Vec<_>>().join(":");
    let numbers: Vec<_> = parameters.iter().map(values).collect();
    let [one, two] = [one, two].map(|byte| byte.map(|byte| format!("{} ", char::from(byte))).unwrap_or_default());
    format!("CSI {one}{} {two}{last}", numbers.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emulator(bytes: &[u8]) -> (Emulator, Vec<u8>) {
        let mut emulator = Emulator::new(2, 20);
        let replies = emulator.feed(bytes, Instant::now());
        (emulator, replies)
    }

    #[test]
    fn a_frame_is_what_stood_at_the_end_of_the_update() {
        let (mut emulator, _) = emulator(b"\x1b[?2026hone\x1b[?2026l\x1b[?2026h\rtwo");
        assert_eq!(emulator.current.as_ref().unwrap().row(0), "one");
        emulator.feed(b"\x1b[?2026l", Instant::now());
        assert_eq!(emulator.current.as_ref().unwrap().row(0), "two");
        assert_eq!(emulator.count(), 2);
    }

    #[test]
    fn a_change_of_screen_ends_the_frame_and_only_what_came_before() {
        let (emulator_before, _) = emulator(b"\x1b[?2026hone\x1b[?2026l\x1b[?1049h");
        assert!(emulator_before.current.is_none());
        let (emulator_after, _) = emulator(b"\x1b[?1049h\x1b[?2026hone\x1b[?2026l");
        assert!(emulator_after.current.is_some());
    }

    #[test]
    fn questions_are_answered_as_a_terminal_does() {
        let (emulator, replies) = emulator(b"ab\x1b[6n\x1b[c\x1b[?2026$p");
        assert_eq!(replies, b"\x1b[1;3R\x1b[?62;22c\x1b[?2026;2$y");
        assert_eq!(emulator.notes().queries, ["CSI 6 n", "CSI 0 c", "CSI ? 2026 $ p"]);
        assert!(emulator.notes().unknown.is_empty());
    }

    #[test]
    fn clipboard_title_and_unknown_sequences_are_noted() {
        let (emulator, _) = emulator(b"\x1b]52;c;aGk=\x07\x1b]2;regpass\x07\x1b[99;1z\x07\x1b]52;c;\x07");
        let notes = emulator.notes();
        let copied = |text: &str| Copied { selection: "c".to_owned(), text: text.into() };
        assert_eq!(notes.copied, [copied("hi"), copied("")]);
        assert_eq!((notes.title.as_deref(), notes.bells), (Some("regpass"), 1));
        assert_eq!(notes.unknown, ["CSI 99;1 z"]);
    }
}
