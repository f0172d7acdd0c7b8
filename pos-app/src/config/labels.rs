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

/// How the agent draws labels: the lane draws what people look at in the same way. Gateways are worked by the agent alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Drawn {
    /// A folder with templates of the chain's own.
    pub templates: Option<PathBuf>,
    /// The words on labels are English.
    pub english: bool,
    /// Where gateways are, for whoever looks whether they answer.
    pub gateway: Vec<Gateway>,
}

/// A gateway, as far as the lane cares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Gateway {
    /// Host and, where it is not 80, port.
    pub host: String,
}

/// Why `labels.toml` is not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadDrawnError {
    /// The file cannot be read.
    #[error("read {file}: {source}", file = file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not of its form.
    #[error("read {file}: {source}", file = file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// Why, with the line.
        source: Box<toml::de::Error>,
    },
}

impl Drawn {
    /// Reads it. A file that cannot be read stops the agent, which says so; pictures are then drawn as usual.
    pub fn read(file: &Path) -> Self {
        Self::try_read(file).unwrap_or_else(|error| {
            tracing::warn!(%error, "how labels are drawn is not read");
            Self::default()
        })
    }

    /// Reads it; where there is no file, labels are drawn as usual.
    ///
    /// # Errors
    /// It cannot be read, or is not of its form.
    pub fn try_read(file: &Path) -> Result<Self, ReadDrawnError> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ReadDrawnError::Io { file: file.to_owned(), source }),
        };
        toml::from_str(&text)
            .map_err(|source| ReadDrawnError::Form { file: file.to_owned(), source: Box::new(source) })
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
        let gateway = vec![Gateway { host: "10.0.0.4".to_owned() }];
        assert_eq!(Drawn::read(&file), Drawn { templates: Some("/t".into()), english: true, gateway });
        std::fs::write(&file, "templates = 3").expect("written");
        assert_eq!(Drawn::read(&file), Drawn::default());
    }
}
