//! `[labels]` of `lane.toml`, and what the lane reads in `labels.toml` of how its agent draws shelf labels.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// How the staff works at shelf labels here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Labels {
    /// A label that no access point has heard for so many hours is lost. Labels look for news every few minutes, and
    /// a night with an access point switched off is no loss.
    pub lost_hours: u32,
}

impl Default for Labels {
    fn default() -> Self {
        Self { lost_hours: 24 }
    }
}

/// How the agent draws labels: the lane draws what people look at in the same way. Gateways are the agent's alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Drawn {
    /// A folder with templates of the chain's own.
    pub templates: Option<PathBuf>,
    /// The words on labels are English.
    pub english: bool,
}

impl Drawn {
    /// Reads it. A file that cannot be read stops the agent, which says so; pictures are then drawn as usual.
    pub fn read(file: &Path) -> Self {
        let Ok(text) = std::fs::read_to_string(file) else { return Self::default() };
        toml::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, file = %file.display(), "how labels are drawn is not read");
            Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_agent_alone_needs_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("labels.toml");
        assert_eq!(Drawn::read(&file), Drawn::default());
        std::fs::write(&file, "templates = \"/t\"\nenglish = true\n\n[[gateway]]\nhost = \"10.0.0.4\"\n")
            .expect("written");
        assert_eq!(Drawn::read(&file), Drawn { templates: Some("/t".into()), english: true });
        std::fs::write(&file, "templates = 3").expect("written");
        assert_eq!(Drawn::read(&file), Drawn::default());
    }
}
