//! How devices are, at the till and as the doctor sees them.

use super::*;

#[test]
fn a_code_that_breaks_off_is_heard_and_an_unplugged_scanner_is_shown() {
    let counter = Counter::set_up();
    let link = counter.folder.path().join("scanner-port");
    let scanner = SimulatedScanner::start_at(&link).expect("a pseudo-terminal");
    let counter = counter.with(&format!("[scanner]\npath = \"{}\"\n", link.display()));
    let mut till = counter.till();
    till.sign_in();
    let shows = |till: &Till, words: &str| {
        let Some(sheet) = till.lane.view().sheet else { return false };
        let row = sheet.rows.iter().find(|row| row.name == "扫码枪").expect("a row of the scanner");
        row.value == words && row.detail.contains("scanner-port")
    };
    till.look_at_devices();
    till.wait("the scanner", |till| shows(till, "正常"));
    till.turn(vec![Lane::key_now(Key::Escape)]);
    // Half a code: its end never comes.
    scanner.send(b"95200010").expect("a line that is read");
    till.wait("the torn code", |till| till.played.last() == Some(&Tone::Unknown));
    let notice = till.lane.view().notice;
    assert!(
        matches!(&notice, Some(Notice::Said { what, rest, .. })
        if what.contains("不完整") && rest.contains("再扫一次")),
        "{notice:?}"
    );
    assert!(till.lane.till().expect("open").basket().is_empty());
    till.look_at_devices();
    drop(scanner);
    till.wait("the plug", |till| shows(till, "连不上"));
}

#[test]
fn the_doctor_leaves_devices_to_the_till_that_holds_them() {
    let counter = Counter::set_up();
    let paths = Paths { data: counter.folder.path().to_owned() };
    let said = |subject: &str| {
        let found = doctor::examine(&paths).into_iter().find(|finding| finding.subject == subject);
        found.map(|finding| (finding.grade, finding.words)).unwrap_or_else(|| panic!("nothing of {subject}"))
    };
    let till = counter.till();
    for subject in ["scale", "display"] {
        let (grade, words) = said(subject);
        assert!(grade == Grade::Good && words.contains("the till holds it"), "{subject}: {words}");
    }
    assert_eq!(said("alipay").0, Grade::Good);
    drop(till);
    // A line that was just let go may say what lies on it a moment later.
    let shows = || said("scale").1.contains("1.250 kg");
    assert!((0..5).any(|_| shows()), "{:?}", said("scale"));
}

#[test]
fn the_doctor_sees_every_device() {
    let counter = Counter::set_up();
    let paths = Paths { data: counter.folder.path().to_owned() };
    let words = |subject: &str| {
        let found = doctor::examine(&paths).into_iter().find(|finding| finding.subject == subject);
        let found = found.unwrap_or_else(|| panic!("nothing is said of {subject}"));
        (found.grade, found.words)
    };
    let (grade, said) = words("scale");
    assert!(grade == Grade::Good && said.contains("1.250 kg"), "{said}");
    assert_eq!(words("display").0, Grade::Good);
    assert_eq!(words("alipay").0, Grade::Good);
    let (grade, said) = words("wechat");
    assert!(grade == Grade::Attend && said.contains("keys right; without a certificate"), "{said}");
    assert_eq!(words("sound"), (Grade::Good, "played by true".to_owned()));
    let text = |gateway: &str| format!("[[gateway]]\nhost = \"{gateway}\"\n");
    std::fs::write(paths.labels(), text("127.0.0.1:1")).expect("written");
    assert!(words("labels").1.contains("not reached"));
    let point =
        SimulatedAccessPoint::start("127.0.0.1:0", RadioOptions::with(1, &[0x01], 0), 1).expect("a port");
    std::fs::write(paths.labels(), text(&point.addr().to_string())).expect("written");
    assert_eq!(words("labels").0, Grade::Good);
    // A key of another shop is read, and the wallet does not know it.
    std::fs::write(counter.folder.path().join("wechat.key"), "0".repeat(32)).expect("written");
    let (grade, said) = words("wechat");
    assert!(grade == Grade::Attend && said.contains("refuses our question"), "{said}");
    counter.alipay.set_plugged(false);
    counter.scale.wire().set_plugged(false);
    counter.pole.wire().set_plugged(false);
    std::fs::remove_file(counter.folder.path().join("wechat.key")).expect("removed");
    for subject in ["scale", "display", "alipay", "wechat"] {
        let (grade, said) = words(subject);
        assert_eq!(grade, Grade::Attend, "{subject}: {said}");
        assert!(!said.contains(WECHAT_KEY) && !said.contains(&keys::merchant().private[..40]));
    }
}

#[test]
fn the_till_shows_how_scale_and_pole_are() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    let shows = |till: &Till, name: &str, words: &str| {
        let Some(sheet) = till.lane.view().sheet else { return false };
        let row = sheet.rows.iter().find(|row| row.name == name).expect("a row of the device");
        row.value.starts_with(words) && !row.detail.is_empty()
    };
    till.look_at_devices();
    till.wait("the scale", |till| shows(till, "电子秤", "正常"));
    till.wait("the pole", |till| shows(till, "客显", "已接上"));
    // Each is tried on the spot: a weight one knows, and a picture for a moment.
    counter.scale.put(1_000);
    till.wait("the weight", |till| shows(till, "电子秤", "正常 · 1.000 kg"));
    counter.scale.put(0);
    counter.scale.wire().set_plugged(false);
    counter.pole.wire().set_plugged(false);
    till.wait("the scale's plug", |till| shows(till, "电子秤", "连不上"));
    // A display never answers: that it is away is seen when something is to be shown.
    till.turn(vec![Lane::key_now(Key::Escape)]);
    till.lane.feed(Input::Code(water(&counter)));
    till.look_at_devices();
    till.wait("the pole's plug", |till| shows(till, "客显", "连不上"));
    counter.scale.wire().set_plugged(true);
    counter.pole.wire().set_plugged(true);
    till.wait("the scale again", |till| shows(till, "电子秤", "正常"));
    till.wait("the pole again", |till| shows(till, "客显", "已接上"));
    till.turn(vec![Lane::key_now(Key::Function(9))]);
    let face = counter.pole.wait_for(PATIENCE, |face| face.lower.contains("0123456789"));
    assert!(face.upper.ends_with("1234.50"), "{face:?}");
}

fn water(counter: &Counter) -> String {
    let product = counter.shop.products.iter().find(|product| product.sku == WATER);
    product.expect("among the goods").codes[0].clone()
}
