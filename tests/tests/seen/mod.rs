//! What windows look like, held against what they looked like before: a digest of each picture in a list beside the test,
//! and a measure of every text on it.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use sha2::{Digest, Sha256};
use tests::stand::save;
use ui::TillScreen;
use ui::pixels::Drawn;

/// Pictures that were looked at.
pub struct Seen {
    list: PathBuf,
    known: BTreeMap<String, String>,
    digests: BTreeMap<String, String>,
    others: Vec<String>,
    measured: usize,
    too_large: BTreeSet<String>,
}

impl Seen {
    /// Begins to look; what is known stands in a list, a digest and a name a line.
    pub fn against(list: &Path) -> Self {
        let text = std::fs::read_to_string(list).unwrap_or_default();
        let known = text
            .lines()
            .filter_map(|line| line.split_once(' ').map(|(digest, name)| (name.into(), digest.into())))
            .collect();
        Self {
            list: list.to_owned(),
            known,
            digests: BTreeMap::new(),
            others: Vec::new(),
            measured: 0,
            too_large: BTreeSet::new(),
        }
    }

    /// Looks at a picture.
    ///
    /// # Panics
    /// One of this name was looked at before, it shows nothing, or it cannot be left for somebody to look at.
    pub fn look(&mut self, name: &str, drawn: &Drawn) {
        assert!(drawn.bytes.chunks_exact(4).any(|pixel| pixel != &drawn.bytes[..4]), "{name} shows nothing");
        let digest = Sha256::digest(&drawn.bytes).iter().take(12).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        if self.known.get(name) != Some(&digest) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/snapshots");
            std::fs::create_dir_all(&folder).expect("a folder");
            let stem = self.list.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let path = folder.join(format!("{stem}-{}.png", name.replace([' ', '/'], "-")));
            save(drawn, &path).expect("saved");
            self.others.push(path.display().to_string());
        }
        assert!(self.digests.insert(name.to_owned(), digest).is_none(), "{name} was seen twice");
    }

    /// Measures the texts of a till's window: one that is larger than what it stands in would be drawn over its neighbours
    /// or cut.
    pub fn measure(&mut self, name: &str, screen: &TillScreen) {
        use AccessibleRole::{Button, ListItem, Tab, Text, TextInput};
        for role in [Button, Tab, ListItem, TextInput, Text] {
            let root = ElementQuery::from_root(screen.window());
            for place in root.match_accessible_role(role).find_all() {
                let (corner, size) = (place.absolute_position(), place.size());
                for text in place.query_descendants().match_inherits("Text").find_all() {
                    let (at, of) = (text.absolute_position(), text.size());
                    // An entry line shows the end of what is typed; the rest is meant to be out of sight.
                    let beside = role != TextInput
                        && (at.x + 1.0 < corner.x || at.x + of.width > corner.x + size.width + 1.0);
                    let above = at.y + 1.0 < corner.y || at.y + of.height > corner.y + size.height + 1.0;
                    self.measured += 1;
                    if beside || above {
                        let label = place.accessible_label().unwrap_or_default();
                        self.too_large.insert(format!("{name}: {role:?} {label:?}, text {of:?} in {size:?}"));
                    }
                }
            }
        }
    }

    /// Holds what was seen against what was known; with `UPDATE_EXPECT` it is known from now on.
    ///
    /// # Panics
    /// A picture is not as it was, a text is larger than its place, or fewer than so many were measured.
    pub fn check(self, measured_min: usize) {
        assert!(self.measured >= measured_min, "only {} texts were measured", self.measured);
        assert!(self.too_large.is_empty(), "{:#?}", self.too_large);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let lines = self.digests.iter().map(|(name, digest)| format!("{digest} {name}\n"));
            return std::fs::write(&self.list, lines.collect::<String>()).expect("written");
        }
        let others = &self.others;
        assert!(others.is_empty(), "{} are not as they were; look at\n{}", others.len(), others.join("\n"));
        let list = self.list.display();
        assert_eq!(self.known.len(), self.digests.len(), "{list} names pictures that are not drawn any more");
    }
}
