//! A customer's phone before a real HQ: its link at the entrance, what it asks, and the code that it shows.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use ledger::reference::Reference;
use serde_json::{Value, json};

use crate::process::{program, run, wait_for};
use crate::shop::{Headquarters, LaneFiles, STORE, code_of};

/// The number that a phone drew.
const DEVICE: &str = "00112233445566778899aabbccddeeff";

/// The token of a link at the entrance of the demo shop, whose HQ's database lies in a folder.
pub fn link(data: &Path) -> Result<String> {
    let link = run(Command::new(program("hq")?).args(["go", "link", "--store", STORE, "--data"]).arg(data))?;
    Ok(link.trim().rsplit_once("k=").context("a token")?.1.to_owned())
}

/// What a phone asks with the token of the link at the entrance, of whoever serves the page at an address.
pub fn ask(url: &str, token: &str, path: &str, body: &Value) -> Result<Value> {
    let address = url.trim_start_matches("http://").to_owned();
    let mut line = std::net::TcpStream::connect(&address)?;
    let body = body.to_string();
    write!(
        line,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    line.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).context("JSON")
}

/// The code that a phone shows: prices first, then the basket that is signed at them.
pub fn basket(headquarters: &Headquarters, token: &str, goods: &[(&str, u32)]) -> Result<String> {
    basket_at(&headquarters.url(), token, goods)
}

/// The same at whoever serves the page, such as the store's relay.
pub fn basket_at(url: &str, token: &str, goods: &[(&str, u32)]) -> Result<String> {
    let line = |(sku, pieces): &(&str, u32)| Ok(json!({ "code": code_of(sku)?, "pieces": pieces }));
    let lines: Vec<Value> = goods.iter().map(line).collect::<Result<_>>()?;
    let mut asked = json!({ "device": DEVICE, "offset_minutes": 480, "lines": lines });
    let prices = ask(url, token, &format!("/v1/go/{STORE}/prices"), &asked)?;
    asked["shown_total"] = prices["total"].clone();
    let sealed = ask(url, token, &format!("/v1/go/{STORE}/baskets"), &asked)?;
    Ok(sealed["sealed"]["code"].as_str().with_context(|| format!("a basket: {sealed}"))?.to_owned())
}

/// Waits until a lane knows so many keys of scan-and-go.
pub fn wait_for_keys(files: &LaneFiles, count: usize) -> Result<()> {
    wait_for("keys of scan-and-go", || {
        let Some(reference) = Reference::open(&files.paths.reference())? else { return Ok(None) };
        Ok((reference.code_keys()?.len() >= count).then_some(()))
    })
}
