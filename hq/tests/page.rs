//! Scan-and-go through its page, in a real Chromium without a screen: codes that are typed and seen by the camera, a patch
//! without network, and a basket that a till reads off the phone.
//!
//! Without a Chromium nothing runs, and the test says so; the test command, which installs one, says that there must be.

#[path = "page/browser.rs"]
mod browser;
#[path = "desk/mod.rs"]
mod desk;

use browser::Browser;
use desk::Desk;
use futures_util::FutureExt;
use hq::command::{Command, Outcome};
use hq::relay;
use hq::store::{Store, StoreError};
use protocol::head::PublicKey;
use protocol::pull::{CodeKey, RELAY_KEYS};
use protocol::scan_go::{Here, PhoneBasket};
use serde_json::json;

const GOODS: &str = "sku,name_zh,name_en,category,price,tax_rate,codes,age_restricted
10,气泡水,Sparkling water,drinks,4.00,1300,9520001001666,false
11,啤酒,Beer,drinks,6.00,1300,9520001005008,true
";

const SHOP: &str = r#"{"promotion_rules": [{"id": "R1", "name_zh": "第二件半价", "name_en": "Second at half price",
    "layer": "item", "type": "nth_unit", "n": 2, "pay_pct": 50, "skus": ["10"]}]}"#;

/// A shop, the address of its page, and the keys with which a till reads baskets.
async fn shop() -> (Desk, String, Vec<PublicKey>) {
    let desk = Desk::open(None).await;
    let path = desk.folder.path().join("more");
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join("shop.json"), SHOP).expect("a file");
    std::fs::write(path.join("products.csv"), GOODS).expect("a file");
    desk.command(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
    let Ok(Outcome::ScanGoKeys { public }) = desk.command(Command::ScanGoKey).await else { panic!("no key") };
    let keys = public.iter().map(|key| PublicKey::parse(key).expect("a key")).collect();
    let link = desk.command(Command::ScanGoLink { store: "S1".into(), days: 1 }).await;
    let Ok(Outcome::ScanGoLink { path }) = link else { panic!("no link: {link:?}") };
    let url = format!("{}{path}", desk.running.url());
    (desk, url, keys)
}

fn type_code(browser: &mut Browser, code: &str) {
    browser.js("document.getElementById('code').focus()");
    browser.call("Input.insertText", json!({ "text": code }));
    browser.press("Enter", 13);
}

