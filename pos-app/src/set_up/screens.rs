//! The screens of this machine beside the one on which the set-up stands: on one of them the customer's window may be.
//!
//! The X server is asked, which is what the window stands on. Where there is none, no other screen is found.

use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError};
use x11rb::protocol::randr::ConnectionExt as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, InputFocus, Window};

use super::ports::Port;

/// The most screens that are shown; a till has two.
const SCREENS_MAX: usize = 8;

/// Where a screen is, seen from the one on which the set-up stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// At its left.
    Left,
    /// At its right.
    Right,
    /// Above it.
    Above,
    /// Below it.
    Below,
}

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// The plug, such as `HDMI-2`.
    pub name: String,
    /// Where its upper left corner is, pixels of the whole desk,
    pub x: i32,
    /// and from the top.
    pub y: i32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where it is.
    pub side: Side,
}

/// The screens that were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Screens {
    /// Those beside the one on which the set-up stands.
    pub others: Vec<Screen>,
    /// Whether a window manager is there, which lets a window fill a screen.
    pub is_managed: bool,
}

impl Screen {
    /// Where it is, in one word.
    pub(super) fn place(&self) -> String {
        place((self.width, self.height), (self.x, self.y))
    }

    /// It as a place that can be chosen.
    pub(super) fn port(&self) -> Port {
        Port { path: self.place(), name: self.name.clone(), is_printer: false }
    }
}

/// A size and a corner as X writes them, `1024x600+1024+0`.
pub(super) fn place((width, height): (u32, u32), (x, y): (i32, i32)) -> String {
    format!("{width}x{height}{x:+}{y:+}")
}

/// What is at a display, by its name; of the one that the program was started on where there is none.
pub(super) fn find(display: Option<&str>) -> Screens {
    asked(display).unwrap_or_else(|error| {
        tracing::warn!(error = crate::lane::words(&error), "screens not found");
        Screens::default()
    })
}

/// Why the display did not tell its screens.
#[derive(Debug, thiserror::Error)]
enum FindError {
    #[error("reach the display")]
    Connect(#[from] ConnectError),
    #[error("ask the display for its screens")]
    Ask(#[from] ReplyError),
}

impl From<ConnectionError> for FindError {
    fn from(error: ConnectionError) -> Self {
        Self::Ask(error.into())
    }
}

fn asked(display: Option<&str>) -> Result<Screens, FindError> {
    let (connection, screen) = x11rb::connect(display)?;
    let Some(root) = connection.setup().roots.get(screen).map(|screen| screen.root) else {
        return Ok(Screens::default());
    };
    let mut areas = Vec::new();
    let mut primary = None;
    for monitor in connection.randr_get_monitors(root, true)?.reply()?.monitors {
        if monitor.width == 0 || monitor.height == 0 {
            continue;
        }
        if monitor.primary {
            primary = Some(areas.len());
        }
        let name = connection.get_atom_name(monitor.name)?.reply()?.name;
        areas.push(Area {
            name: String::from_utf8_lossy(&name).into_owned(),
            corner: (monitor.x.into(), monitor.y.into()),
            size: (monitor.width.into(), monitor.height.into()),
        });
    }
    let focus = focus(&connection, root)?;
    let check = connection.intern_atom(true, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
    let is_managed = check != x11rb::NONE
        && !connection.get_property(false, root, check, AtomEnum::WINDOW, 0, 1)?.reply()?.value.is_empty();
    let own =
        focus.and_then(|point| areas.iter().position(|area| area.holds(point))).or(primary).unwrap_or(0);
    Ok(Screens { others: beside(areas, own), is_managed })
}

/// The middle of the window that has the keyboard, which is the set-up's while somebody sets up.
fn focus(connection: &impl Connection, root: Window) -> Result<Option<(i32, i32)>, FindError> {
    let focus = connection.get_input_focus()?.reply()?.focus;
    if focus == u32::from(InputFocus::NONE) || focus == u32::from(InputFocus::POINTER_ROOT) || focus == root {
        return Ok(None);
    }
    // A window that goes meanwhile has no middle.
    let Ok(size) = connection.get_geometry(focus)?.reply() else { return Ok(None) };
    let Ok(at) = connection.translate_coordinates(focus, root, 0, 0)?.reply() else { return Ok(None) };
    let middle = |from: i16, length: u16| i32::from(from) + i32::from(length) / 2;
    Ok(Some((middle(at.dst_x, size.width), middle(at.dst_y, size.height))))
}

/// A screen as the display tells it.
#[derive(Debug, Clone)]
struct Area {
    name: String,
    corner: (i32, i32),
    size: (i32, i32),
}

impl Area {
    fn holds(&self, (x, y): (i32, i32)) -> bool {
        (self.corner.0..self.corner.0 + self.size.0).contains(&x)
            && (self.corner.1..self.corner.1 + self.size.1).contains(&y)
    }

    fn covers(&self, other: &Self) -> bool {
        self.corner.0 < other.corner.0 + other.size.0
            && other.corner.0 < self.corner.0 + self.size.0
            && self.corner.1 < other.corner.1 + other.size.1
            && other.corner.1 < self.corner.1 + self.size.1
    }

    fn side_of(&self, own: &Self) -> Side {
        let twice_middle = |area: &Self| (area.corner.0 * 2 + area.size.0, area.corner.1 * 2 + area.size.1);
        let ((x, y), (own_x, own_y)) = (twice_middle(self), twice_middle(own));
        if (x - own_x).abs() >= (y - own_y).abs() {
            if x < own_x { Side::Left } else { Side::Right }
        } else if y < own_y {
            Side::Above
        } else {
            Side::Below
        }
    }
}

/// Every screen but that of the set-up, and such as show the same: the customer must not stand in the cashier's way.
fn beside(areas: Vec<Area>, own: usize) -> Vec<Screen> {
    let Some(own) = areas.get(own).cloned() else { return Vec::new() };
    let mut others: Vec<Screen> = areas
        .into_iter()
        .filter(|area| !area.covers(&own))
        .map(|area| Screen {
            side: area.side_of(&own),
            x: area.corner.0,
            y: area.corner.1,
            width: area.size.0.unsigned_abs(),
            height: area.size.1.unsigned_abs(),
            name: area.name,
        })
        .collect();
    others.sort_by_key(|screen| (screen.x, screen.y));
    others.truncate(SCREENS_MAX);
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(name: &str, corner: (i32, i32), size: (i32, i32)) -> Area {
        Area { name: name.to_owned(), corner, size }
    }

    #[test]
    fn screens_are_told_by_where_they_are_and_a_mirror_of_ones_own_is_none() {
        let areas = vec![
            area("eDP-1", (0, 0), (1_024, 768)),
            area("HDMI-1", (0, 0), (1_920, 1_080)),
            area("HDMI-2", (1_920, 0), (1_280, 800)),
            area("DP-1", (0, 1_080), (1_024, 600)),
            area("DP-2", (-800, 100), (800, 600)),
            area("DP-3", (0, -600), (1_024, 600)),
        ];
        let found: Vec<(String, Side)> =
            beside(areas, 0).into_iter().map(|screen| (screen.name, screen.side)).collect();
        let wanted =
            [("DP-2", Side::Left), ("DP-3", Side::Above), ("DP-1", Side::Below), ("HDMI-2", Side::Right)];
        assert_eq!(found, wanted.map(|(name, side)| (name.to_owned(), side)));
        assert_eq!(beside(Vec::new(), 0), []);
    }

    #[test]
    fn without_a_display_no_screen_is_found() {
        assert_eq!(find(Some("none:7")), Screens::default());
    }
}
