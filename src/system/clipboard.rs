//! The clipboard: the local one, or the terminal's own over ssh (OSC 52).
