//! A Chromium without a screen, asked over a pipe (Chrome DevTools Protocol); and a film of goods for its camera.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// Seconds after which a browser that hangs is ended.
const PATIENCE_SECONDS: &str = "180";

/// How long something on the page may take to become true, milliseconds.
const WAIT_MS: u32 = 30_000;

/// A browser with one page, as large as a phone.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    asked: u64,
    thrown: Vec<String>,
    _folder: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// One browser at a time: it is several processes, and one of these tests takes the time.
static ALONE: Mutex<()> = Mutex::new(());

/// Where the browser is; or that there is none.
fn program() -> Option<String> {
    let named = std::env::var("GUITAI_CHROMIUM").ok();
    let usual = || Some("/usr/bin/chromium".to_owned()).filter(|program| Path::new(program).is_file());
    let found = named.or_else(usual);
    if found.is_none() {
        eprintln!("not run: the page in a browser: no Chromium is installed (apt-get install chromium)");
    }
    found
}

impl Browser {
    /// Starts the browser; `None`, told in words, where there is none.
    pub fn start(more: &[&str]) -> Option<Self> {
        let program = program()?;
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        // It listens at its descriptor 3 and answers at 4.
        let script = r#"exec timeout --signal=KILL "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>/dev/null"#;
        let mut command = Command::new("sh");
        command.args(["-c", script, PATIENCE_SECONDS, &program]);
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            "--no-first-run",
        ]);
        command.arg(format!("--user-data-dir={}", folder.path().display())).args(more).arg("about:blank");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (asked, thrown) = (0, Vec::new());
        let mut browser =
            Self { child, input, output, session: None, asked, thrown, _folder: folder, _alone: alone };
        let targets = browser.call("Target.getTargets", json!({}));
        let targets = targets["targetInfos"].as_array().expect("targets").clone();
        let page = targets.iter().find(|target| target["type"] == "page").expect("a page");
        let attached =
            browser.call("Target.attachToTarget", json!({ "targetId": page["targetId"], "flatten": true }));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Accessibility"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
        browser.call("Emulation.setDeviceMetricsOverride", phone);
        Some(browser)
    }

    /// Asks the browser, and gives what it answers.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let mut said = self.exchange(method, params);
        assert!(said["error"].is_null(), "{method}: {}", said["error"]);
        said["result"].take()
    }

    fn exchange(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.input.write_all(format!("{message}\0").as_bytes()).expect("a browser that listens");
        self.input.flush().expect("a browser that listens");
        loop {
            let mut bytes = Vec::new();
            self.output.read_until(0, &mut bytes).expect("a browser that answers");
            assert_eq!(bytes.pop(), Some(0), "the browser has ended at {method}");
            let said: Value = serde_json::from_slice(&bytes).expect("JSON");
            if said["id"] == json!(self.asked) {
                return said;
            }
            if said["method"] == "Runtime.exceptionThrown" {
                self.thrown.push(said["params"]["exceptionDetails"].to_string());
            }
        }
    }

    /// What the page's programs threw and nobody caught.
    pub fn thrown(&self) -> Vec<String> {
        self.thrown.clone()
    }

    /// Opens an address and waits for its page.
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        self.wait("document.readyState === 'complete' && document.getElementById('state')?.textContent");
    }

    /// What an expression comes to, in the page; a promise is waited for.
    pub fn js(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let mut said = self.call("Runtime.evaluate", asked);
        assert!(said["exceptionDetails"].is_null(), "{expression}: {}", said["exceptionDetails"]);
        said["result"]["value"].take()
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, expression: &str) {
        let looking = format!(
            "new Promise((done) => {{
                const end = Date.now() + {WAIT_MS};
                const look = () => {{
                    let is = false;
                    try {{ is = Boolean({expression}); }} catch {{ /* The page is not there yet. */ }}
                    if (is || Date.now() > end) done(is); else setTimeout(look, 20);
                }};
                look();
            }})"
        );
        let asked = json!({ "expression": looking, "awaitPromise": true, "returnByValue": true });
        // A page that is left on the way takes the question with it: it is asked of the next one.
        let is = (0..3).any(|_| {
            let said = self.exchange("Runtime.evaluate", asked.clone());
            said["result"]["result"]["value"] == json!(true)
        });
        assert!(is, "never: {expression}; the page says: {}", self.text());
    }

    /// What the page shows.
    pub fn text(&mut self) -> String {
        self.js("document.body.innerText").as_str().unwrap_or_default().to_owned()
    }

    /// Presses and lets go of a key.
    pub fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types a text, key by key.
    pub fn type_keys(&mut self, text: &str) {
        for key in text.chars().map(String::from) {
            for (kind, text) in [("keyDown", key.as_str()), ("keyUp", "")] {
                self.call("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "text": text }));
            }
        }
    }

    /// The name of what the keyboard is at, as a screen reader says it; empty where it is nowhere.
    pub fn focused(&mut self) -> String {
        let at = self.call(
            "Runtime.evaluate",
            json!({ "expression": "document.activeElement === document.body ? null : document.activeElement" }),
        );
        let Some(object) = at["result"]["objectId"].as_str().map(str::to_owned) else { return String::new() };
        let asked = json!({ "objectId": object, "fetchRelatives": false });
        let tree = self.call("Accessibility.getPartialAXTree", asked);
        tree["nodes"][0]["name"]["value"].as_str().unwrap_or_default().trim().to_owned()
    }

    /// Goes on by the Tab key until it is at what is called so. Wherever it comes by has a name.
    pub fn tab_to(&mut self, name: &str) {
        let mut been = Vec::new();
        for _ in 0..40 {
            self.press("Tab", 9);
            let at = self.focused();
            // Behind the last the browser's own window comes, and then the first again.
            if at == name {
                return;
            }
            been.push(at);
        }
        panic!("{name} is not reached by Tab, but {been:?}");
    }

    /// What the keyboard can come to: its role, and its name.
    pub fn focusable(&mut self) -> Vec<(String, String)> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().expect("nodes");
        let can = |node: &&Value| {
            let properties = node["properties"].as_array().map(Vec::as_slice).unwrap_or_default();
            let is = |name: &str| {
                properties.iter().any(|of| of["name"] == name && of["value"]["value"] == json!(true))
            };
            node["ignored"] != json!(true) && node["role"]["value"] != "RootWebArea" && is("focusable")
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
        let found = nodes.iter().filter(can);
        found.map(|node| (text(&node["role"]["value"]), text(&node["name"]["value"]))).collect()
    }

    /// What places say by themselves to those who hear the page: `polite` where they wait for a pause, `assertive` where
    /// they do not.
    pub fn announced(&mut self, live: &str) -> String {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().expect("nodes");
        let is_live = |node: &&Value| {
            let properties = node["properties"].as_array().map(Vec::as_slice).unwrap_or_default();
            properties.iter().any(|of| of["name"] == "live" && of["value"]["value"] == live)
        };
        let (mut said, mut below) = (Vec::new(), nodes.iter().filter(is_live).collect::<Vec<_>>());
        while let Some(node) = below.pop() {
            if node["role"]["value"] == "StaticText" {
                said.extend(node["name"]["value"].as_str());
            }
            let children = node["childIds"].as_array().map(Vec::as_slice).unwrap_or_default();
            below.extend(nodes.iter().filter(|other| children.contains(&other["nodeId"])));
        }
        said.join(" | ")
    }

    /// Waits until such a place says something.
    pub fn wait_announced(&mut self, live: &str, text: &str) {
        let mut said = String::new();
        for _ in 0..150 {
            said = self.announced(live);
            if said.contains(text) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(40));
        }
        panic!("nothing {live} says {text}, but {said}");
    }

    /// Makes the machine as slow as a phone, and its network as one's on the way: so many times slower, milliseconds
    /// there and back, kilobytes a second.
    pub fn slow(&mut self, times: u32, latency_ms: u32, kilobytes: u32) {
        self.call("Emulation.setCPUThrottlingRate", json!({ "rate": times }));
        let bytes = kilobytes * 1_000;
        let asked = json!({ "offline": false, "latency": latency_ms, "downloadThroughput": bytes, "uploadThroughput": bytes });
        self.call("Network.emulateNetworkConditions", asked);
    }

    /// Takes the network away, or gives it back: of the page and of its worker.
    pub fn offline(&mut self, is_offline: bool) {
        let asked =
            json!({ "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.call("Network.emulateNetworkConditions", asked);
    }

    /// What can be pressed or filled in and has no name for a screen reader.
    pub fn nameless(&mut self) -> Vec<String> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().expect("nodes");
        let acts = |node: &&Value| {
            matches!(node["role"]["value"].as_str(), Some("button" | "textbox" | "image" | "dialog"))
                && node["ignored"] != json!(true)
        };
        let named =
            |node: &&Value| node["name"]["value"].as_str().is_some_and(|name| !name.trim().is_empty());
        let found: Vec<&Value> = nodes.iter().filter(acts).collect();
        assert!(found.len() > 5, "the page has buttons");
        found.into_iter().filter(|node| !named(node)).map(|node| node["role"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let closed = format!("{}\0", json!({ "id": 0, "method": "Browser.close" }));
        // One that has ended already hears nothing; one that hangs is ended by its watch.
        let _ = self.input.write_all(closed.as_bytes());
        let _ = self.child.wait();
    }
}

/// Bars of the left half with an odd number of dark modules, digit by digit (GS1 General Specifications, 5.2.1.2).
const LEFT: [&str; 10] = [
    "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111",
    "0001011",
];

/// Which digits of the left half are even, by the first digit.
const EVEN: [&str; 10] =
    ["000000", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110", "011010"];

/// A film, Y4M, in which a camera sees an EAN-13 code.
pub fn film_of_ean13(code: &str) -> Vec<u8> {
    const WIDTH: usize = 640;
    const HEIGHT: usize = 480;
    const MODULE: usize = 4;
    let digits: Vec<usize> = code.bytes().map(|digit| usize::from(digit - b'0')).collect();
    let turned =
        |bars: &str| -> String { bars.chars().map(|bar| if bar == '0' { '1' } else { '0' }).collect() };
    let mut bars = "101".to_owned();
    for (even, digit) in EVEN[digits[0]].chars().zip(&digits[1..7]) {
        let odd = LEFT[*digit];
        bars += &if even == '0' { odd.to_owned() } else { turned(odd).chars().rev().collect() };
    }
    bars += "01010";
    for digit in &digits[7..] {
        bars += &turned(LEFT[*digit]);
    }
    bars += "101";
    let mut line = [235u8; WIDTH];
    let begin = (WIDTH - bars.len() * MODULE) / 2;
    for (place, _) in bars.chars().enumerate().filter(|(_, bar)| *bar == '1') {
        line[begin + place * MODULE..][..MODULE].fill(16);
    }
    let mut film = b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n".to_vec();
    for _ in 0..10 {
        film.extend_from_slice(b"FRAME\n");
        for row in 0..HEIGHT {
            film.extend_from_slice(if (120..360).contains(&row) { &line } else { &[235; WIDTH] });
        }
        film.extend(std::iter::repeat_n(128, WIDTH * HEIGHT / 2));
    }
    film
}
