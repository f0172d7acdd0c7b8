//! A virtual screen, keys and taps, and pictures of it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use x11rb::connection::Connection;
use x11rb::protocol::randr::{ConnectionExt as _, MonitorInfo};
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt, ImageFormat, KEY_PRESS_EVENT, KEY_RELEASE_EVENT};
use x11rb::protocol::xtest::ConnectionExt as _;

use crate::process::{Running, run, wait_at_most, wait_for};

/// Between two keys of a simulated scanner, milliseconds: real ones take 7 to 16.
const SCANNER_GAP_MS: &str = "8";

/// Between two keys of a quick cashier, milliseconds: above what a scanner takes.
const TYPING_GAP_MS: &str = "90";

/// The same as a time.
const SCANNER_GAP: Duration = Duration::from_millis(8);

/// A till is busy so soon after a scanner's first key: less than the pause that would part them.
const BUSY_WITHIN: Duration = Duration::from_millis(22);

/// How often it is tried to be so quick.
const BUSY_TRIES_MAX: usize = 40;

/// How long a picture may go on changing before it is taken as it is.
const SETTLE: Duration = Duration::from_secs(5);

/// The symbol of the key that ends a scan.
const RETURN: u32 = 0xff0d;

/// An X server that draws into memory; dropped, it ends.
#[derive(Debug)]
pub struct Display {
    server: Child,
    name: String,
}

/// The pixels of a whole screen, eight-bit red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Rows from the top, three bytes a pixel.
    pub pixels: Vec<u8>,
}

