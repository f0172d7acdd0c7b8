//! The doctor's test of the customer's window: the real program on a virtual screen.

use std::process::Command;

use anyhow::{Result, ensure};
use tests::display::{Display, Picture};
use tests::process::{Running, program, wait_for};

/// A PNG file of one grey.
fn grey(file: &std::path::Path, shade: u8) -> Result<()> {
    let mut encoder = png::Encoder::new(std::fs::File::create(file)?, 64, 64);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header()?.write_image_data(&[shade; 64 * 64])?;
    Ok(())
}

#[test]
fn the_doctor_shows_the_customers_window_with_all_that_it_shows() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lane = folder.path().join("lane");
    std::fs::create_dir_all(lane.join("pictures"))?;
    grey(&lane.join("pictures/a.png"), 200)?;
    grey(&lane.join("pay.png"), 60)?;
    let set_up = "[customer]\nwidth = 1024\nheight = 600\npictures = \"pictures\"\ncode = \"pay.png\"\n";
    std::fs::write(lane.join("lane.toml"), set_up)?;
    let display = Display::start(1_024, 768)?;
    let mut doctor = Command::new(program("pos-app")?);
    doctor.env("DISPLAY", display.name()).env("SLINT_SCALE_FACTOR", "1");
    doctor.args(["doctor", "--test", "customer", "--data"]).arg(&lane);
    let log = folder.path().join("doctor.log");
    let mut doctor = Running::start(&mut doctor, "pos-app doctor", &log)?;
    let mut seen: Vec<Picture> = vec![display.picture()?];
    // Nothing, the picture, a basket, what is to be paid.
    wait_for("four different screens", || {
        let now = display.picture()?;
        if !seen.contains(&now) {
            seen.push(now);
        }
        let has_ended = doctor.has_ended()?;
        ensure!(!has_ended || seen.len() >= 4, "it ended after {} screens", seen.len());
        Ok((seen.len() >= 4).then_some(()))
    })?;
    wait_for("the doctor's end", || Ok(doctor.has_ended()?.then_some(())))?;
    let said = std::fs::read_to_string(&log)?;
    ensure!(said.contains("pictures (1)") && said.contains("shown at 0,0, 1024x600"), "{said}");

    // Without a window in the set-up, and with a picture that is none, it says what to do.
    for (set_up, wanted) in
        [("", "no customer's window in lane.toml"), ("[customer]\ncode = \"lane.toml\"\n", "lane.toml")]
    {
        std::fs::write(lane.join("lane.toml"), set_up)?;
        let out = Command::new(program("pos-app")?)
            .env("DISPLAY", display.name())
            .args(["doctor", "--test", "customer", "--data"])
            .arg(&lane)
            .output()?;
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        ensure!(!out.status.success() && said.contains(wanted), "{set_up}: {said}");
    }
    Ok(())
}
