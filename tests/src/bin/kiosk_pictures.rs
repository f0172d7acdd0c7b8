//! Draws every page of the kiosk into a folder: `cargo run -p tests --bin kiosk-pictures -- FOLDER`.

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).context("which folder?")?;
    tests::kiosk::pictures(folder.as_ref())
}
