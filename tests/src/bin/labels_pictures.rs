//! Draws every page of the staff's window for shelf labels into a folder:
//! `cargo run -p tests --bin labels-pictures -- FOLDER [PART OF A LOOK'S NAME]`.

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("which folder?")?;
    tests::labels::pictures(folder.as_ref(), &arguments.next().unwrap_or_default())
}