/// A few lines of Chinese and English that a browser shows are looked for by what they mean, not by place.
const TOTAL: &str = "document.getElementById('total').textContent";
const STATE: &str = "document.getElementById('state').dataset.kind";

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_shops_through_a_patch_without_network_and_a_till_reads_the_basket() {
    let Some(mut browser) = Browser::start(&[]) else { return };
    let (desk, url, keys) = shop().await;
    tokio::task::block_in_place(|| {
        journey(&mut browser, (&url, &keys), desk.running.stop().map(|stopped| stopped.expect("stopped")));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_shops_the_same_way_at_the_stores_relay_while_hq_is_gone() {
    let Some(mut browser) = Browser::start(&[]) else { return };
    let (desk, url, _) = shop().await;
    let Ok(Outcome::Code { code }) = desk.command(Command::EnrolRelay { store: "S1".into() }).await else {
        panic!("no code")
    };
    let (data, store, upstream) = (desk.folder.path().join("relay"), "S1".to_owned(), desk.running.url());
    let enrolled = relay::enrol(relay::EnrolConfig {
        data: data.clone(),
        store: store.clone(),
        upstream: upstream.clone(),
        root: None,
        code,
    });
    enrolled.await.expect("enrolled");
    let listen = ([127, 0, 0, 1], 0).into();
    let relay = relay::Config { data, store, upstream, root: None, listen, address_file: None, tls: None };
    let relay = relay::start(relay).await.expect("a relay");
    let signs = async || -> bool {
        let health = desk.client.get(format!("{}/healthz", relay.url())).send().await.expect("an answer");
        let health: relay::Health = health.json().await.expect("its health");
        health.go.is_some_and(|go| go.signs)
    };
    while !signs().await {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (url, file) =
        (url.replace(&desk.running.url(), &relay.url()), desk.data().join(hq::store::FILE_NAME));
    desk.running.stop().await.expect("stopped");
    // What lanes of the store are told to be its key.
    let told = Store::open(&file).expect("HQ's database");
    let told = told.read::<_, StoreError>(|reading| reading.code_keys("S1", RELAY_KEYS)).expect("read");
    let keys: Vec<PublicKey> = told
        .iter()
        .map(|(_, body)| serde_json::from_str::<CodeKey>(body).expect("a key"))
        .map(|key| PublicKey::parse(&key.public_key).expect("a key"))
        .collect();
    tokio::task::block_in_place(|| {
        journey(&mut browser, (&url, &keys), relay.stop().map(|stopped| stopped.expect("stopped")));
    });
}

/// One purchase on a phone, and then whoever serves the page is gone.
fn journey(browser: &mut Browser, (url, keys): (&str, &[PublicKey]), gone: impl Future<Output = ()>) {
    browser.open(url);
    browser.wait(&format!("{STATE} === 'online'"));
    // The link's secret does not stay in the address.
    assert_eq!(browser.js("location.search"), json!(""));
    type_code(browser, "6901028075763");
    browser.wait(&format!("{TOTAL} === '¥2.50'"));
    type_code(browser, "9520001001666");
    type_code(browser, "9520001001666");
    browser.wait(&format!("{TOTAL} === '¥8.50'"));
    assert!(browser.text().contains("−¥2.00"), "the promotion is named: {}", browser.text());
    // A child takes a bottle of beer: it says why not, and no code is made.
    type_code(browser, "9520001005008");
    browser.wait("document.querySelector('li.refused')");
    browser.js("document.getElementById('pay').click()");
    browser.wait("document.getElementById('told').textContent");
    assert_eq!(browser.js("document.getElementById('sheet').open"), json!(false));
    browser.js("document.querySelector('li.refused .remove').click()");
    browser.wait(&format!("{STATE} === 'online' && !document.querySelector('li.refused')"));
    // A customer's payment code is neither kept nor sent.
    type_code(browser, "134567890123456789");
    browser.wait("document.getElementById('told').textContent");
    assert_eq!(browser.js("JSON.stringify(localStorage).includes('134567890123456789')"), json!(false));

    // The network is gone; scanning goes on, and the page opens again all the same.
    browser.js("navigator.serviceWorker.ready.then(() => fetch('/go/page.js')).then(() => true)");
    browser.offline(true);
    type_code(browser, "9520001003035");
    browser.wait(&format!("{STATE} === 'offline'"));
    assert_eq!(browser.js("document.querySelectorAll('.follows').length > 0"), json!(true));
    assert_eq!(browser.js(TOTAL), json!("¥8.50"), "what is known so far");
    browser.js("document.getElementById('pay').click()");
    browser.wait("document.getElementById('told').textContent");
    assert_eq!(browser.js("document.getElementById('sheet').open"), json!(false), "nothing is signed");
    browser.call("Page.reload", json!({}));
    browser.wait("document.querySelectorAll('li').length === 3");
    browser.offline(false);
    browser.js("dispatchEvent(new Event('online'))");
    browser.wait(&format!("{TOTAL} === '¥12.50' && {STATE} === 'online'"));

    // By keyboard alone: to the button, and the code is shown.
    browser.js("document.getElementById('pay').focus()");
    browser.press("Enter", 13);
    browser.wait("document.getElementById('sheet').open");
    let seen = browser.js("import('/go/zbar-0.11.0.mjs').then(async (zbar) => {
            const canvas = document.getElementById('qr');
            const picture = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return (await zbar.scanImageData(picture)).map((symbol) => symbol.decode()).join(' ');
        })");
    let now_ms = chrono::Utc::now().timestamp_millis();
    let basket = PhoneBasket::open(seen.as_str().expect("a text"), keys, Here { store: "S1", now_ms });
    let basket = basket.expect("a till reads it");
    let lines: Vec<(&str, u32)> = basket.lines.iter().map(|line| (line.code.as_str(), line.pieces)).collect();
    assert_eq!(lines, [("6901028075763", 1), ("9520001001666", 2), ("9520001003035", 1)]);
    assert_eq!(basket.total, 1_250);
    browser.press("Escape", 27);
    browser.wait("!document.getElementById('sheet').open");

    // Everything that can be pressed or filled in has a name for those who hear the page.
    for language in ["zh-CN", "en"] {
        let lang = format!("document.documentElement.lang === '{language}'");
        browser.js(&format!("{lang} || document.getElementById('language').click()"));
        browser.wait(&lang);
        let nameless = browser.nameless();
        assert!(nameless.is_empty(), "{language}: {nameless:?}");
        assert_eq!(
            browser.js("document.documentElement.scrollWidth <= innerWidth"),
            json!(true),
            "nothing is cut off"
        );
    }
    assert_eq!(browser.thrown(), Vec::<String>::new());

    // HQ is gone altogether: the page opens from the phone, with its basket and its prices of before.
    tokio::runtime::Handle::current().block_on(gone);
    browser.call("Page.reload", json!({}));
    browser.wait(&format!("document.querySelectorAll('li').length === 3 && {STATE} === 'offline'"));
    assert_eq!(browser.js(TOTAL), json!("¥12.50"));
}

/// Where the keyboard is: never nowhere.
fn at(browser: &mut Browser, name: &str) {
    assert_eq!(
        browser.focused(),
        name,
        "the keyboard is at {}",
        browser.js("document.activeElement.outerHTML")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_purchase_goes_by_keyboard_alone_and_is_heard() {
    let Some(mut browser) = Browser::start(&[]) else { return };
    let (desk, url, keys) = shop().await;
    tokio::task::block_in_place(|| {
        browser.open(&url);
        browser.wait(&format!("{STATE} === 'online'"));
        if browser.js("document.documentElement.lang") == json!("en") {
            browser.tab_to("切换到中文");
            browser.press("Enter", 13);
        }
        browser.wait("document.documentElement.lang === 'zh-CN'");
        // The number is typed, and the way on is Enter; whoever hears the page hears what was added, with its price.
        browser.tab_to("或输入条码数字");
        browser.type_keys("9520001001666");
        browser.press("Enter", 13);
        browser.wait_announced("polite", "已添加 气泡水 ¥4.00");
        at(&mut browser, "或输入条码数字");
        browser.type_keys("6901028075763");
        browser.tab_to("添加");
        browser.press("Enter", 13);
        browser.wait("document.querySelectorAll('li').length === 2 && !document.querySelector('.follows')");
        at(&mut browser, "或输入条码数字");
        // What cannot be bought says so at once: what is no code of goods, and what is none of a phone's.
        browser.type_keys("134567890123456789");
        browser.press("Enter", 13);
        browser.wait_announced("assertive", "这是付款码");
        browser.type_keys("9520001005008");
        browser.press("Enter", 13);
        browser.wait_announced("polite", "烟酒等限成年人购买");
        // Its line goes, and the keyboard is where it was of use last.
        browser.tab_to("删除 9520001005008");
        browser.press("Enter", 13);
        browser.wait_announced("polite", "已删除 9520001005008");
        at(&mut browser, "或输入条码数字");
        // One more; whoever is at a key stays there while prices come and lines are drawn anew.
        browser.tab_to("再加一件 气泡水");
        browser.press("Enter", 13);
        browser.wait_announced("polite", "气泡水：2 件");
        browser.wait(&format!("{STATE} === 'online' && !document.querySelector('.follows')"));
        at(&mut browser, "再加一件 气泡水");
        browser.tab_to("删除 气泡水");
        browser.js("document.querySelector('li').title = 'drawn before'; dispatchEvent(new Event('online'))");
        browser.wait("!document.querySelector('li').title");
        at(&mut browser, "删除 气泡水");
        // To the checkout and back.
        browser.tab_to("去结账");
        browser.press("Enter", 13);
        browser.wait("document.getElementById('sheet').open");
        assert_eq!(browser.js("document.activeElement.closest('dialog')?.id"), json!("sheet"));
        let names: Vec<String> = browser.focusable().into_iter().map(|(_, name)| name).collect();
        assert!(names.iter().any(|name| name == "继续购物"), "{names:?}");
        assert!(names.iter().all(|name| name != "去结账"), "what lies behind is out of reach: {names:?}");
        let qr = browser.js("document.getElementById('qr').getAttribute('aria-label')");
        assert!(qr.as_str().is_some_and(|qr| qr.starts_with("购物篮二维码") && qr.contains('¥')), "{qr}");
        browser.tab_to("继续购物");
        browser.press("Enter", 13);
        browser.wait("!document.getElementById('sheet').open");
        at(&mut browser, "去结账");
        // In the other language every key is called so as well.
        browser.tab_to("Switch to English");
        let focusable = browser.focusable();
        let chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        for (role, name) in &focusable {
            assert!(chinese(name) || name == "Switch to English", "{role} {name:?} among {focusable:?}");
        }
        browser.press("Enter", 13);
        browser.wait("document.documentElement.lang === 'en'");
        at(&mut browser, "切换到中文");
        let focusable = browser.focusable();
        assert!(focusable.len() >= 10, "{focusable:?}");
        for (role, name) in &focusable {
            assert!(!name.is_empty(), "a {role} without a name among {focusable:?}");
            assert!(!chinese(name) || name == "切换到中文", "{role} {name:?}");
        }
        // A line that loses its last piece goes.
        browser.tab_to("One less Water");
        browser.press("Enter", 13);
        browser.wait_announced("polite", "Removed Water");
        at(&mut browser, "Or type the number below the bars");
        browser.tab_to("Check out");
        // What is saved is said once the whole basket has its price.
        browser.wait(&format!("{STATE} === 'online' && document.getElementById('saved').textContent"));
        browser.press("Enter", 13);
        browser.wait("document.getElementById('sheet').open");
        let signed = browser.js("document.getElementById('sheet-total').textContent");
        assert_eq!(signed, json!("¥6.00"), "two at a price and a half");
        // Paid: the basket goes, and the next purchase begins at the number.
        browser.tab_to("Paid, empty it");
        browser.press("Enter", 13);
        browser.wait("!document.querySelector('li') && !document.getElementById('sheet').open");
        at(&mut browser, "Or type the number below the bars");
        browser.wait_announced("polite", "Nothing here yet");
        // To think better of emptying it costs nothing.
        browser.type_keys("9520001001666");
        browser.press("Enter", 13);
        browser.wait_announced("polite", "Added Sparkling water");
        browser.tab_to("Empty the basket");
        browser.press("Enter", 13);
        browser.tab_to("Keep it");
        browser.press("Enter", 13);
        at(&mut browser, "Empty the basket");
        browser.press("Enter", 13);
        browser.tab_to("Empty it");
        browser.press("Enter", 13);
        browser.wait("!document.querySelector('li')");
        at(&mut browser, "Or type the number below the bars");
        assert_eq!(browser.thrown(), Vec::<String>::new());
    });
    drop((desk, keys));
}

/// Takes the time from the beginning of the way to the page until it has shown a code that it was given, as soon as it takes
/// any: milliseconds by the browser's own clock, beside when something was drawn first.
const STOPWATCH: &str = "
    const look = () => {
        const code = document.getElementById('code');
        if (!document.getElementById('state')?.dataset.kind) return requestAnimationFrame(look);
        if (!document.querySelector('li')) {
            if (code.value !== '9520001001666') {
                code.value = '9520001001666';
                document.getElementById('typed').requestSubmit();
            }
            return requestAnimationFrame(look);
        }
        requestAnimationFrame(() => requestAnimationFrame(() => { window.shownAfter ??= performance.now(); }));
    };
    look();
";

#[tokio::test(flavor = "multi_thread")]
async fn how_soon_the_page_takes_a_code() {
    let Some(mut browser) = Browser::start(&[]) else { return };
    let (desk, url, _) = shop().await;
    tokio::task::block_in_place(|| {
        browser.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": STOPWATCH }));
        println!("page opened -> first drawn, a code shown, its price shown (ms, this machine)");
        // A phone that is some years old, and a network as in a shop's basement.
        for (name, slow) in [("as it is", None), ("4 times slower, 4G", Some((4, 60, 1_100)))] {
            for visit in ["first visit", "next visit"] {
                if visit == "first visit" {
                    browser.call(
                        "Storage.clearDataForOrigin",
                        json!({ "origin": desk.running.url(), "storageTypes": "all" }),
                    );
                    browser.call("Network.clearBrowserCache", json!({}));
                } else {
                    browser.js("localStorage.clear()");
                }
                browser.call("Page.navigate", json!({ "url": "about:blank" }));
                if let Some((times, latency, kilobytes)) = slow {
                    browser.slow(times, latency, kilobytes);
                }
                browser.open(&url);
                browser.wait("window.shownAfter && document.querySelectorAll('li').length === 1");
                browser.wait(&format!("{TOTAL} === '¥4.00'"));
                let took = browser.js("JSON.stringify([
                        performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
                        window.shownAfter,
                        performance.getEntriesByType('resource').filter((one) => one.name.endsWith('/prices'))[0]?.responseEnd ?? 0,
                    ].map(Math.round))");
                println!("{name}, {visit}: {}", took.as_str().unwrap_or_default());
                browser.js("navigator.serviceWorker.ready.then(() => true)");
            }
        }
        assert_eq!(browser.thrown(), Vec::<String>::new());
    });
    drop(desk);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_camera_reads_the_code_on_the_goods_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let film = folder.path().join("goods.y4m");
    std::fs::write(&film, browser::film_of_ean13("9520001001666")).expect("a film");
    let film = format!("--use-file-for-fake-video-capture={}", film.display());
    let camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", &film];
    let Some(mut browser) = Browser::start(&camera) else { return };
    let (desk, url, _) = shop().await;
    tokio::task::block_in_place(|| {
        browser.open(&url);
        browser.js("document.getElementById('scan').click()");
        browser.wait(&format!("{TOTAL} === '¥4.00'"));
        // It stays in sight for some looks more.
        browser.js("new Promise((after) => setTimeout(() => after(true), 1500))");
        assert_eq!(browser.js("document.querySelector('.pieces').textContent"), json!("1"));
        browser.js("document.getElementById('scan').click()");
        browser
            .wait("document.getElementById('camera').hidden && !document.getElementById('video').srcObject");
        assert_eq!(browser.thrown(), Vec::<String>::new());
    });
    drop(desk);
}
