//! Takes a terminal over as regpass does, draws one frame, and panics: for the test that asks what is left of the
//! terminal then. The product has no way to be made to panic.

#![allow(clippy::panic)]

use regpass::frontend::tui::terminal::Stage;

fn main() -> std::io::Result<()> {
    let mut stage = Stage::open()?;
    stage.draw(|frame| {
        frame.buffer_mut()[(0, 0)].set_symbol("x");
    })?;
    panic!("a secret that the panic quotes");
}
