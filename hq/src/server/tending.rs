//! What time alone ends: reservations whose time is over, answers that nobody
//! asks for again, sessions. Any number of HQ processes may do it at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::Desk;
use super::refusal::{Refusal, chain};
use super::routes::{now_ms, work};
use crate::books::keeper::HQ_LANE;
use crate::scan_go::{BASKETS_KEPT_MS, keys};
use crate::store::StoreError;
use crate::{feed, reservations};

/// Between two looks: a reservation is over by a minute at most.
const INTERVAL: Duration = Duration::from_secs(60);

/// How long an answer to a change is kept, milliseconds: a week, by which
/// whoever sent it has sent it again.
pub const ANSWERS_KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// Looks again and again.
pub(super) async fn tend(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Ok(permit) = desk.questions.enter().await else { continue };
        if let Err(refusal) = work(&desk, permit, look).await {
            warn!(?refusal, "what is over stays a while longer");
        }
        // Beside the questions: it may take a minute.
        let Ok(permit) = desk.offers.enter().await else { continue };
        if let Err(refusal) = work(&desk, permit, |desk| Ok(desk.snapshots.make_ahead(&desk.store)?)).await {
            warn!(?refusal, "no snapshot is made; lanes that have much to get take pages");
        }
    }
}

fn look(desk: &Desk) -> Result<(), Refusal> {
    let now_ms = now_ms();
    desk.store.write::<_, StoreError>(|writing| writing.forget_access(now_ms - ANSWERS_KEPT_MS, now_ms))?;
    desk.store.write::<_, StoreError>(keys::tell)?;
    let gone = feed::forget_deletions(&desk.store, now_ms)?;
    if gone > 0 {
        info!(gone, "old deletions are forgotten");
    }
    let old_ms = now_ms - BASKETS_KEPT_MS;
    desk.store.write::<_, StoreError>(|writing| writing.forget_phone_baskets(old_ms))?;
    let stores = desk.store.read::<_, StoreError>(|reading| reading.stores_with_due(HQ_LANE, now_ms))?;
    for store in stores {
        desk.store
            .write(|writing| {
                writing.lock_hq_stock(&store)?;
                reservations::end_due(writing, &store, now_ms)
            })
            .map_err(|error| Refusal::Fault(chain(&error)))?;
    }
    Ok(())
}
