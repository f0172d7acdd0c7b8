//! Three tones, so that a cashier need not look: made once as small files, played by the system's own player.
//!
//! Accepted is short and high, unknown is two low tones, blocked is one long low tone. Playing never holds the caller
//! up; of tones asked for while one plays, only the gravest is played after it: that the next scan was taken must not
//! hide that one before it was not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::frame::{Backoff, Deadline, FAILED, Health, lock, supervise};

/// Samples per second of the files: ample for tones under 2 kHz.
const SAMPLE_RATE: u32 = 16_000;
/// The loudest sample, of 32,767: heard beside a belt and not across the shop.
const AMPLITUDE: i32 = 9_000;
/// Samples over which a tone swells and fades, lest it click: 4 ms.
const FADE_SAMPLES: u32 = 64;
/// How long a player may take for a tone of under a second before it is ended.
const PLAY_DEADLINE: Duration = Duration::from_secs(3);
/// How often the end of the player is looked for.
const PLAY_POLL: Duration = Duration::from_millis(10);
/// Players looked for when none is configured, the best first.
const PLAYERS: [&str; 2] = ["paplay", "aplay"];

/// What a tone tells; the graver, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// The scan was taken: short and high.
    Accepted,
    /// Nobody knows this code: two low tones.
    Unknown,
    /// Something must be settled first: long and low.
    Blocked,
    /// An order of a channel came in: two rising tones, unlike any scan's.
    Order,
}

impl Tone {
    /// All tones.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Unknown, Self::Blocked, Self::Order];

    fn file_name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted.wav",
            Self::Unknown => "unknown.wav",
            Self::Blocked => "blocked.wav",
            Self::Order => "order.wav",
        }
    }

    /// Frequency in hertz (0 is silence) and length in milliseconds, one part after the other.
    fn parts(self) -> &'static [(u32, u32)] {
        match self {
            Self::Accepted => &[(1_760, 70)],
            Self::Unknown => &[(330, 110), (0, 60), (330, 110)],
            Self::Blocked => &[(220, 600)],
            Self::Order => &[(880, 160), (0, 40), (1_320, 260)],
        }
    }
}

/// Where tones are kept and how they are played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundConfig {
    /// The folder for the files; made when missing.
    pub folder: PathBuf,
    /// The player and its arguments before the file; when `None`, the first of `paplay` and `aplay` that is there.
    pub player: Option<Vec<String>>,
}

/// The speaker with its thread; dropping it ends the thread.
#[derive(Debug)]
pub struct Sound {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The one tone that waits; a graver one takes its place.
    next: Option<Tone>,
    stopping: bool,
}

impl Sound {
    /// Starts the thread, which makes the files first. `on_health` is called from it when the state changes: ready, or
    /// offline with the reason, such as a missing player.
    pub fn spawn(config: SoundConfig, on_health: impl Fn(Health) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let mut worker = Worker {
            config,
            shared: Arc::clone(&shared),
            health: Health::Unknown,
            backoff: Backoff::default(),
            on_health,
        };
        thread::spawn(move || {
            let failed = |worker: &mut Worker<_>| worker.report(Err(FAILED.to_owned()));
            supervise(&mut worker, Worker::run, failed, Worker::pause);
        });
        Self { shared }
    }

    /// Plays a tone after the one that is playing now. Of several that wait then, the gravest is played. Returns at once.
    pub fn play(&self, tone: Tone) {
        let mut state = lock(&self.shared.state);
        state.next = state.next.max(Some(tone));
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        lock(&self.shared.state).stopping = true;
        self.shared.changed.notify_all();
    }
}

/// What the thread works with.
struct Worker<F> {
    config: SoundConfig,
    shared: Arc<Shared>,
    health: Health,
    backoff: Backoff,
    on_health: F,
}

impl<F: Fn(Health)> Worker<F> {
    fn report(&mut self, result: Result<(), String>) {
        let now = match result {
            Ok(()) => Health::Ready,
            Err(reason) => Health::Offline { reason },
        };
        if self.health != now {
            self.health = now.clone();
            (self.on_health)(now);
        }
    }

    fn run(&mut self) {
        let folder = &self.config.folder;
        let player = make_files(folder)
            .map_err(|error| format!("make tones in {}: {error}", folder.display()))
            .and_then(|()| find_player(self.config.player.as_deref()));
        self.report(player.as_ref().map(|_| ()).map_err(Clone::clone));
        while let Some(tone) = next_tone(&self.shared) {
            if let Ok(player) = &player {
                let played = play_file(player, &self.config.folder.join(tone.file_name()), &self.shared);
                self.report(played);
            }
        }
    }

