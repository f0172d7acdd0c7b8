//! The shop's labels: what the lane writes down of them, and the gateways that
//! bring faces to them.
//!
//! | module | what |
//! |---|---|
//! | [`plan`] | what each label should say |
//! | [`choice`] | which template, in which words |
//! | [`parity`] | labels held against the till |
//! | [`facts`] | what the lane's own journal says of labels, before HQ tells it |
//! | [`keeper`] | the thread that owns the gateways and does what [`crate::core::ShelfCore`] says |
//!
//! Which gateways there are stands in `labels.toml` in the lane's data
//! directory; a lane without one only reads its journal.

pub mod choice;
pub mod facts;
mod goods;
pub mod keeper;
pub mod parity;
pub mod plan;
#[cfg(unix)]
pub mod resend;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use choice::{CATEGORIES_MAX, Condition};
use serde::Deserialize;

/// The most gateways of one agent.
pub const GATEWAYS_MAX: usize = 32;

/// The file's name within the lane's data directory.
pub const CONFIG_NAME: &str = "labels.toml";

/// Why the gateways' configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("read {path}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not of its form.
    #[error("read {path}", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
    /// What is said of templates cannot be.
    #[error("read {path}: {what}", path = path.display())]
    Templates {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to write.
        what: &'static str,
    },
    /// There are too many.
    #[error("read {path}, line {line}: more than {GATEWAYS_MAX} gateways; leave this one to another lane's agent", path = path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
        /// Where the first stands that is too many, from 1.
        line: usize,
    },
    /// One stands there twice.
    #[error("read {path}, line {line}: {host} stands there already; take one of them out", path = path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// Where it stands again, from 1.
        line: usize,
        /// Which.
        host: String,
    },
}

/// What `labels.toml` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabelsConfig {
    /// The gateways of the store that this agent works.
    pub gateway: Vec<GatewayConfig>,
    /// A folder with templates of the chain's own, as `docs/labels.md` says.
    pub templates: Option<PathBuf>,
    /// The words on labels are English.
    pub english: bool,
    /// What a QR code on a label says, with `{sku}` or `{gtin}` where the
    /// item's code or its GTIN of fourteen digits stands; empty for none.
    pub link: String,
    /// The ids of price lists and promotions that clear goods out.
    pub clearance: Vec<String>,
    /// Goods of which HQ's books have none in the store are shown as sold out: where what is brought is written down.
    pub out_of_stock: bool,
    /// Templates for goods of a category, by condition.
    pub category: BTreeMap<String, BTreeMap<Condition, String>>,
}

/// A gateway.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Host and port of an OpenEPaperLink access point.
    pub host: String,
    /// How fast its clock runs: 1, and more for a simulated one.
    #[serde(default = "one")]
    pub speed: u64,
}

fn one() -> u64 {
    1
}

impl LabelsConfig {
    /// Reads it; one without gateways where there is no file.
    pub fn read(data: &Path) -> Result<Self, ConfigError> {
        let path = data.join(CONFIG_NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ConfigError::Io { path, source }),
        };
        let config: Self =
            toml::from_str(&text).map_err(|source| ConfigError::Form { path: path.clone(), source })?;
        let line = |place: usize| line_of(&text, place);
        let mut known = BTreeSet::new();
        for (place, gateway) in config.gateway.iter().enumerate() {
            if place >= GATEWAYS_MAX {
                return Err(ConfigError::TooMany { path, line: line(place) });
            }
            if !known.insert(&gateway.host) {
                return Err(ConfigError::Twice { path, line: line(place), host: gateway.host.clone() });
            }
        }
        if config.category.len() > CATEGORIES_MAX {
            return Err(ConfigError::Templates {
                path,
                what: "too many categories have templates of their own",
            });
        }
        let says_which = config.link.contains("{sku}") || config.link.contains("{gtin}");
        if !config.link.is_empty() && !says_which {
            let what = "link must have {sku} or {gtin} in it, or all codes say the same";
            return Err(ConfigError::Templates { path, what });
        }
        Ok(config)
    }
}

/// The line, from 1, on which the host of the gateway at this place stands.
fn line_of(text: &str, place: usize) -> usize {
    #[derive(Deserialize)]
    struct Hosts {
        gateway: Vec<Host>,
    }
    #[derive(Deserialize)]
    struct Host {
        host: toml::Spanned<String>,
    }
    let start = toml::from_str::<Hosts>(text)
        .ok()
        .and_then(|hosts| hosts.gateway.get(place).map(|gateway| gateway.host.span().start));
    1 + text.bytes().take(start.unwrap_or(0)).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_stand_in_a_file_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |text: &str| {
            std::fs::write(folder.path().join(CONFIG_NAME), text).expect("written");
            LabelsConfig::read(folder.path())
        };
        assert_eq!(LabelsConfig::read(folder.path()).expect("none"), LabelsConfig::default());
        let two =
            read("[[gateway]]\nhost = \"10.0.0.4\"\n\n[[gateway]]\nhost = \"10.0.0.5:8080\"\nspeed = 60\n");
        let two = two.expect("two gateways");
        assert_eq!((two.gateway[0].speed, two.gateway[1].host.as_str()), (1, "10.0.0.5:8080"));
        let twice = read("[[gateway]]\nhost = \"a\"\n[[gateway]]\nhost = \"a\"\n");
        let twice = twice.expect_err("twice").to_string();
        assert!(twice.contains("line 4: a stands there already"), "{twice}");
        let many: String =
            (0..=GATEWAYS_MAX).map(|lane| format!("[[gateway]]\nhost = \"{lane}\"\n")).collect();
        let many = read(&many).expect_err("too many").to_string();
        assert!(many.contains("line 66: more than 32 gateways"), "{many}");
        let link = read("link = \"https://shop.example/\"").expect_err("no item in it");
        assert!(matches!(link, ConfigError::Templates { .. }), "{link}");
        let chosen = read("clearance = [\"out\"]\n[category.wine]\npromotion = \"wine\"\n").expect("read");
        assert_eq!(chosen.category["wine"][&Condition::Promotion], "wine");
        let wrong = read("[category.wine]\nsometimes = \"wine\"\n").expect_err("no condition");
        assert!(matches!(wrong, ConfigError::Form { .. }), "{wrong}");
        let typo = read("[[gatway]]\nhost = \"a\"\n").expect_err("a typo");
        assert!(matches!(typo, ConfigError::Form { .. }), "{typo}");
    }
}