impl Display {
    /// Starts a screen of this size on a free number.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                &format!("{width}x{height}x24"),
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start Xvfb; is it installed? cargo xtask test installs it")?;
        let out = server.stdout.take().context("read from Xvfb")?;
        let mut number = String::new();
        BufReader::new(out).read_line(&mut number)?;
        ensure!(!number.trim().is_empty(), "Xvfb ended without a display number");
        Ok(Self { server, name: format!(":{}", number.trim()) })
    }

    /// Starts a desk of several screens, side by side from the left; the first is where the till is.
    pub fn start_beside(screens: &[(u16, u16)]) -> Result<Self> {
        let width = screens.iter().map(|(width, _)| u32::from(*width)).sum();
        let height = screens.iter().map(|(_, height)| u32::from(*height)).max().context("a screen")?;
        let display = Self::start(width, height)?;
        let (connection, screen) = x11rb::connect(Some(&display.name)).context("connect to the display")?;
        let root = connection.setup().roots[screen].root;
        let mut outputs = connection.randr_get_screen_resources_current(root)?.reply()?.outputs;
        let mut x = 0;
        for (number, (width, height)) in (1..).zip(screens) {
            let name = connection.intern_atom(false, format!("Screen-{number}").as_bytes())?.reply()?.atom;
            let monitor = MonitorInfo {
                name,
                primary: number == 1,
                automatic: false,
                x,
                y: 0,
                width: *width,
                height: *height,
                width_in_millimeters: u32::from(*width) / 4,
                height_in_millimeters: u32::from(*height) / 4,
                // The first takes the place of the one that the server made by itself.
                outputs: std::mem::take(&mut outputs),
            };
            connection.randr_set_monitor(root, monitor)?.check()?;
            x += i16::try_from(*width)?;
        }
        Ok(display)
    }

    /// Its name, for `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn xdotool(&self, words: &[&str]) -> Result<String> {
        run(Command::new("xdotool").env("DISPLAY", &self.name).args(words))
    }

    /// Waits for the lane's window, the only one with a title here but for that of the customer, and gives it the keyboard.
    pub fn focus(&self) -> Result<()> {
        let window = wait_for("the window", || {
            let found = self.xdotool(&["search", "--onlyvisible", "--name", "."]).unwrap_or_default();
            let is_customers = |window: &&str| {
                let name = self.xdotool(&["getwindowname", window]).unwrap_or_default();
                name.contains("顾客屏") || name.contains("Customer")
            };
            Ok(found.lines().rfind(|window| !is_customers(window)).map(str::to_owned))
        })?;
        self.xdotool(&["mousemove", "5", "5"])?;
        self.xdotool(&["windowfocus", "--sync", &window])?;
        Ok(())
    }

    /// Presses keys by their X names, such as `Return`, `F4`, `space`.
    pub fn keys(&self, names: &[&str]) -> Result<()> {
        let mut words = vec!["key", "--delay", TYPING_GAP_MS];
        words.extend(names);
        self.xdotool(&words).map(drop)
    }

    /// Types as a quick cashier does.
    pub fn type_text(&self, text: &str) -> Result<()> {
        self.xdotool(&["type", "--delay", TYPING_GAP_MS, text]).map(drop)
    }

    /// Whether an input method serves the display: programs that start before it have none for a while.
    pub fn has_input_method(&self) -> Result<bool> {
        let (connection, screen) = x11rb::connect(Some(&self.name)).context("connect to the display")?;
        let servers = connection.intern_atom(true, b"XIM_SERVERS")?.reply()?.atom;
        if servers == x11rb::NONE {
            return Ok(false);
        }
        let root = connection.setup().roots[screen].root;
        let named = connection.get_property(false, root, servers, AtomEnum::ATOM, 0, 8)?.reply()?;
        Ok(!named.value.is_empty())
    }

    /// Types as a scanner does, Return included.
    pub fn scan(&self, code: &str) -> Result<()> {
        self.xdotool(&[
            "type",
            "--delay",
            SCANNER_GAP_MS,
            "--args",
            "1",
            code,
            "key",
            "--delay",
            "0",
            "Return",
        ])
        .map(drop)
    }

    /// Types as a scanner does before a till that is busy from its first key on: it takes that key, and is halted while all
    /// others come. Where this machine did not get that far within a scanner's pause, what came is taken back, and it is
    /// tried again.
    pub fn scan_before_busy(&self, code: &str, till: &Running) -> Result<()> {
        let (connection, screen) = x11rb::connect(Some(&self.name)).context("connect to the display")?;
        let root = connection.setup().roots[screen].root;
        let keys = keycodes(&connection, code)?;
        let (first, rest) = keys.split_first().context("a code")?;
        let press = |key: u8| -> Result<()> {
            for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
                connection.xtest_fake_input(kind, key, x11rb::CURRENT_TIME, root, 0, 0, 0)?;
            }
            // Answered once the server has taken what was before.
            connection.get_input_focus()?.reply()?;
            Ok(())
        };
        for _ in 0..BUSY_TRIES_MAX {
            let begun = Instant::now();
            press(*first)?;
            thread::sleep(SCANNER_GAP);
            let halted = till.halt()?;
            if begun.elapsed() > BUSY_WITHIN {
                drop(halted);
                thread::sleep(SETTLE / 10);
                self.keys(&["BackSpace"])?;
                thread::sleep(SETTLE / 10);
                continue;
            }
            for key in rest {
                press(*key)?;
                thread::sleep(SCANNER_GAP);
            }
            drop(halted);
            return Ok(());
        }
        anyhow::bail!("this machine never let a key and a halt come within {BUSY_WITHIN:?}")
    }

    /// Taps the screen.
    pub fn tap(&self, x: u32, y: u32) -> Result<()> {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]).map(drop)
    }

    /// What is on the screen now.
    pub fn picture(&self) -> Result<Picture> {
        let (connection, screen) = x11rb::connect(Some(&self.name)).context("connect to the display")?;
        let screen = &connection.setup().roots[screen];
        let (width, height) = (screen.width_in_pixels, screen.height_in_pixels);
        let image = connection
            .get_image(ImageFormat::Z_PIXMAP, screen.root, 0, 0, width, height, u32::MAX)?
            .reply()?;
        // Four bytes a pixel, blue first, as X servers of depth 24 give them.
        let pixels = image.data.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Ok(Picture { width, height, pixels })
    }

    /// Waits until some columns of the screen have stopped changing: what a finger waits for before it touches again,
    /// much cheaper than pictures.
    pub fn calm(&self) -> Result<()> {
        let (connection, screen) = x11rb::connect(Some(&self.name)).context("connect to the display")?;
        let root = connection.setup().roots[screen].root;
        let (width, height) = (
            connection.setup().roots[screen].width_in_pixels,
            connection.setup().roots[screen].height_in_pixels,
        );
        let look = || -> Result<Vec<u8>> {
            let mut seen = Vec::new();
            for part in 1..8 {
                let x = i16::try_from(u32::from(width) * part / 8)?;
                let column =
                    connection.get_image(ImageFormat::Z_PIXMAP, root, x, 0, 4, height, u32::MAX)?.reply()?;
                seen.extend(column.data);
            }
            Ok(seen)
        };
        let mut last = look()?;
        let mut same = 0;
        wait_at_most(SETTLE, "a calm screen", || {
            let now = look()?;
            same = if now == last { same + 1 } else { 0 };
            last = now;
            Ok((same >= 8).then_some(()))
        })
        // A clock or a counter may go on.
        .or_else(|_| anyhow::Ok(()))
    }

    /// What is on the screen once it has stopped changing.
    pub fn settled(&self) -> Result<Picture> {
        let mut last = self.picture()?;
        let mut same = 0;
        wait_at_most(SETTLE, "a calm screen", || {
            let now = self.picture()?;
            same = if now == last { same + 1 } else { 0 };
            last = now;
            Ok((same >= 6).then_some(()))
        })
        // A clock or a counter may go on; the newest is the best there is.
        .or_else(|_| anyhow::Ok(()))?;
        Ok(last)
    }

    /// Writes what is on the screen, once calm, as PNG.
    pub fn screenshot(&self, file: &Path) -> Result<Picture> {
        let picture = self.settled()?;
        let mut encoder =
            png::Encoder::new(std::fs::File::create(file)?, picture.width.into(), picture.height.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&picture.pixels)?;
        Ok(picture)
    }
}

/// The keys of a code of digits, and Return.
fn keycodes(connection: &impl Connection, code: &str) -> Result<Vec<u8>> {
    let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
    let mapping = connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
    let each = usize::from(mapping.keysyms_per_keycode).max(1);
    let symbols = code.chars().map(u32::from).chain([RETURN]);
    symbols
        .map(|symbol| {
            let place = mapping.keysyms.chunks(each).position(|of_key| of_key.first() == Some(&symbol));
            let place = place.with_context(|| format!("no key for {symbol:#x}"))?;
            Ok(first + u8::try_from(place)?)
        })
        .collect()
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
