//! The lines of this machine on which a device may hang, and whether the till may use them.

use std::fs;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::screens::{self, Screens};

/// The most lines that are shown; a till has a handful.
const PORTS_MAX: usize = 12;

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The device file, such as `/dev/ttyUSB0`.
    pub path: String,
    /// What hangs on it, as the system knows it; empty where it does not.
    pub name: String,
    /// Whether it takes only paper.
    pub is_printer: bool,
}

/// Why the till may not use a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// It has no right to it.
    Rights {
        /// What gives it the right, to be typed by an administrator.
        command: String,
    },
    /// It is not there.
    Absent,
}

/// Where the system keeps device files and what it knows of them: another root in tests.
#[derive(Debug, Clone)]
pub struct Machine {
    devices: PathBuf,
    classes: PathBuf,
    display: Display,
}

/// Whose screens there are.
#[derive(Debug, Clone)]
enum Display {
    /// Of the display on which the program stands.
    Own,
    /// Of the one with this name.
    Named(String),
    /// These.
    Told(Screens),
}

impl Default for Machine {
    fn default() -> Self {
        Self { devices: "/dev".into(), classes: "/sys/class".into(), display: Display::Own }
    }
}

impl Machine {
    /// One without any line, for tests of what lies above.
    pub fn none() -> Self {
        Self::none_with(Screens::default())
    }

    /// One without any line and with these screens, likewise.
    pub fn none_with(screens: Screens) -> Self {
        let nowhere = PathBuf::from("/nonexistent");
        Self { devices: nowhere.clone(), classes: nowhere, display: Display::Told(screens) }
    }

    /// This one with another display, by its name.
    pub fn at_display(self, name: &str) -> Self {
        Self { display: Display::Named(name.to_owned()), ..self }
    }

    /// The screens on which the customer's window may stand.
    pub fn screens(&self) -> Screens {
        match &self.display {
            Display::Own => screens::find(None),
            Display::Named(name) => screens::find(Some(name)),
            Display::Told(screens) => screens.clone(),
        }
    }

    /// Every line that something may hang on, those on USB first.
    pub fn ports(&self) -> Vec<Port> {
        let mut ports = Vec::new();
        for (class, prefix, folder, is_printer) in [
            ("usbmisc", "lp", "usb", true),
            ("tty", "ttyUSB", "", false),
            ("tty", "ttyACM", "", false),
            ("tty", "ttyS", "", false),
        ] {
            let mut names = names_in(&self.classes.join(class), prefix);
            names.sort_by_key(|name| (name.len(), name.clone()));
            for name in names {
                let known = self.classes.join(class).join(&name);
                // Of the built-in ones the system lists many that no plug leads to.
                if prefix == "ttyS" && !has_hardware(&known) {
                    continue;
                }
                let path = self.devices.join(folder).join(&name);
                if path.exists() {
                    let path = path.display().to_string();
                    ports.push(Port { path, name: product(&known), is_printer });
                }
            }
        }
        ports.truncate(PORTS_MAX);
        ports
    }
}

fn names_in(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| {
            name.strip_prefix(prefix).is_some_and(|rest| {
                !rest.is_empty() && rest.chars().all(|character| character.is_ascii_digit())
            })
        })
        .collect()
}

/// Whether a built-in serial port has a chip behind it: the system says type 0 of those that have none.
fn has_hardware(known: &Path) -> bool {
    fs::read_to_string(known.join("type")).is_ok_and(|kind| kind.trim() != "0")
}

/// What a USB device calls itself; its name stands some folders above its line.
fn product(known: &Path) -> String {
    let Ok(device) = fs::canonicalize(known.join("device")) else { return String::new() };
    let named = device.ancestors().take(5).find_map(|folder| fs::read_to_string(folder.join("product")).ok());
    named.map(|name| name.trim().to_owned()).unwrap_or_default()
}

/// Whether the till may use a device file; an address on the network is never denied.
pub fn denied(place: &str) -> Option<Denied> {
    if !place.starts_with('/') {
        return None;
    }
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or(0);
    let opened = fs::OpenOptions::new().read(true).write(true).custom_flags(flags).open(place);
    match opened.map_err(|error| error.kind()) {
        Err(std::io::ErrorKind::PermissionDenied) => Some(Denied::Rights { command: command(place) }),
        Err(std::io::ErrorKind::NotFound) => Some(Denied::Absent),
        // What else is wrong, its driver says better.
        Ok(_) | Err(_) => None,
    }
}

/// What an administrator types so that this user may use the line.
fn command(place: &str) -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "guitai".to_owned());
    let group = fs::metadata(place).ok().and_then(|found| group_name(found.gid()));
    match group.as_deref() {
        // Nobody should be made a member of the administrators for a printer.
        None | Some("root") => format!("sudo setfacl -m u:{user}:rw {place}"),
        Some(group) => format!("sudo usermod -aG {group} {user}"),
    }
}

fn group_name(gid: u32) -> Option<String> {
    let groups = fs::read_to_string("/etc/group").ok()?;
    groups.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_with_what_hangs_on_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let (devices, classes) = (folder.path().join("dev"), folder.path().join("class"));
        let machine = Machine { devices, classes, display: Display::Own };
        assert_eq!(machine.ports(), []);
        let usb = folder.path().join("usb/1-2");
        fs::create_dir_all(usb.join("1-2:1.0")).expect("made");
        fs::write(usb.join("product"), "USB Scale\n").expect("written");
        for (class, name, device) in
            [("tty", "ttyUSB10", ""), ("tty", "ttyUSB2", "dev"), ("usbmisc", "lp0", ""), ("tty", "ttyS0", "")]
        {
            let known = machine.classes.join(class).join(name);
            fs::create_dir_all(&known).expect("made");
            if !device.is_empty() {
                std::os::unix::fs::symlink(usb.join("1-2:1.0"), known.join("device")).expect("linked");
            }
            let at = if class == "usbmisc" { machine.devices.join("usb") } else { machine.devices.clone() };
            fs::create_dir_all(&at).expect("made");
            fs::write(at.join(name), "").expect("written");
        }
        fs::write(machine.classes.join("tty/ttyS0/type"), "0\n").expect("written");
        let found = machine.ports();
        let told: Vec<(String, &str)> = found
            .iter()
            .map(|port| {
                (port.path.replace(&machine.devices.display().to_string(), "/dev"), port.name.as_str())
            })
            .collect();
        let wanted = [("/dev/usb/lp0", ""), ("/dev/ttyUSB2", "USB Scale"), ("/dev/ttyUSB10", "")];
        assert_eq!(told, wanted.map(|(path, name)| (path.to_owned(), name)));
        assert!(found[0].is_printer && !found[1].is_printer);
    }

    #[test]
    fn a_line_that_is_not_there_is_told_and_the_network_is_not_looked_at() {
        assert_eq!(denied("192.168.1.87:9100"), None);
        assert_eq!(denied("/dev/guitai-none"), Some(Denied::Absent));
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert_eq!(denied(&file.path().display().to_string()), None);
    }
}
