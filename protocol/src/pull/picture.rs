//! Which picture goods have. The picture itself is got by its name, `GET /v1/pictures/{sha256}`, and never changes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::snapshot::is_name;

/// The most bytes of a picture as lanes get it: a JPEG.
pub const PICTURE_BYTES_MAX: u32 = 48 << 10;

/// The most pixels of a picture's longer side.
pub const PICTURE_SIDE_MAX: u32 = 256;

/// The folder of pictures within a lane's data directory.
pub const PICTURES_FOLDER: &str = "pictures";

/// The folder within it in which a till says by an empty file of a picture's name that it is damaged on the disk.
pub const PICTURES_DAMAGED: &str = "damaged";

/// Where the file of a name lies within the folder of pictures.
pub fn picture_path(folder: &Path, sha256: &str) -> PathBuf {
    folder.join(sha256.get(..2).unwrap_or_default()).join(sha256)
}

/// The name of a file: its SHA-256.
pub fn picture_name(file: &[u8]) -> String {
    Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The picture of goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// HQ's item code.
    pub sku: String,
    /// The SHA-256 of the file, 64 hexadecimal digits in lower case.
    pub sha256: String,
    /// How large the file is, bytes.
    pub bytes: u32,
}

impl Picture {
    /// Whether it names a file that a lane may get and keep.
    pub fn is_sound(&self) -> bool {
        is_name(&self.sha256) && (1..=PICTURE_BYTES_MAX).contains(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::{Change, Entity};

    fn picture() -> Picture {
        Picture { sku: "100001".into(), sha256: "0123456789abcdef".repeat(4), bytes: 9_876 }
    }

    #[test]
    fn how_pictures_are_told_never_changes() {
        let told = |body: Option<Picture>| {
            let change = Change { version: 7, key: "100001".into(), entity: Entity::Picture(body) };
            let text = serde_json::to_string(&change).expect("JSON");
            assert_eq!(serde_json::from_str::<Change>(&text).expect("read"), change);
            text
        };
        let lines = [told(Some(picture())), told(None)];
        expect_test::expect_file!["../../../fixtures/wire/pictures-v1/pictures.txt"]
            .assert_eq(&lines.join("\n"));
    }

    #[test]
    fn a_name_that_is_none_or_a_size_beyond_the_bound_is_not_got() {
        assert!(picture().is_sound());
        for wrong in [
            Picture { sha256: "../../etc/passwd".into(), ..picture() },
            Picture { sha256: picture().sha256.to_uppercase(), ..picture() },
            Picture { bytes: PICTURE_BYTES_MAX + 1, ..picture() },
            Picture { bytes: 0, ..picture() },
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
    }
}
