//! Draws the pictures of the cashier's guide: `cargo run -p tests --bin cashier-guide -- FOLDER [all]`. With `all`, in
//! both languages, both themes and two sizes, for looking at; without, those that the guide shows.

use std::path::Path;

use anyhow::{Context, Result};
use pos_app::config::{Language, Theme};
use tests::guide::{Look, pictures};
use ui::pixels::Pixels;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("name the folder for the pictures")?;
    let all = arguments.next().is_some_and(|word| word == "all");
    let pixels = Pixels::start()?;
    let themes = if all { vec![Theme::Light, Theme::Dark] } else { vec![Theme::Light] };
    let sizes = if all { vec![(1_024, 768), (1_920, 1_080)] } else { vec![(1_024, 768)] };
    for (language, word) in [(Language::Zh, "zh"), (Language::En, "en")] {
        for theme in &themes {
            for size in &sizes {
                let name = if all {
                    let shade = if *theme == Theme::Light { "light" } else { "dark" };
                    format!("{}-{word}-{shade}", size.0)
                } else {
                    word.to_owned()
                };
                let look = Look { language, theme: *theme, size: *size, shown_only: !all };
                let folder = Path::new(&folder).join(&name);
                let drawn = pictures(&pixels, &folder, look)?;
                println!("{name}: {} pictures", drawn.len());
            }
        }
    }
    Ok(())
}
