//! Pictures of labels: drawn as the agent draws them for the labels themselves.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use drivers::label::{
    Accent, Face, Fonts, Ink, KEPT_TEMPLATES, Kept, Language, OwnFiles, Panel, Press, PrintError, Values,
    own_files, with_own,
};
use ledger::reference::shelf::{LabelFace, PanelAccent, PanelSeen};
use ui::customer::Picture;

use crate::config::Drawn;

static REGULAR: &[u8] = include_bytes!("../../../ui/fonts/NotoSansSC-Regular.otf");
static BOLD: &[u8] = include_bytes!("../../../ui/fonts/NotoSansSC-Bold.otf");

/// Pictures that are kept take at most so many bytes: a page of a list of ordinary labels twice over.
const PICTURE_BYTES_MAX: usize = 24 << 20;

/// The chain's own templates are looked at so often.
const TEMPLATES_EVERY: Duration = Duration::from_secs(5);

/// Bytes of a pixel.
const PIXEL_BYTES: usize = 4;

/// Draws labels, and keeps what was drawn last.
pub(super) struct Faces {
    config: PathBuf,
    /// `None` before the first picture; what cannot be made then is not tried again.
    press: Option<Option<Press>>,
    /// The chain's own templates as they were read, and when they were looked at.
    own: Option<(OwnFiles, Instant)>,
    pictures: VecDeque<Drawing>,
    bytes: usize,
}

struct Drawing {
    template: String,
    values: Values,
    panel: Panel,
    picture: Option<Picture>,
}

impl Faces {
    /// Draws as the file of the agent says, `labels.toml`.
    pub(super) fn new(config: PathBuf) -> Self {
        Self { config, press: None, own: None, pictures: VecDeque::new(), bytes: 0 }
    }

    /// Templates that were changed are read again.
    fn follow_templates(&mut self) {
        if self.own.as_ref().is_some_and(|(_, looked)| looked.elapsed() < TEMPLATES_EVERY) {
            return;
        }
        let now = own_files(Drawn::read(&self.config).templates.as_deref());
        let before = self.own.replace((now.clone(), Instant::now()));
        if before.is_some_and(|(before, _)| before != now) {
            self.press = None;
            self.pictures.clear();
            self.bytes = 0;
        }
    }

    fn press(&mut self) -> Option<&mut Press> {
        self.follow_templates();
        let config = &self.config;
        self.press
            .get_or_insert_with(|| {
                let drawn = Drawn::read(config);
                let language = if drawn.english { Language::English } else { Language::Chinese };
                let fonts = Fonts::new(REGULAR, BOLD).map_err(|error| error.to_string());
                let made = fonts.and_then(|fonts| {
                    // The agent's copies: what it draws after a bad edit is shown here too.
                    let kept = config.with_file_name(KEPT_TEMPLATES);
                    with_own(fonts, language, drawn.templates.as_deref(), Kept::Read(&kept))
                        .map_err(|error| error.to_string())
                });
                match made {
                    Ok((press, left_out)) => {
                        for left in left_out {
                            let instead = left.instead.to_string();
                            tracing::warn!(
                                file = left.file,
                                why = left.why,
                                instead,
                                "a template is left out"
                            );
                        }
                        Some(press)
                    }
                    Err(error) => {
                        tracing::error!(error, "labels are not drawn");
                        None
                    }
                }
            })
            .as_mut()
    }