    /// Sleeps until the next try; says whether to stop.
    fn pause(&mut self) -> bool {
        let state = lock(&self.shared.state);
        let waited =
            self.shared.changed.wait_timeout_while(state, self.backoff.next_pause(), |state| !state.stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.stopping
    }
}

fn next_tone(shared: &Shared) -> Option<Tone> {
    let state = lock(&shared.state);
    let waited = shared.changed.wait_while(state, |state| state.next.is_none() && !state.stopping);
    let mut state = waited.unwrap_or_else(PoisonError::into_inner);
    if state.stopping { None } else { state.next.take() }
}

/// The player and its arguments before the file: the configured one, or the first that is there.
///
/// # Errors
/// There is none, in words for people.
pub fn find_player(configured: Option<&[String]>) -> Result<Vec<String>, String> {
    if let Some([program, ..]) = configured {
        let arguments = configured.unwrap_or_default().to_vec();
        return if is_program(program) { Ok(arguments) } else { Err(format!("no sound player {program}")) };
    }
    PLAYERS
        .iter()
        .find(|program| is_program(program))
        .map(|&program| {
            if program == "aplay" {
                vec![program.to_owned(), "-q".to_owned()]
            } else {
                vec![program.to_owned()]
            }
        })
        .ok_or_else(|| format!("no sound player: none of {}", PLAYERS.join(", ")))
}

fn is_program(name: &str) -> bool {
    if name.contains('/') {
        return Path::new(name).is_file();
    }
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

fn play_file(player: &[String], file: &Path, shared: &Shared) -> Result<(), String> {
    let [program, arguments @ ..] = player else {
        return Err("no sound player".to_owned());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("start {program}: {error}"))?;
    let deadline = Deadline::after(PLAY_DEADLINE);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{program}: {status}")),
            Ok(None) if deadline.has_passed() || lock(&shared.state).stopping => {
                end(&mut child);
                return Err(format!("{program} did not end"));
            }
            Ok(None) => thread::sleep(PLAY_POLL),
            Err(error) => return Err(format!("wait for {program}: {error}")),
        }
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself in between.
    let _ = child.kill();
    let _ = child.wait();
}

fn make_files(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for tone in Tone::ALL {
        let path = folder.join(tone.file_name());
        let wave = wave(tone);
        if fs::read(&path).ok().as_ref() != Some(&wave) {
            fs::write(path, wave)?;
        }
    }
    Ok(())
}

/// The tone as a WAV file: PCM, one channel, 16 bits.
fn wave(tone: Tone) -> Vec<u8> {
    let samples: Vec<i16> =
        tone.parts().iter().flat_map(|&(frequency, length_ms)| triangle(frequency, length_ms)).collect();
    let data_length = u32::try_from(samples.len() * 2).expect("a tone is under a second");
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + data_length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(SAMPLE_RATE.to_le_bytes());
    file.extend((SAMPLE_RATE * 2).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(data_length.to_le_bytes());
    for sample in samples {
        file.extend(sample.to_le_bytes());
    }
    file
}

/// A triangle wave, faded at both ends, in whole numbers.
fn triangle(frequency: u32, length_ms: u32) -> Vec<i16> {
    let count = SAMPLE_RATE * length_ms / 1_000;
    (0..count)
        .map(|index| {
            if frequency == 0 {
                return 0;
            }
            // Where in the wave this sample lies, in 1/SAMPLE_RATE of a period.
            let phase = (index * frequency % SAMPLE_RATE).cast_signed();
            let period = SAMPLE_RATE.cast_signed();
            let height = 4 * (phase - period / 2).abs() - period;
            let fade = FADE_SAMPLES.min(index).min(count - 1 - index).cast_signed();
            let sample = height * AMPLITUDE / period * fade / FADE_SAMPLES.cast_signed();
            i16::try_from(sample).expect("the amplitude fits")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::mpsc::channel;

    use super::*;

    const WAIT: Duration = Duration::from_secs(20);

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("guitai-sound-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn the_tones_differ_as_a_cashier_hears_them() {
        let crossings =
            |samples: &[i16]| samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
        let samples = |tone: Tone| -> Vec<i16> {
            wave(tone)[44..].chunks(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect()
        };
        let (accepted, unknown, blocked) =
            (samples(Tone::Accepted), samples(Tone::Unknown), samples(Tone::Blocked));
        assert!(accepted.len() < unknown.len() && unknown.len() < blocked.len());
        assert!(crossings(&accepted) * unknown.len() > 3 * crossings(&unknown) * accepted.len());
        let middle = unknown.len() / 2;
        assert!(
            unknown[middle - 100..middle + 100].iter().all(|&sample| sample == 0),
            "two tones with silence between"
        );
        assert!(
            blocked.iter().any(|&sample| sample > 8_000) && blocked.iter().any(|&sample| sample < -8_000)
        );
        assert_eq!(&wave(Tone::Accepted)[..4], b"RIFF");
    }

    #[test]
    fn a_missing_player_is_said_once_and_harms_nobody() {
        let (tell, health) = channel();
        let config =
            SoundConfig { folder: folder("missing"), player: Some(vec!["/nowhere/player".to_owned()]) };
        let sound = Sound::spawn(config, move |now| tell.send(now).expect("the test listens"));
        assert!(
            matches!(health.recv_timeout(WAIT), Ok(Health::Offline { reason }) if reason.contains("/nowhere/player"))
        );
        for _ in 0..10 {
            sound.play(Tone::Accepted);
        }
        drop(sound);
        // The thread ends and has said nothing more.
        assert_eq!(health.recv_timeout(WAIT), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
    }

    #[test]
    fn a_listener_that_panics_costs_no_later_tone() {
        let folder = folder("panic");
        fs::create_dir_all(&folder).expect("a folder");
        let (script, played) = (folder.join("player"), folder.join("played"));
        fs::write(&script, format!("#!/bin/sh\necho \"${{1##*/}}\" >> {}\n", played.display()))
            .expect("a script");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("executable");
        let (tell, health) = channel();
        let config = SoundConfig { folder, player: Some(vec![script.display().to_string()]) };
        let fails = std::sync::atomic::AtomicBool::new(true);
        let sound = Sound::spawn(config, move |now| {
            let _ = tell.send(now);
            assert!(!fails.swap(false, std::sync::atomic::Ordering::SeqCst), "the listener fails");
        });
        assert_eq!(health.recv_timeout(WAIT), Ok(Health::Ready));
        assert_eq!(health.recv_timeout(WAIT), Ok(Health::Offline { reason: FAILED.to_owned() }));
        assert_eq!(health.recv_timeout(WAIT), Ok(Health::Ready), "it runs again");
        sound.play(Tone::Blocked);
        let deadline = Deadline::after(WAIT);
        while !played.exists() && !deadline.has_passed() {
            thread::yield_now();
        }
        assert!(played.exists());
    }

    #[test]
    fn the_gravest_of_waiting_tones_is_played_after_the_one_that_plays() {
        let folder = folder("gravest");
        fs::create_dir_all(&folder).expect("a folder");
        let (script, played, gate) = (folder.join("player"), folder.join("played"), folder.join("gate"));
        let text = format!(
            "#!/bin/sh\necho \"${{1##*/}}\" >> {played}\nwhile [ ! -e {gate} ]; do sleep 0.01; done\n",
            played = played.display(),
            gate = gate.display()
        );
        fs::write(&script, text).expect("a script");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("executable");
        let config = SoundConfig { folder, player: Some(vec![script.display().to_string()]) };
        let sound = Sound::spawn(config, |_| {});
        let lines =
            || fs::read_to_string(&played).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
        let await_lines = |count| {
            let deadline = Deadline::after(WAIT);
            while lines().len() < count && !deadline.has_passed() {
                thread::yield_now();
            }
            lines()
        };
        sound.play(Tone::Accepted);
        assert_eq!(await_lines(1), ["accepted.wav"]);
        for tone in [Tone::Accepted, Tone::Unknown, Tone::Accepted, Tone::Accepted] {
            sound.play(tone);
        }
        fs::write(&gate, "").expect("the gate opens");
        assert_eq!(await_lines(2), ["accepted.wav", "unknown.wav"]);
        // What was played waits no more: the next is as it is asked for.
        sound.play(Tone::Accepted);
        assert_eq!(await_lines(3), ["accepted.wav", "unknown.wav", "accepted.wav"]);
    }
}
