//! The window without a display, for pictures: the same renderer draws into memory.

use std::rc::Rc;
use std::time::{Duration, Instant};

use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, WindowAdapter, update_timers_and_animations};
use slint::{ComponentHandle, PhysicalSize, PlatformError};

use crate::customer::CustomerScreen;
use crate::kiosk::KioskScreen;
use crate::screen::{ScreenError, TillScreen};

/// Frames until a change of the layout has come to rest: what follows one happens on the way.
const FRAMES: usize = 2;

/// A place that windows of this thread draw into.
pub struct Pixels {
    window: Rc<MinimalSoftwareWindow>,
}

/// What a window shows, four bytes a pixel: red, green, blue, opacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows from the top.
    pub bytes: Vec<u8>,
}

impl Pixels {
    /// Makes the windows of this process draw into memory; before the first window.
    ///
    /// # Errors
    /// A window was made before.
    pub fn start() -> Result<Self, ScreenError> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
        let platform = NoDisplay { window: Rc::clone(&window), start: Instant::now() };
        slint::platform::set_platform(Box::new(platform))
            .map_err(|error| ScreenError::Platform(PlatformError::SetPlatformError(error)))?;
        Ok(Self { window })
    }

    /// The size of what is drawn from now on.
    pub fn resize(&self, width: u32, height: u32) {
        self.window.set_size(PhysicalSize::new(width, height));
    }

    /// Draws a window as it is now.
    ///
    /// # Errors
    /// The renderer refused.
    pub fn draw(&self, screen: &TillScreen) -> Result<Drawn, ScreenError> {
        Self::draw_window(screen.window().window())
    }

    /// Draws a kiosk's window as it is now.
    ///
    /// # Errors
    /// The renderer refused.
    pub fn draw_kiosk(&self, screen: &KioskScreen) -> Result<Drawn, ScreenError> {
        Self::draw_window(screen.window().window())
    }

    /// Draws the customer's window as it is now.
    ///
    /// # Errors
    /// The renderer refused.
    pub fn draw_customer(&self, screen: &CustomerScreen) -> Result<Drawn, ScreenError> {
        Self::draw_window(screen.window().window())
    }

    fn draw_window(window: &slint::Window) -> Result<Drawn, ScreenError> {
        for _ in 0..FRAMES {
            update_timers_and_animations();
            window.take_snapshot()?;
        }
        let picture = window.take_snapshot()?;
        Ok(Drawn { width: picture.width(), height: picture.height(), bytes: picture.as_bytes().to_vec() })
    }
}

/// A platform without a display.
struct NoDisplay {
    window: Rc<MinimalSoftwareWindow>,
    start: Instant,
}

impl Platform for NoDisplay {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(Rc::<MinimalSoftwareWindow>::clone(&self.window))
    }

    fn duration_since_start(&self) -> Duration {
        self.start.elapsed()
    }
}
