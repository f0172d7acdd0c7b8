//! What a kiosk shows of goods: their pictures, and those that have no code to scan.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use domain::catalogue::Item;
use ui::customer::Picture;

use crate::customer;
use crate::lane::OpenLane;

/// Pictures that are kept in memory; the longest unused goes first.
const PICTURES_MAX: usize = 128;

/// The most goods of one kind that are offered by picture.
const GOODS_MAX: usize = 400;

/// The most kinds of goods.
const KINDS_MAX: usize = 8;

/// A kind of goods that has some without a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GoodsKind {
    pub name_zh: String,
    pub name_en: String,
    pub goods: Vec<Arc<Item>>,
}

/// Pictures and goods without codes.
pub(super) struct Shelf {
    folder: Option<PathBuf>,
    pictures: RefCell<VecDeque<(String, Option<Picture>)>>,
    /// Of this version of the goods.
    kinds: Option<(u64, Vec<GoodsKind>)>,
}

/// Whether an item is chosen by its picture: it has no code that a scanner reads.
fn has_no_code(item: &Item) -> bool {
    item.weighed || item.code.len() < 8
}

impl Shelf {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, pictures: RefCell::default(), kinds: None }
    }

    /// The picture of an item, where the lane has one.
    pub(super) fn picture(&self, sku: &str) -> Option<Picture> {
        let folder = self.folder.as_ref()?;
        // An item code is a name in the lane's own folder, and no way out of it.
        if !sku.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return None;
        }
        let mut pictures = self.pictures.borrow_mut();
        if let Some(at) = pictures.iter().position(|(known, _)| known == sku) {
            let found = pictures.remove(at)?;
            pictures.push_back(found.clone());
            return found.1;
        }
        let file = folder.join(format!("{sku}.png"));
        let picture = file.is_file().then(|| customer::read(&file));
        let picture = picture.and_then(|read| {
            read.map_err(|error| tracing::warn!(error = %error, "picture of goods left out")).ok()
        });
        if pictures.len() >= PICTURES_MAX {
            pictures.pop_front();
        }
        pictures.push_back((sku.to_owned(), picture.clone()));
        picture
    }

    /// Reads the goods without a code, where they are not read or others came.
    pub(super) fn read(&mut self, open: &OpenLane, unsold: impl Fn(&Item) -> bool) {
        if self.kinds.as_ref().is_some_and(|(version, _)| *version == open.version()) {
            return;
        }
        let mut kinds = Vec::new();
        for category in open.categories() {
            let found = open.reference().in_category(&category.id, 0, GOODS_MAX);
            let goods = found.unwrap_or_else(|error| {
                tracing::warn!(%error, "goods of a kiosk not read");
                Vec::new()
            });
            let goods: Vec<_> = goods.into_iter().filter(|item| has_no_code(item) && !unsold(item)).collect();
            if !goods.is_empty() && kinds.len() < KINDS_MAX {
                let (name_zh, name_en) = (category.name_zh.clone(), category.name_en.clone());
                kinds.push(GoodsKind { name_zh, name_en, goods });
            }
        }
        self.kinds = Some((open.version(), kinds));
    }

    /// The kinds of goods without a code.
    pub(super) fn kinds(&self) -> &[GoodsKind] {
        self.kinds.as_ref().map_or(&[], |(_, kinds)| kinds)
    }

    /// What is offered: of one kind, or by the initials of their names.
    pub(super) fn offered(&self, open: &OpenLane, tab: usize, typed: &str) -> Vec<Arc<Item>> {
        if typed.is_empty() {
            return self.kinds().get(tab).map(|kind| kind.goods.clone()).unwrap_or_default();
        }
        let found = open.reference().search(&typed.to_lowercase(), GOODS_MAX).unwrap_or_else(|error| {
            tracing::warn!(%error, "goods of a kiosk not found");
            Vec::new()
        });
        let known = |item: &Arc<Item>| {
            self.kinds().iter().any(|kind| kind.goods.iter().any(|known| known.sku == item.sku))
        };
        found.into_iter().filter(known).collect()
    }
}

/// The first sign of a name, which stands for goods without a picture.
pub(super) fn sign(name: &str) -> String {
    name.chars().next().map(String::from).unwrap_or_default()
}

/// The ground of such a sign: the same for goods of one category.
pub(super) fn ground(category: &str) -> i32 {
    let sum = category.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    i32::try_from(sum % 6).unwrap_or_default()
}
