//! Draws the staff's window for shelf labels into a folder: every page in both languages, colours and three sizes, or
//! what the guide shows: `cargo run -p tests --bin labels-pictures -- FOLDER [guide]`.

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("which folder?")?;
    match arguments.next().as_deref() {
        None => tests::labels::all_pictures(folder.as_ref()),
        Some("guide") => tests::labels::guide_pictures(folder.as_ref()),
        Some(other) => bail!("{other}: nothing, or guide, is needed"),
    }
}
