//! Pieces that screens are made of. They draw and keep their own small state; they start no work.

pub(super) mod details;
pub(super) mod diff_view;
pub(super) mod finder;
pub(super) mod form;
pub(super) mod key_bar;
pub(super) mod list;
pub(super) mod needle;
pub(super) mod panes;
pub(super) mod popup;
pub(super) mod progress;
pub(super) mod secret_input;
pub(super) mod secret_panel;
pub(super) mod sheet;
pub(super) mod text_area;
pub(super) mod text_input;
pub(super) mod words;
