//! A server whose places are all taken: who waits behind whom.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Longer than an answer takes where nothing is in its way.
const AWHILE: Duration = Duration::from_secs(1);

/// Longer than it takes on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The status of an answer to nobody's key; `None` where none comes for so long.
async fn status(address: SocketAddr, path: &str, wait: Duration) -> Option<String> {
    let asked = async {
        let mut line = TcpStream::connect(address).await.expect("a connection");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: hq\r\nAuthorization: Bearer none\r\nConnection: close\r\n\r\n"
        );
        line.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.expect("an answer");
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    tokio::time::timeout(wait, asked).await.ok()
}

#[tokio::test]
async fn no_counters_question_waits_behind_pictures_nor_they_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(Config {
        data: folder.path().join("hq"),
        database: None,
        listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
        address_file: None,
        tls: None,
    })
    .await
    .expect("a server");
    let (address, desk) = (running.address(), running.desk.clone());
    let picture = format!("/v1/pictures/{}", "0".repeat(64));
    let question = "/v1/lanes/S001/1/position?epoch=1";
    let let_in = Some("401".to_owned());
    assert_eq!(
        (status(address, &picture, PATIENCE).await, status(address, question, PATIENCE).await),
        (let_in.clone(), let_in.clone())
    );

    let taken = desk.pictures.enter_with(PICTURES_MAX).await.expect("all places of pictures");
    assert_eq!(status(address, &picture, AWHILE).await, None);
    assert_eq!(status(address, question, PATIENCE).await, let_in);
    drop(taken);
    let taken = desk.questions.enter_with(QUESTIONS_MAX).await.expect("all places of questions");
    assert_eq!(status(address, &picture, PATIENCE).await, let_in);
    assert_eq!(status(address, question, AWHILE).await, None);
    drop(taken);
    running.stop().await.expect("stopped");
}
