//! The grid of goods by keys: Right goes into it, a frame goes from tile to tile, Enter adds what it stands around.

use domain::till::Desk;
use ui::action::Key;

use super::TILES_MAX;
use crate::lane::{Lane, State};

/// Tiles in a row of the grid.
const COLUMNS: usize = 4;

impl Lane {
    /// Whether an arrow key was one for the grid: nothing else is typed or asked.
    pub(super) fn moves_in_grid(&mut self, key: Key) -> bool {
        let shown = self.front.tiles.as_ref().map_or(0, |tiles| tiles.len().min(TILES_MAX));
        if !self.is_at_grid() || shown == 0 {
            return false;
        }
        let at = self.front.grid;
        self.front.grid = match (at, key) {
            (None, Key::Right) => Some(0),
            (Some(0), Key::Left) => None,
            (Some(at), Key::Left) => Some(at - 1),
            (Some(at), Key::Right) => Some((at + 1).min(shown - 1)),
            (Some(at), Key::Up) => Some(at.checked_sub(COLUMNS).unwrap_or(at)),
            (Some(at), Key::Down) => Some(if at + COLUMNS < shown { at + COLUMNS } else { at }),
            _ => return false,
        };
        self.front.notice = None;
        true
    }

    /// A page key where no page follows: the category before or after this one.
    pub(super) fn turns_category(&mut self, forward: bool) -> bool {
        let State::Open(open) = &self.state else { return false };
        // The first tab is the pinned goods.
        let last = open.categories().len();
        let pages = self.front.tiles.as_ref().is_some_and(|tiles| tiles.len() > TILES_MAX);
        let tab = match forward {
            true if !pages => (self.front.tab + 1).min(last),
            false if self.front.page == 0 => self.front.tab.saturating_sub(1),
            true | false => return false,
        };
        if !self.is_at_grid() || tab == self.front.tab {
            return false;
        }
        self.turn_to(tab, 0);
        true
    }

    fn is_at_grid(&self) -> bool {
        let selling = self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_)));
        selling
            && self.kiosk.is_none()
            && self.front.sheets.is_empty()
            && self.front.entry.is_empty()
            && self.front.results.is_empty()
    }
}
