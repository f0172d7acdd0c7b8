//! Eyes and fingers at a virtual screen that are quicker than programs started for each key: keys by the server's own
//! test extension, and a look at a few pixels whenever something was drawn.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::protocol::Event;
use x11rb::protocol::damage::{self, ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{self, ConnectionExt as _, ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT};
use x11rb::protocol::xtest::{self, ConnectionExt as _};
use x11rb::rust_connection::RustConnection;

use crate::display::Display;
use crate::process::wait_for;

/// Between two looks for a drawing: a hundredth of a frame.
const LOOK: Duration = Duration::from_micros(100);

/// The key's name at an X server of Enter.
const RETURN: u32 = 0xff0d;

/// A part of the screen.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// From the left, pixels.
    pub x: i16,
    /// From the top, pixels.
    pub y: i16,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
}

/// Looks at one part of a window, and presses keys.
pub struct Eye {
    connection: RustConnection,
    root: u32,
    keys: HashMap<u32, u8>,
    part: Part,
    seen: Vec<u8>,
}

impl Eye {
    /// Opens an eye on a part of a screen.
    ///
    /// # Errors
    /// The server has no extension for keys or for drawings.
    pub fn open(display: &Display, part: Part) -> Result<Self> {
        let (connection, screen) = x11rb::connect(Some(display.name())).context("connect to the display")?;
        for extension in [damage::X11_EXTENSION_NAME, xtest::X11_EXTENSION_NAME] {
            let there = connection.extension_information(extension)?.is_some();
            ensure!(there, "the display has no extension {extension}");
        }
        connection.damage_query_version(1, 1)?.reply()?;
        let setup = connection.setup();
        let root = setup.roots[screen].root;
        let first = setup.min_keycode;
        let mapping = connection.get_keyboard_mapping(first, setup.max_keycode - first + 1)?.reply()?;
        let each = usize::from(mapping.keysyms_per_keycode);
        let mut keys = HashMap::new();
        for (place, symbols) in mapping.keysyms.chunks(each).enumerate() {
            let code = first.saturating_add(u8::try_from(place)?);
            if let Some(symbol) = symbols.first().filter(|symbol| **symbol != 0) {
                keys.entry(*symbol).or_insert(code);
            }
        }
        Ok(Self { connection, root, keys, part, seen: Vec::new() })
    }

    /// Waits for a window of this size, and hears of everything that is drawn in it.
    pub fn watch_window(&self, width: u16, height: u16) -> Result<()> {
        let window = wait_for("a window", || self.find_window(width, height))?;
        let id = self.connection.generate_id()?;
        self.connection.damage_create(id, window, ReportLevel::RAW_RECTANGLES)?;
        self.connection.flush()?;
        Ok(())
    }

    fn find_window(&self, width: u16, height: u16) -> Result<Option<u32>> {
        for window in self.connection.query_tree(self.root)?.reply()?.children {
            let Ok(shown) = self.connection.get_window_attributes(window)?.reply() else { continue };
            let Ok(geometry) = self.connection.get_geometry(window)?.reply() else { continue };
            let is_it = (geometry.width, geometry.height) == (width, height);
            if shown.map_state == xproto::MapState::VIEWABLE && is_it {
                return Ok(Some(window));
            }
        }
        Ok(None)
    }

    /// Whether a window of this size is on the screen.
    pub fn sees_window(&self, width: u16, height: u16) -> Result<bool> {
        Ok(self.find_window(width, height)?.is_some())
    }

    /// The pixels of its part, as they are now.
    pub fn look(&self) -> Result<Vec<u8>> {
        let Part { x, y, width, height } = self.part;
        let image =
            self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, u32::MAX)?;
        Ok(image.reply()?.data)
    }

    /// Remembers its part, to see later that it has changed.
    pub fn remember(&mut self) -> Result<()> {
        while self.connection.poll_for_event()?.is_some() {}
        self.seen = self.look()?;
        Ok(())
    }

    /// Presses and lets go of keys without a pause, and Enter; gives the instant at which the last was on its way.
    pub fn type_line(&self, text: &str) -> Result<Instant> {
        for symbol in text.chars().map(u32::from).chain([RETURN]) {
            self.press(symbol)?;
        }
        self.connection.flush()?;
        Ok(Instant::now())
    }

    fn press(&self, symbol: u32) -> Result<()> {
        let key = *self.keys.get(&symbol).with_context(|| format!("find the key {symbol:#x}"))?;
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            self.connection.xtest_fake_input(kind, key, 0, self.root, 0, 0, 0)?;
        }
        Ok(())
    }

    /// Waits until something was drawn and its part is not what was remembered; gives the instant at which that was
    /// heard of, and remembers the new one. `None` where nothing changed in time.
    pub fn until_changed(&mut self, patience: Duration) -> Result<Option<Instant>> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            let mut heard = None;
            while let Some(event) = self.connection.poll_for_event()? {
                if matches!(event, Event::DamageNotify(_)) {
                    heard.get_or_insert_with(Instant::now);
                }
            }
            if let Some(heard) = heard {
                let now = self.look()?;
                if now != self.seen {
                    self.seen = now;
                    return Ok(Some(heard));
                }
            }
            thread::sleep(LOOK);
        }
        Ok(None)
    }

    /// Waits until its part is still for so long; gives the instant of its last change, where there was one.
    pub fn until_still(&mut self, calm: Duration) -> Result<Option<Instant>> {
        let mut last = None;
        while let Some(at) = self.until_changed(calm)? {
            last = Some(at);
        }
        Ok(last)
    }
}
