//! Connections, lent one transaction at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::postgres::{Client, Config};

use super::tls::Tls;
use super::{Address, Connection, OpenError, StoreError};

/// Connections at one time; a server gives a hundred in all unless told otherwise.
const CONNECTIONS_MAX: usize = 16;

/// How long a transaction waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Told to every connection: an answer of the server means that the disk has
/// it, and nobody holds a lock for ever.
const SETTINGS: &str = "SET synchronous_commit = on;
    SET statement_timeout = '120s';
    SET lock_timeout = '20s';
    SET idle_in_transaction_session_timeout = '120s';
    SET client_min_messages = warning;
    SET timezone = 'UTC'";

/// The connections to one database.
pub(super) struct Pool {
    config: Config,
    name: String,
    tls: Tls,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    opened: usize,
}

/// A connection that goes back when it is dropped.
pub(super) struct Lent<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
    is_good: bool,
}

impl Lent<'_> {
    pub(super) fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("there is one until it goes back")
    }

    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.connection().client
    }

    /// Says that nobody shall have it again.
    pub(super) fn discard(&mut self) {
        self.is_good = false;
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take();
        let mut state = self.pool.state();
        match connection {
            Some(connection) if self.is_good && !connection.client.is_closed() => {
                state.idle.push(connection);
            }
            Some(_) | None => state.opened -= 1,
        }
        self.pool.returned.notify_one();
    }
}

impl Pool {
    /// Reads the address; connects to nothing yet.
    pub(super) fn new(address: &Address) -> Result<Self, OpenError> {
        let name = address.name();
        let mut config: Config = address.url.parse().map_err(|_| OpenError::Address)?;
        config.connect_timeout(CONNECT_TIMEOUT).application_name("guitai-hq");
        let tls = Tls::new(&mut config, address.authority.as_deref())?;
        Ok(Self { config, name, tls, state: Mutex::default(), returned: Condvar::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error of the first connection.
    pub(super) fn refuse(&self, error: StoreError) -> OpenError {
        OpenError::Postgres { name: self.name.clone(), source: Box::new(error) }
    }

    /// Lends a connection, making one where all that exist are lent and more
    /// may be made.
    pub(super) fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let until = Instant::now() + WAIT_MAX;
        let mut state = self.state();
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(Lent { pool: self, connection: Some(connection), is_good: true });
            }
            if state.opened < CONNECTIONS_MAX {
                state.opened += 1;
                drop(state);
                return match self.connect() {
                    Ok(connection) => Ok(Lent { pool: self, connection: Some(connection), is_good: true }),
                    Err(error) => {
                        self.state().opened -= 1;
                        self.returned.notify_one();
                        Err(error)
                    }
                };
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Away(format!("no connection to {} became free", self.name)));
            }
            state = self.returned.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lends a connection on which `words` were said. Those whose server was
    /// restarted meanwhile are put away on the way.
    pub(super) fn lend_with(&self, words: &str) -> Result<Lent<'_>, StoreError> {
        for _ in 0..CONNECTIONS_MAX {
            let mut lent = self.lend()?;
            match lent.client().batch_execute(words) {
                Ok(()) => return Ok(lent),
                Err(error) => {
                    lent.discard();
                    let error = StoreError::from(error);
                    if !error.is_passing() {
                        return Err(error);
                    }
                }
            }
        }
        let mut lent = self.lend()?;
        lent.client().batch_execute(words)?;
        Ok(lent)
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let away = |error: ::postgres::Error| StoreError::Away(describe(&self.name, &error));
        let mut client = self.tls.connect(&self.config).map_err(away)?;
        client.batch_execute(SETTINGS).map_err(away)?;
        Ok(Connection::new(client))
    }
}

impl Drop for Pool {
    /// A connection says goodbye when it is dropped and waits for that, which
    /// no task of a runtime may: it is done on a thread of its own.
    fn drop(&mut self) {
        let idle = std::mem::take(&mut self.state().idle);
        // Where no thread can be had they are dropped here and now.
        if let Ok(ending) = std::thread::Builder::new().spawn(move || drop(idle)) {
            let _ = ending.join();
        }
    }
}

/// What a server said, without the address that may have a password in it.
fn describe(name: &str, error: &::postgres::Error) -> String {
    let mut text = format!("connect to {name}: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
