//! Between what is kept of labels and what their gateways speak of: faces with
//! the press that prints them, panels, and how requests and gateways stand.

use domain::label::LabelNumber;
use drivers::esl::{Article, LabelId, wire};
use drivers::frame::Health;
use drivers::label::{Accent, Face, Fonts, KEPT_TEMPLATES, Kept, Language, Panel, Press, Values, with_own};
use ledger::reference::shelf::{GatewayState, LabelFace, LabelState, PanelAccent, PanelSeen};
use tracing::{info, warn};

use super::{KeeperConfig, KeeperError};
use crate::core::Given;
use crate::labels::choice::Choice;

static REGULAR: &[u8] = include_bytes!("../../../../ui/fonts/NotoSansSC-Regular.otf");
static BOLD: &[u8] = include_bytes!("../../../../ui/fonts/NotoSansSC-Bold.otf");

pub(super) fn article(given: &Given) -> Result<Article, String> {
    let id = given.number.as_str().parse().map_err(|_| "a number of a label".to_owned())?;
    Ok(Article { id, template: given.face.template.clone(), values: values(&given.face) })
}

fn values(face: &LabelFace) -> Values {
    Values::of(face.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

pub(super) fn press(config: &KeeperConfig) -> Result<Press, KeeperError> {
    let kept = config.reference.with_file_name(KEPT_TEMPLATES);
    let config = &config.labels;
    let language = if config.english { Language::English } else { Language::Chinese };
    let fonts = Fonts::new(REGULAR, BOLD)?;
    let (press, left_out) = with_own(fonts, language, config.templates.as_deref(), Kept::Write(&kept))?;
    for left in left_out {
        warn!(file = left.file, why = left.why, instead = %left.instead, "a template is not used as it stands");
    }
    Ok(press)
}

/// What labels were seen to show, as the gateway needs it to know that again.
/// A label that something was sent to since is sent its face anew.
pub(super) fn recalled(
    press: &mut Press,
    choice: &Choice,
    states: &[(LabelNumber, LabelState)],
    host: &str,
) -> Vec<(LabelId, Face, [u8; 8])> {
    let mut recalled = Vec::new();
    for (number, state) in states.iter().filter(|(_, state)| state.gateway == host && state.sent.is_empty()) {
        let (Some(face), Some(panel)) = (&state.shown, state.panel.and_then(panel)) else { continue };
        let (Ok(id), Some(hash)) = (number.as_str().parse(), hash(&state.shown_hash)) else { continue };
        if face.drawing != choice.drawing(&face.template) {
            // Nobody knows any more how it looks.
            continue;
        }
        if let Ok(printed) = press.print(&face.template, panel, &values(face)) {
            recalled.push((id, printed.face, hash));
        }
    }
    info!(host, labels = recalled.len(), "a gateway is begun");
    recalled
}

fn hash(text: &str) -> Option<[u8; 8]> {
    u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16).map(u64::to_be_bytes)
}

pub(super) fn panel_seen(hw_type: u8) -> PanelSeen {
    let panel = wire::known_panel(hw_type);
    PanelSeen {
        hw_type,
        width: panel.map_or(0, Panel::width),
        height: panel.map_or(0, Panel::height),
        accent: match panel.map(Panel::accent) {
            Some(Accent::Red) => PanelAccent::Red,
            Some(Accent::Yellow) => PanelAccent::Yellow,
            Some(Accent::None) | None => PanelAccent::None,
        },
    }
}

fn panel(seen: PanelSeen) -> Option<Panel> {
    let accent = match seen.accent {
        PanelAccent::None => Accent::None,
        PanelAccent::Red => Accent::Red,
        PanelAccent::Yellow => Accent::Yellow,
    };
    Panel::new(seen.width, seen.height, accent)
}

pub(super) fn tries(why: &drivers::esl::GivenUp) -> u32 {
    use drivers::esl::GivenUp;
    match why {
        GivenUp::NotConfirmed { tries } | GivenUp::NoEffect { tries } => *tries,
        GivenUp::Unknown
        | GivenUp::Asleep
        | GivenUp::UnknownType(_)
        | GivenUp::Refused(_)
        | GivenUp::Print(_) => 0,
    }
}

pub(super) fn gateway_state(health: &Health, since_ms: i64) -> GatewayState {
    let why = match health {
        Health::Ready => String::new(),
        other => format!("{other:?}"),
    };
    GatewayState { is_up: why.is_empty(), since_ms, why, open: 0 }
}
