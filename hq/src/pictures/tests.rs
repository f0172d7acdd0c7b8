//! Folders of pictures: good ones, bad ones, and what is left of them at HQ.

use image::{ImageFormat, Rgb, RgbImage};
use tempfile::TempDir;

use super::*;
use crate::import::import;

struct Shop {
    folder: TempDir,
    store: Store,
}

impl Shop {
    fn open() -> Self {
        let folder = TempDir::new().expect("a folder");
        let store = Store::open(&folder.path().join("hq.db")).expect("a database");
        let shop = r#"{"store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY",
            "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 1},
            "categories": [{"id": "fruit", "name_zh": "水果", "name_en": "Fruit", "position": 1}]}"#;
        let goods = "sku,name_zh,name_en,category,price,tax_rate,codes\n\
                     a1,苹果,Apple,fruit,2.50,900,6901028075763\nb2,香蕉,Banana,fruit,4.00,900,\n";
        let path = folder.path().join("in");
        fs::create_dir_all(&path).expect("a folder");
        fs::create_dir_all(folder.path().join("pictures")).expect("a folder");
        fs::write(path.join("shop.json"), shop).expect("a file");
        fs::write(path.join("products.csv"), goods).expect("a file");
        import(&store, &path, false, 0, &mut |_| {}).expect("imported");
        Self { folder, store }
    }

    fn put(&self, name: &str, colour: [u8; 3]) {
        let picture = RgbImage::from_pixel(300, 200, Rgb(colour));
        let path = self.folder.path().join("pictures").join(name);
        picture.save_with_format(path, ImageFormat::Png).expect("a picture");
    }

    fn prepare(&self, replace: bool) -> Result<PictureImport, ImportError> {
        prepare(&self.store, &self.folder.path().join("pictures"), replace)
    }

    fn apply(&self, replace: bool) -> Imported {
        let import = self.prepare(replace).expect("good pictures");
        let tried = import.try_out(&self.store).expect("tried");
        let done = self.store.write::<_, ImportError>(|writing| import.apply(writing, &mut |_| {}));
        let done = done.expect("applied");
        assert_eq!(Imported { version: 0, ..tried }, Imported { version: 0, ..done.clone() });
        done
    }

    /// Who has a picture, and how many files there are.
    fn has(&self) -> (Vec<String>, u64) {
        let found = self.store.read::<_, ImportError>(|reading| {
            let skus = reading.entities(Kind::Picture)?.into_iter().map(|(sku, _)| sku).collect();
            Ok((skus, reading.picture_files()?))
        });
        found.expect("read")
    }
}

#[test]
fn files_are_named_by_item_code_or_barcode_and_what_is_the_same_changes_nothing() {
    let shop = Shop::open();
    shop.put("6901028075763.png", [200, 0, 0]);
    shop.put("b2.PNG", [200, 200, 0]);
    fs::write(shop.folder.path().join("pictures/.hidden"), "x").expect("a file");
    let done = shop.apply(false);
    assert_eq!((done.named, done.changed, done.deleted), (2, 2, 0));
    assert_eq!(shop.has(), (vec!["a1".into(), "b2".into()], 2));
    let again = shop.apply(false);
    assert_eq!((again.changed, again.version), (0, done.version));
    // One picture for both is one file; the one before goes.
    shop.put("b2.PNG", [200, 0, 0]);
    assert_eq!(shop.apply(false).changed, 1);
    assert_eq!(shop.has(), (vec!["a1".into(), "b2".into()], 1));
    fs::remove_file(shop.folder.path().join("pictures/b2.PNG")).expect("gone");
    assert_eq!(shop.apply(false).deleted, 0, "what is not named stays");
    assert_eq!(shop.apply(true).deleted, 1);
    assert_eq!(shop.has(), (vec!["a1".into()], 1));
}

#[test]
fn every_bad_file_is_listed_and_nothing_is_half_done() {
    let shop = Shop::open();
    shop.put("a1.png", [200, 0, 0]);
    shop.put("6901028075763.png", [200, 0, 0]);
    shop.put("9999.png", [0, 0, 0]);
    let folder = shop.folder.path().join("pictures");
    fs::write(folder.join("b2.jpg"), "no picture").expect("a file");
    fs::write(folder.join("notes.txt"), "x").expect("a file");
    fs::create_dir(folder.join("more")).expect("a folder");
    let Err(ImportError::Problems(problems)) = shop.prepare(false) else { panic!("nothing is wrong") };
    let listed = |file: &str, words: &str| {
        let found = problems.problems.iter().find(|problem| problem.place == file);
        assert!(found.is_some_and(|problem| problem.what.contains(words)), "{file}: {problems}");
    };
    // Of two for one item, the one whose name comes later.
    listed("a1.png", "so is 6901028075763.png");
    listed("9999.png", "no goods");
    listed("b2.jpg", "no PNG");
    listed("notes.txt", "ends in none");
    listed("more", "no file");
    assert_eq!(problems.problems.len(), 5, "{problems}");
    assert_eq!(shop.has(), (vec![], 0));
}

#[test]
fn goods_that_go_take_their_picture_with_them() {
    let shop = Shop::open();
    shop.put("a1.png", [200, 0, 0]);
    shop.apply(false);
    let gone = shop.store.write::<_, ImportError>(|writing| {
        writing.delete_entity(Kind::Product, "a1")?;
        Ok(())
    });
    gone.expect("deleted");
    assert_eq!(shop.has(), (vec![], 0));
}

#[test]
fn goods_that_went_while_their_pictures_were_unpacked_get_none() {
    let shop = Shop::open();
    shop.put("a1.png", [200, 0, 0]);
    shop.put("b2.png", [0, 200, 0]);
    let import = shop.prepare(false).expect("good pictures");
    let gone = shop.store.write::<_, ImportError>(|writing| Ok(writing.delete_entity(Kind::Product, "b2")?));
    gone.expect("deleted");
    let done = shop.store.write::<_, ImportError>(|writing| import.apply(writing, &mut |_| {}));
    let Err(ImportError::Problems(problems)) = done else { panic!("{done:?}") };
    assert!(problems.to_string().contains("b2"), "{problems}");
    assert_eq!(shop.has(), (vec![], 0), "whole or not at all");
}