    /// The names of all templates, in order.
    pub(super) fn templates(&mut self) -> Vec<String> {
        self.press().map(|press| press.templates().names().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// The picture of a face on a panel; `None` where it cannot be drawn, the panel is not known, or the face was made
    /// from a drawing that is another one by now.
    pub(super) fn picture(&mut self, face: &LabelFace, seen: PanelSeen) -> Option<Picture> {
        let drawing = self.press()?.templates().drawing(&face.template);
        if !face.drawing.is_empty() && drawing.as_ref() != Some(&face.drawing) {
            return None;
        }
        let (panel, values) = (panel(seen)?, values(face));
        let is_it = |drawn: &Drawing| {
            drawn.panel == panel && drawn.template == face.template && drawn.values == values
        };
        if let Some(at) = self.pictures.iter().position(is_it) {
            let drawn = self.pictures.remove(at)?;
            let picture = drawn.picture.clone();
            self.pictures.push_back(drawn);
            return picture;
        }
        let printed = self.press()?.print(&face.template, panel, &values);
        let picture = printed.ok().and_then(|printed| coloured(&printed.face));
        self.bytes += size(panel);
        self.pictures.push_back(Drawing {
            template: face.template.clone(),
            values,
            panel,
            picture: picture.clone(),
        });
        while self.bytes > PICTURE_BYTES_MAX && self.pictures.len() > 1 {
            self.bytes -= self.pictures.pop_front().map_or(0, |oldest| size(oldest.panel));
        }
        picture
    }

    /// Whether a face fits a panel. What is not known fits.
    pub(super) fn fits(&mut self, face: &LabelFace, seen: PanelSeen) -> bool {
        let Some(panel) = panel(seen) else { return true };
        let Some(press) = self.press() else { return true };
        !matches!(
            press.print(&face.template, panel, &values(face)),
            Err(PrintError::DoesNotFit { .. } | PrintError::NoTemplate(_))
        )
    }
}

fn size(panel: Panel) -> usize {
    usize::from(panel.width()) * usize::from(panel.height()) * PIXEL_BYTES
}

fn values(face: &LabelFace) -> Values {
    Values::of(face.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

fn panel(seen: PanelSeen) -> Option<Panel> {
    let accent = match seen.accent {
        PanelAccent::None => Accent::None,
        PanelAccent::Red => Accent::Red,
        PanelAccent::Yellow => Accent::Yellow,
    };
    Panel::new(seen.width, seen.height, accent)
}

/// A face as it looks on the shelf.
fn coloured(face: &Face) -> Option<Picture> {
    let panel = face.panel();
    let ink = |ink: &Ink| match (ink, panel.accent()) {
        (Ink::White, _) => [255, 255, 255, 255],
        (Ink::Black, _) | (Ink::Accent, Accent::None) => [24, 24, 24, 255],
        (Ink::Accent, Accent::Red) => [192, 24, 32, 255],
        (Ink::Accent, Accent::Yellow) => [232, 184, 0, 255],
    };
    let pixels: Vec<u8> = face.pixels().iter().flat_map(ink).collect();
    Picture::new(u32::from(panel.width()), u32::from(panel.height()), pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(price: &str) -> LabelFace {
        LabelFace {
            template: "normal".into(),
            texts: [("name", "牛奶"), ("price", price)]
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into(),
            ..LabelFace::default()
        }
    }

    #[test]
    fn a_face_of_another_drawing_has_no_picture() {
        let mut faces = Faces::new("/nowhere".into());
        let small = PanelSeen { hw_type: 1, width: 296, height: 128, accent: PanelAccent::Red };
        let drawing = faces.press().expect("templates").templates().drawing("normal").expect("there");
        assert!(faces.picture(&LabelFace { drawing, ..face("1.00") }, small).is_some());
        assert_eq!(faces.picture(&LabelFace { drawing: "0".repeat(16), ..face("1.00") }, small), None);
    }

    #[test]
    fn a_picture_is_drawn_once_and_the_oldest_goes() {
        let mut faces = Faces::new("/nowhere".into());
        let small = PanelSeen { hw_type: 1, width: 296, height: 128, accent: PanelAccent::Red };
        let first = faces.picture(&face("1.00"), small).expect("a picture");
        assert_eq!(faces.picture(&face("1.00"), small), Some(first.clone()));
        assert_ne!(faces.picture(&face("2.00"), small), Some(first));
        assert_eq!(faces.picture(&face("1.00"), PanelSeen { width: 0, ..small }), None);
        let large = PanelSeen { width: 2_000, height: 2_000, ..small };
        assert!(faces.picture(&face("1.00"), large).is_some());
        assert!(faces.picture(&face("2.00"), large).is_some());
        assert_eq!(faces.pictures.len(), 1);
    }

    #[test]
    fn a_face_that_has_no_room_is_known_before_it_is_sent() {
        let mut faces = Faces::new("/nowhere".into());
        let tiny = PanelSeen { hw_type: 1, width: 40, height: 20, accent: PanelAccent::None };
        assert!(faces.fits(&face("18.90"), PanelSeen { width: 296, height: 128, ..tiny }));
        assert!(!faces.fits(&face("123456789.90"), tiny));
        assert!(faces.fits(&face("18.90"), PanelSeen { width: 0, ..tiny }));
    }
}
