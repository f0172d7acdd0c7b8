//! The tests of grabbed scanners in an emulated machine with a kernel of Debian's: few kernels of virtual machines and
//! containers make input devices (uinput). Nothing of this machine is changed but for packages.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Failure, cargo, machine, root, step};

/// What emulates, and what the emulated machine has beside the tests.
const EMULATOR: &[&str] = &["qemu-system-x86", "busybox-static", "cpio", "binutils"];
/// Names the newest kernel of Debian; the one for clouds has no uinput.
const KERNEL: &str = "linux-image-amd64";
/// What makes input devices, in the kernel's folder of them.
const MODULES: [&str; 2] = ["evdev.ko", "misc/uinput.ko"];
/// Without help of the processor, which not every virtual machine passes on: a minute.
const EMULATOR_COMMAND: &str =
    "qemu-system-x86_64 -accel tcg -m 1024 -no-reboot -nodefaults -display none -serial stdio";
/// Some times what it takes on a busy machine.
const SECONDS_MAX: &str = "600";
const PASSED: &str = "evdev: every test passed";

/// The first program of the emulated machine. Tests run one after the other: one device more is one file more.
const INIT: &str = "#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev && mount -t tmpfs -o mode=1777 tmp /tmp
for module in /modules/*; do insmod $module; done
uname -srvm
failed=
for program in /tests/*; do
    RUST_BACKTRACE=1 GUITAI_UINPUT=1 $program --test-threads=1 --nocapture || failed=$program
done
[ -z \"$failed\" ] && echo PASSED
poweroff -f
";

/// Where a kernel and its modules are.
struct Kernel {
    image: PathBuf,
    modules: PathBuf,
}

/// Builds the tests, boots a machine around them, and fails where one of them fails.
pub fn run() -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Failure::Machine("evdev needs Linux on x86_64".to_owned()));
    }
    machine::install(&[machine::BUILD, EMULATOR])?;
    let folder = root().join("target/evdev");
    let failed = |what: &str, error: std::io::Error| Failure::Step(format!("{what}: {error}"));
    fs::create_dir_all(&folder).map_err(|error| failed("make target/evdev", error))?;
    let kernel = kernel(&folder)?;
    let tests = tests()?;
    let disk = disk(&folder, &kernel, &tests).map_err(|error| failed("make the machine's disk", error))?;
    let pack = "find . | cpio --quiet --create --format=newc > ../disk.cpio";
    step("pack the machine's disk", Command::new("sh").args(["-c", pack]).current_dir(disk))?;
    println!("== boot (a minute)");
    let mut emulator = Command::new("timeout");
    emulator
        .arg(SECONDS_MAX)
        .args(EMULATOR_COMMAND.split(' '))
        .args(["-append", "console=ttyS0 quiet panic=-1"]);
    emulator.arg("-kernel").arg(kernel.image).arg("-initrd").arg(folder.join("disk.cpio"));
    let started = emulator.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut emulator = started.map_err(|error| failed("start the emulator", error))?;
    let mut passed = false;
    for line in emulator.stdout.take().into_iter().flat_map(|out| BufReader::new(out).split(b'\n')) {
        let line = line.map_err(|error| failed("read what the machine says", error))?;
        let line = String::from_utf8_lossy(&line);
        println!("{}", line.trim_end());
        passed |= line.trim_end() == PASSED;
    }
    let ended = emulator.wait().map_err(|error| failed("wait for the emulator", error))?;
    if passed { Ok(()) } else { Err(Failure::Step(format!("evdev: not every test passed ({ended})"))) }
}

/// The kernel's package, unpacked in `folder` once.
fn kernel(folder: &Path) -> Result<Kernel, Failure> {
    let by_hand =
        |words: &str| Failure::Machine(format!("{words}; the kernel comes from Debian 12's packages"));
    let shown = Command::new("apt-cache").args(["--no-all-versions", "show", KERNEL]).output();
    let shown = shown.map_err(|error| by_hand(&format!("apt-cache: {error}")))?;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let name = shown.lines().find_map(|line| line.strip_prefix("Depends: ")?.split(' ').next());
    let name = name.ok_or_else(|| by_hand(&format!("apt-cache shows no {KERNEL}")))?;
    let release = name.trim_start_matches("linux-image-");
    let unpacked = folder.join(name);
    if !unpacked.exists() {
        // Gets its name last, so that what was broken off is begun again.
        let fetch = format!(
            "rm -rf part {name}_*.deb && apt-get download --quiet {name} && dpkg-deb --extract {name}_*.deb part && mv part {name}"
        );
        step(&format!("fetch {name}"), Command::new("sh").args(["-c", &fetch]).current_dir(folder))
            .map_err(|_| by_hand(&format!("apt-get download {name} failed")))?;
    }
    let modules = unpacked.join("lib/modules").join(release).join("kernel/drivers/input");
    Ok(Kernel { image: unpacked.join("boot").join(format!("vmlinuz-{release}")), modules })
}

/// Builds the tests, and says where they are.
fn tests() -> Result<Vec<PathBuf>, Failure> {
    let build = ["test", "--locked", "--workspace", "--test", "grabbed_scanner", "--no-run"];
    step("build (a few minutes the first time)", &mut cargo(&build))?;
    // Said once more, with nothing left to build.
    let said = cargo(&build).output().map_err(|error| Failure::Step(format!("build: {error}")))?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let paths = said.lines().filter(|line| line.trim_start().starts_with("Executable"));
    let paths = paths.filter_map(|line| Some(root().join(line.split_once('(')?.1.trim_end_matches(')'))));
    let paths: Vec<PathBuf> = paths.collect();
    if paths.is_empty() { Err(Failure::Step("cargo names no test".to_owned())) } else { Ok(paths) }
}

/// The folder that becomes the emulated machine's disk: busybox, the modules, the tests and the libraries they load.
fn disk(folder: &Path, kernel: &Kernel, tests: &[PathBuf]) -> std::io::Result<PathBuf> {
    let disk = folder.join("disk");
    if disk.exists() {
        fs::remove_dir_all(&disk)?;
    }
    for name in ["bin", "proc", "sys", "dev", "tmp", "modules", "tests"] {
        fs::create_dir_all(disk.join(name))?;
    }
    fs::copy("/bin/busybox", disk.join("bin/busybox"))?;
    fs::write(disk.join("init"), INIT.replace("PASSED", PASSED))?;
    fs::set_permissions(disk.join("init"), PermissionsExt::from_mode(0o755))?;
    for module in MODULES {
        let file = module.rsplit('/').next().unwrap_or(module);
        fs::copy(kernel.modules.join(module), disk.join("modules").join(file))?;
    }
    for test in tests {
        let Some(name) = test.file_name() else { continue };
        let copy = disk.join("tests").join(name);
        if !Command::new("strip").arg("--strip-debug").arg("-o").arg(copy).arg(test).status()?.success() {
            return Err(std::io::Error::other("strip failed"));
        }
        let loads = Command::new("ldd").arg(test).output()?;
        let loads = String::from_utf8_lossy(&loads.stdout).into_owned();
        for library in loads.split_whitespace().filter(|word| word.starts_with('/')) {
            let copy = disk.join(library.trim_start_matches('/'));
            fs::create_dir_all(copy.parent().unwrap_or(&disk))?;
            fs::copy(library, copy)?;
        }
    }
    Ok(disk)
}
