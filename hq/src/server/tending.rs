//! What time alone ends: reservations whose time is over, members' points, answers that nobody
//! asks for again, sessions. Any number of HQ processes may do it at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::Desk;
use super::refusal::{Refusal, chain};
use super::routes::{now_ms, work};
use crate::books::keeper::{HQ_LANE, pass_due};
use crate::scan_go::{BASKETS_KEPT_MS, keys};
use crate::store::StoreError;
use crate::{feed, reservations};

/// Between two looks: a reservation is over by a minute at most.
const INTERVAL: Duration = Duration::from_secs(60);

/// Members for whom time passes before others have their turn.
const PORTION: u32 = 100;

/// Portions of one look: 10,000 members a minute, which are fourteen millions a day, more than a chain has buyers.
const PORTIONS_MAX: u32 = 100;

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
        if let Err(refusal) = pass_time(&desk).await {
            warn!(?refusal, "what is over of members' points stays a while longer");
        }
        // Beside the questions: it may take a minute.
        let Ok(permit) = desk.offers.enter().await else { continue };
        if let Err(refusal) = work(&desk, permit, |desk| Ok(desk.snapshots.make_ahead(&desk.store)?)).await {
            warn!(?refusal, "no snapshot is made; lanes that have much to get take pages");
        }
    }
}

/// Lets time pass for the members whose points it does something to. Between two portions others have their turn.
async fn pass_time(desk: &Arc<Desk>) -> Result<(), Refusal> {
    for _ in 0..PORTIONS_MAX {
        let permit = desk.questions.enter().await?;
        let passed = work(desk, permit, |desk| Ok(pass_due(&desk.store, now_ms(), PORTION)?)).await?;
        if passed < u64::from(PORTION) {
            break;
        }
    }
    Ok(())
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
