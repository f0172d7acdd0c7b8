//! Draws a new view at once, and sends what was drawn on to the X server.
//!
//! Slint waits for the sixtieth of a second before it draws, which nobody at a
//! counter needs: a view is drawn when it comes, and those that come meanwhile
//! are one view. The software renderer's pictures wait in the connection's own buffer until
//! some other request takes them along: a total could stand on the screen
//! until the next key. Any question to the server takes them along as well.

use slint::ComponentHandle;
use slint::winit_030::winit::event::WindowEvent;
use slint::winit_030::{EventResult, WinitWindowAccessor};

/// Draws what has changed without waiting for a clock.
pub(crate) fn draw_now(window: &slint::Window) {
    let _ = window.with_winit_window(|drawn| drawn.request_redraw());
}

/// From now on, whatever a window draws is on its way before the program waits
/// for the next event. Does nothing where no window system is below it.
pub(crate) fn send_at_once<C: ComponentHandle + 'static>(window: &C) {
    let weak = window.as_weak();
    window.window().on_winit_window_event(move |_, event| {
        if matches!(event, WindowEvent::RedrawRequested) {
            // It is asked once this is drawn. Where the loop is over, nobody looks any more.
            let _ = weak.upgrade_in_event_loop(|window| {
                let _ = window.window().with_winit_window(|drawn| drawn.inner_size());
            });
        }
        EventResult::Propagate
    });
}
