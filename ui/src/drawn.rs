//! Draws a new view at once.
//!
//! Slint waits for the sixtieth of a second before it draws, which nobody at a
//! counter needs: a view is drawn when it comes, and those that come meanwhile
//! are one view.

use slint::winit_030::WinitWindowAccessor;

/// Draws what has changed without waiting for a clock. Does nothing where no window system is below the window.
pub(crate) fn draw_now(window: &slint::Window) {
    let _ = window.with_winit_window(|drawn| drawn.request_redraw());
}
