//! Who may import whom, held against what cargo sees.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// A crate's own rule: what it may import of ours, and, where the design
/// limits it, of others.
struct Row {
    room: &'static str,
    ours: &'static [&'static str],
    outside: Option<&'static [&'static str]>,
}

const ALL: &[&str] =
    &["domain", "protocol", "ledger", "drivers", "ui", "pos-app", "sync-agent", "hq", "fixtures"];

const TABLE: &[Row] = &[
    Row {
        room: "domain",
        ours: &[],
        outside: Some(&["chrono", "rust_decimal", "thiserror", "unicode-width"]),
    },
    Row {
        room: "protocol",
        ours: &["domain"],
        outside: Some(&["chrono", "ring", "serde", "serde_json", "sha2", "thiserror"]),
    },
    Row { room: "ledger", ours: &["domain", "protocol"], outside: None },
    Row {
        room: "drivers",
        ours: &[],
        outside: Some(&[
            "ab_glyph",
            "base64",
            "chrono",
            "encoding_rs",
            "escpos",
            "evdev",
            "futures-util",
            "jpeg-encoder",
            "md-5",
            "png",
            "qrcode",
            "quick-xml",
            "reqwest",
            "resvg",
            "ring",
            "roxmltree",
            "rustix",
            "rustls",
            "serde",
            "serde_json",
            "serialport",
            "sha2",
            "skrifa",
            "svgtypes",
            "thiserror",
            "tokio",
            "tokio-tungstenite",
        ]),
    },
    Row { room: "ui", ours: &[], outside: Some(&["slint", "slint-build"]) },
    Row { room: "pos-app", ours: &["domain", "protocol", "ledger", "drivers", "ui"], outside: None },
    Row { room: "sync-agent", ours: &["domain", "protocol", "ledger", "drivers"], outside: None },
    Row { room: "hq", ours: &["domain", "protocol"], outside: None },
    Row { room: "fixtures", ours: &["domain", "protocol", "drivers"], outside: None },
    Row {
        room: "trials",
        ours: &["domain", "protocol", "ledger", "drivers", "sync-agent", "hq", "fixtures"],
        outside: None,
    },
    Row { room: "tests", ours: ALL, outside: None },
    Row { room: "xtask", ours: &["fixtures", "tests"], outside: Some(&[]) },
];

/// Crates that one room alone may name, with that room and those that try it.
const SPOKEN_BY: &[(&str, &[&str])] = &[
    ("rusqlite", &["ledger", "hq", "trials"]),
    ("postgres", &["hq", "trials"]),
    ("slint", &["ui"]),
    ("reqwest", &["sync-agent", "drivers", "hq"]),
    ("tokio-tungstenite", &["drivers", "fixtures"]),
    ("axum", &["hq"]),
    ("serialport", &["drivers"]),
    // `fixtures` measures ours beside it.
    ("escpos", &["drivers", "fixtures"]),
    // `fixtures` is the device.
    ("evdev", &["drivers", "fixtures"]),
];

/// What speaks HTTP as a client; none of it may be in the till's tree but for
/// what [`PAYMENT`] brings.
const HTTP_CLIENTS: &[&str] =
    &["reqwest", "hyper", "hyper-util", "ureq", "isahc", "curl", "attohttpc", "minreq", "tokio-tungstenite"];

/// The feature of `drivers` for payment by code, a device of the lane that is
/// reached by HTTP.
const PAYMENT: &str = "payment";

/// What [`PAYMENT`] and [`GATEWAYS`] bring, by the names in source.
const OF_FEATURES: [&str; 2] = ["reqwest", "tokio_tungstenite"];

/// The feature of `drivers` for gateways of shelf labels, which the agent runs.
const GATEWAYS: &str = "esl";

/// Licences whose works may be linked into, or shipped with, a program under
/// the GPL version 3. IJG is that of the JPEG group's tables; CDLA-Permissive is that of the bundled root certificates.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "IJG",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn shipped(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
}

