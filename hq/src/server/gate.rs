//! How much at one time: who comes beyond that waits in line, first come
//! first served, and who finds the line too long is told to come back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::Refusal;

/// How long somebody waits in line: well below what a lane waits for an answer.
const WAIT_MAX: Duration = Duration::from_secs(40);

/// A bound with a line before it.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Arc<Semaphore>,
    places_max: u32,
    line: Arc<Semaphore>,
}

impl Gate {
    /// So many places, and so many who may wait for one.
    pub(crate) fn new(places_max: u32, waiting_max: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places_max as usize)),
            places_max,
            line: Arc::new(Semaphore::new(waiting_max)),
        }
    }

    /// Takes one place.
    pub(crate) async fn enter(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        self.enter_with(1).await
    }

    /// Takes so many places at once; all of them where that is more.
    pub(crate) async fn enter_with(&self, places: u32) -> Result<OwnedSemaphorePermit, Refusal> {
        let _in_line = self.line.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let places = places.clamp(1, self.places_max);
        let entering = self.places.clone().acquire_many_owned(places);
        match tokio::time::timeout(WAIT_MAX, entering).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Refusal::Busy),
        }
    }

    /// Places that are taken now.
    pub(crate) fn taken(&self) -> usize {
        (self.places_max as usize).saturating_sub(self.places.available_permits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_comes_first_goes_first_and_the_line_has_an_end() {
        let gate = Arc::new(Gate::new(1, 2));
        let inside = gate.enter().await.expect("a place");
        let waiting = |gate: Arc<Gate>| tokio::spawn(async move { gate.enter_with(9).await.map(drop) });
        let first = waiting(gate.clone());
        let second = waiting(gate.clone());
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert!(matches!(gate.enter().await, Err(Refusal::Busy)), "nobody stands behind the second");
        assert_eq!(gate.taken(), 1);
        drop(inside);
        assert!(first.await.expect("a task").is_ok());
        assert!(second.await.expect("a task").is_ok());
        assert_eq!(gate.taken(), 0);
    }
}
