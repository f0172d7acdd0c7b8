//! Pictures of goods: sent by an ERP, told to lanes, and got by them.

use std::time::{Duration, Instant};

use hq::command::{Command, Outcome};
use reqwest::{Method, StatusCode};

use super::desk::{Desk, kind, nothing};
use super::open;
use super::selling::enrol;

fn png(colour: [u8; 3]) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(400, 300, image::Rgb(colour));
    picture.write_to(&mut file, image::ImageFormat::Png).expect("a PNG");
    file.into_inner()
}

async fn put(desk: &Desk, key: &str, sku: &str, file: Vec<u8>) -> super::desk::Answer {
    let (path, drawn) = (format!("/v1/goods/{sku}/picture"), desk.draw());
    desk.send_bytes(key, Method::PUT, &path, Some(("image/png", file)), &drawn).await
}

async fn get(desk: &Desk, key: &str, name: &str) -> (StatusCode, Vec<u8>) {
    let url = format!("{}/v1/pictures/{name}", desk.running.url());
    let answer = desk.client.get(url).bearer_auth(key).send().await.expect("an answer");
    (answer.status(), answer.bytes().await.expect("bytes").to_vec())
}

#[tokio::test]
async fn goods_have_the_picture_that_was_sent_and_lanes_get_it_by_its_name() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    let lane = enrol(&desk, 1).await;
    let taken = put(&desk, &key, "1", png([200, 0, 0])).await.ok();
    let name = taken["sha256"].as_str().expect("a name").to_owned();
    assert_eq!(taken["changed"], true);
    assert_eq!(put(&desk, &key, "1", png([200, 0, 0])).await.ok()["changed"], false);
    let (status, file) = get(&desk, &lane.identity.key, &name).await;
    assert_eq!((status, file.len() as u64), (StatusCode::OK, taken["bytes"].as_u64().expect("a size")));
    assert_eq!(protocol::pull::picture_name(&file), name);
    let small = image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg).expect("a JPEG");
    assert_eq!((small.width(), small.height()), (256, 192));
    let shown = desk.get(&key, "/v1/goods/1/picture").await;
    assert_eq!(
        (shown.status, shown.headers["content-type"].to_str().expect("text")),
        (StatusCode::OK, "image/jpeg")
    );
    // Whoever is no lane gets none, and names are names.
    assert_eq!(get(&desk, &key, &name).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&desk, &lane.identity.key, &"0".repeat(64)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&desk, &lane.identity.key, "x").await.0, StatusCode::BAD_REQUEST);
    // Another one takes its place, and then it goes.
    let other = put(&desk, &key, "1", png([0, 200, 0])).await.ok();
    assert_ne!(other["sha256"], name.as_str());
    assert_eq!(get(&desk, &lane.identity.key, &name).await.0, StatusCode::NOT_FOUND);
    let gone = desk.change(&key, Method::DELETE, "/v1/goods/1/picture", nothing()).await.ok();
    assert_eq!(gone["changed"], true);
    for method in [Method::GET, Method::DELETE] {
        let answer = desk.change(&key, method, "/v1/goods/1/picture", nothing()).await;
        assert_eq!(kind(answer.problem()), (404, "unknown".to_owned()));
    }
}

#[tokio::test]
async fn what_is_no_picture_or_of_no_goods_is_refused() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    let reader = desk.key("goods:read").await;
    let drawn = desk.draw();
    let path = "/v1/goods/1/picture";
    let problem = |answer: super::desk::Answer| kind(answer.problem());
    assert_eq!(problem(put(&desk, &reader, "1", png([0; 3])).await), (403, "forbidden".to_owned()));
    assert_eq!(problem(put(&desk, &key, "none", png([0; 3])).await), (404, "unknown".to_owned()));
    let (status, name, detail) = put(&desk, &key, "1", b"no picture".to_vec()).await.problem();
    assert_eq!((status, name.as_str()), (422, "unfit"));
    assert!(detail.contains("no PNG, JPEG or WebP"), "{detail}");
    let text = Some(("text/plain", b"x".to_vec()));
    assert_eq!(
        problem(desk.send_bytes(&key, Method::PUT, path, text, &drawn).await),
        (415, "media-type".to_owned())
    );
    // A key is good for one picture; the same again is answered again.
    let send =
        |file: Vec<u8>| desk.send_bytes(&key, Method::PUT, path, Some(("image/png", file)), "one-picture");
    let first = send(png([9; 3])).await.ok();
    let again = send(png([9; 3])).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.ok(), first);
    assert_eq!(problem(send(png([8; 3])).await), (422, "idempotency-key-reused".to_owned()));
}

#[tokio::test]
async fn other_commands_are_done_while_a_folder_of_pictures_is_unpacked() {
    let desk = open().await;
    let folder = tempfile::tempdir().expect("a folder");
    // Large enough that it takes a while.
    let picture =
        image::RgbImage::from_fn(2_600, 2_600, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
    picture.save_with_format(folder.path().join("1.png"), image::ImageFormat::Png).expect("a picture");
    let import = Command::ImportPictures { folder: folder.path().to_owned(), replace: false, dry_run: false };
    let begun = Instant::now();
    let mut answered = begun;
    let import = desk.command(import);
    tokio::pin!(import);
    let done = loop {
        tokio::select! {
            done = &mut import => break done,
            alarms = desk.command(Command::Alarms) => {
                alarms.expect("an answer");
                answered = Instant::now();
            }
        }
    };
    assert!(matches!(done, Ok(Outcome::Imported(done)) if done.changed == 1));
    let (took, waited) = (begun.elapsed(), answered.elapsed());
    // Where it was done at once there is nothing to wait for.
    let short = took < Duration::from_millis(400);
    assert!(short || waited < took / 2, "for {waited:?} of {took:?} nobody was answered");
}