#[test]
fn every_arrow_is_in_the_table() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo knows the workspace");
    let rooms: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    let rows: BTreeMap<&str, &Row> = TABLE.iter().map(|row| (row.room, row)).collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(row) = rows.get(name) else {
            wrong.push(format!("{name} has no row in the table"));
            continue;
        };
        for dependency in shipped(package) {
            let is_ours = rooms.contains(dependency);
            let allowed = if is_ours {
                row.ours.contains(&dependency)
            } else {
                row.outside.is_none_or(|outside| outside.contains(&dependency))
            };
            if !allowed {
                wrong.push(format!("{name} must not import {dependency}"));
            }
            if let Some((_, speakers)) = SPOKEN_BY.iter().find(|(spoken, _)| *spoken == dependency)
                && !speakers.contains(&name)
            {
                wrong.push(format!("{dependency} is spoken by {speakers:?}, not by {name}"));
            }
        }
    }
    for row in TABLE {
        if !rooms.contains(row.room) {
            wrong.push(format!("{} has a row and is no room", row.room));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The crates that a package's program is made of, with the features that it asks for; those of others in the workspace
/// do not count, which `cargo metadata` cannot tell.
fn tree_of(package: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments =
        ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--package"];
    let output = std::process::Command::new(cargo).args(arguments).arg(package).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_till_has_no_http_client_in_its_tree_but_that_of_payment_by_code() {
    let metadata = MetadataCommand::new().exec().expect("cargo resolves the workspace");
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let id_of =
        |name: &str| metadata.packages.iter().find(|package| package.name.as_str() == name).map(|p| &p.id);
    let name_of = |id| metadata.packages.iter().find(|package| &package.id == id).map(|p| p.name.to_string());
    let drivers = id_of("drivers").expect("drivers are a room");
    let mut seen = BTreeSet::new();
    let mut open = vec![id_of("pos-app").expect("the till is a room").clone()];
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| node.id == id).expect("every id is in the graph");
        open.extend(
            node.deps
                .iter()
                .filter(|dependency| {
                    dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
                })
                // The arrows of the two features that bring a client; a graph of
                // the whole workspace joins the features that rooms ask for.
                .filter(|dependency| id != *drivers || !OF_FEATURES.contains(&dependency.name.as_str()))
                .map(|dependency| dependency.pkg.clone()),
        );
    }
    let names: BTreeSet<String> = seen.iter().filter_map(name_of).collect();
    assert!(names.contains("rusqlite"), "the walk went nowhere: {names:?}");
    let clients: Vec<_> = HTTP_CLIENTS.iter().filter(|client| names.contains(**client)).collect();
    assert!(clients.is_empty(), "{clients:?}");
    // Gateways of labels are what it leaves out; whoever runs them has them.
    let socket = |package: &str| tree_of(package).contains("tokio-tungstenite");
    assert!(!socket("pos-app") && socket("fixtures"), "the till runs gateways, or the walk sees none");
}

#[test]
fn only_payment_by_code_and_label_gateways_bring_an_http_client_into_drivers() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo knows the workspace");
    let drivers = metadata.packages.iter().find(|package| package.name.as_str() == "drivers");
    let drivers = drivers.expect("drivers are a room");
    for dependency in &drivers.dependencies {
        let client = HTTP_CLIENTS.contains(&dependency.name.as_str());
        assert!(!client || dependency.optional, "{} comes without being asked for", dependency.name);
    }
    let brings = |feature: &str| drivers.features[feature].iter().any(|brought| brought == "dep:reqwest");
    for feature in drivers.features.keys() {
        assert_eq!(brings(feature), [PAYMENT, GATEWAYS].contains(&feature.as_str()), "feature {feature}");
    }
    assert!(
        drivers.features.get("default").is_none_or(|features| features.is_empty()),
        "payment must be asked for"
    );
    // Whoever asks for payment by name; the agent, which shares the drivers, does not.
    let asks = |package: &&Package| {
        package.dependencies.iter().any(|dependency| {
            dependency.name == "drivers"
                && dependency.kind == DependencyKind::Normal
                && dependency.features.iter().any(|feature| feature == PAYMENT)
        })
    };
    let asking: BTreeSet<&str> =
        metadata.packages.iter().filter(asks).map(|package| package.name.as_str()).collect();
    assert!(asking.is_subset(&BTreeSet::from(["pos-app", "fixtures", "tests"])), "{asking:?}");
    // And within drivers HTTP is spoken in two files.
    let source = drivers.manifest_path.parent().expect("a folder").join("src");
    let mut open = vec![source.clone().into_std_path_buf()];
    let mut speaking = BTreeSet::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if std::fs::read_to_string(&path).expect("a source").contains("reqwest::") {
                speaking.insert(path.strip_prefix(&source).expect("inside").to_owned());
            }
        }
    }
    assert_eq!(speaking, BTreeSet::from(["esl/openepaperlink.rs".into(), "payment/terminal.rs".into()]));
}

#[test]
fn every_licence_goes_with_the_gpl() {
    let metadata = MetadataCommand::new().exec().expect("cargo resolves the workspace");
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let text = package.license.clone().unwrap_or_default().replace('/', " OR ");
        // Every part must be allowed by one of its alternatives.
        let allowed = text.split(" AND ").all(|part| {
            let part = part.trim_matches(|c: char| "() ".contains(c));
            part.split(" OR ").any(|licence| LICENCES.contains(&licence.trim()))
        });
        if !allowed {
            wrong.push(format!("{} {}: {text:?}", package.name, package.version));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_begins_with_its_rule() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo knows the workspace");
    let map =
        std::fs::read_to_string(metadata.workspace_root.join("ARCHITECTURE.md")).expect("the map is there");
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().expect("a folder");
        let file = ["src/lib.rs", "src/main.rs"]
            .map(|file| folder.join(file))
            .into_iter()
            .find(|file| file.exists());
        let text = std::fs::read_to_string(file.expect("a crate has a root")).expect("it can be read");
        let rule =
            text.lines().next().and_then(|line| line.strip_prefix("//! ")).expect("a first line of docs");
        assert!(map.contains(rule), "{}: ARCHITECTURE.md does not hold its rule: {rule}", package.name);
    }
}

/// What the ledger offers to trials alone, and `unsafe`, which they alone may use.
#[test]
fn no_other_room_speaks_of_trials_or_unsafe() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo knows the workspace");
    let mut wrong = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.name.as_str() != "trials") {
        let sources = package.manifest_path.parent().expect("a folder").join("src");
        look(sources.as_std_path(), package.name.as_str(), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    fn look(folder: &std::path::Path, room: &str, wrong: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                look(&path, room, wrong);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                // What a browser calls so is none of ours.
                let text = text.replace("wasm-unsafe-eval", "").replace("unsafe-inline", "");
                let says =
                    |word: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == word);
                let trial = ["open_trial", "Trial", "rewrite_log"].into_iter().any(says) && room != "ledger";
                if trial || says("unsafe") || says("unsafe_code") {
                    wrong.push(format!("{} speaks of what is for trials alone", path.display()));
                }
            }
        }
    }
}

#[test]
fn no_secret_word_is_logged_by_name() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo knows the workspace");
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().expect("a folder").join("src");
        look(folder.as_std_path(), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    fn look(folder: &std::path::Path, wrong: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
            let path = entry.path();
            if path.is_dir() {
                look(&path, wrong);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                for (number, line) in text.lines().enumerate() {
                    let logs = ["tracing::", "info!(", "warn!(", "error!(", "debug!("]
                        .iter()
                        .any(|log| line.contains(log));
                    let secret =
                        ["pin", "key =", "?key", "%key", "bearer", "phone", "pin_hash"].iter().any(|word| {
                            line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == *word)
                                || line.contains(&format!("%{word}"))
                        });
                    if logs && secret {
                        wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                    }
                }
            }
        }
    }
}
