//! The sweep: whatever interrupted requests left to be cleared up is cleared up.

use std::iter::Sum;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use tokio::time::timeout;

use super::task::CleanupTask;
use crate::Result;
use crate::error::ErrorChain;
use crate::model::{Account, AccountId, User, UserId};
use crate::table::engine::{CLEARING, Key, Keyed, SHARDS, Stored, Table, clearing_partition};
use crate::telemetry::request::observed;

/// How many notes are read at once.
const PAGE: i32 = 100;

/// How many lists are worked on at once, each over connections of its own.
const AT_ONCE: usize = 4;

/// What a run of the sweep came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Pieces of work of which nothing is left.
    pub finished: u32,
    /// Pieces of work, or lists of them, that failed; the next run finds them again.
    pub failed: u32,
    /// Lists of work that the time did not suffice for; the next run goes on there.
    pub late: u32,
}

impl Sum for Swept {
    fn sum<I: Iterator<Item = Self>>(runs: I) -> Self {
        runs.fold(Self::default(), |sum, run| Self {
            finished: sum.finished + run.finished,
            failed: sum.failed + run.failed,
            late: sum.late + run.late,
        })
    }
}

impl Table {
    /// Clears up what interrupted requests left, for as long as this, and logs what came of it.
    ///
    /// It may stop anywhere and be run again, by several at once and beside the requests themselves.
    pub async fn sweep(&self, within: Duration) -> Swept {
        let begun = Instant::now();
        let shards = SHARDS.chars().map(|shard| self.sweep_shard(shard, begun, within));
        let shards = stream::iter(shards).buffer_unordered(AT_ONCE).collect::<Vec<_>>();
        let (swept, observed) = observed(shards).await;
        let swept: Swept = swept.into_iter().sum();
        let Swept { finished, failed, late } = swept;
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        let (calls, units) = (observed.calls, observed.capacity);
        // No metrics: each would be billed in every month in which the sweep ran, so in every one.
        if failed > 0 {
            tracing::error!(finished, failed, late, milliseconds, calls, units, "swept");
        } else {
            tracing::info!(finished, failed, late, milliseconds, calls, units, "swept");
        }
        swept
    }

    /// One list, page after page and piece after piece; one that fails keeps none of the others waiting.
    async fn sweep_shard(&self, shard: char, begun: Instant, within: Duration) -> Swept {
        let mut swept = Swept::default();
        let left = || within.saturating_sub(begun.elapsed());
        let mut last = None;
        loop {
            let page = self.query_page(clearing_partition(shard), CLEARING, last, PAGE);
            let (page, ended): (Vec<CleanupTask>, bool) = match timeout(left(), page).await {
                Ok(Ok(page)) => page,
                Ok(Err(error)) => {
                    tracing::warn!(error = %ErrorChain(&error), "a list of what is left was not read");
                    return Swept { failed: swept.failed + 1, ..swept };
                }
                Err(_) => return Swept { late: 1, ..swept },
            };
            for piece in &page {
                match timeout(left(), self.finish(piece)).await {
                    Ok(Ok(())) => swept.finished += 1,
                    Ok(Err(error)) => {
                        tracing::warn!(?piece, error = %ErrorChain(&error), "it was not cleared up");
                        swept.failed += 1;
                    }
                    Err(_) => return Swept { late: 1, ..swept },
                }
            }
            last = page.last().map(Keyed::key);
            if ended {
                return swept;
            }
        }
    }

    /// Clears up one piece, and takes its note away last.
    async fn finish(&self, piece: &CleanupTask) -> Result<()> {
        match piece {
            CleanupTask::Members { account, .. } => self.finish_members(*account).await?,
            CleanupTask::Credentials { user, .. } => self.finish_credentials(*user).await?,
        }
        self.cleared(piece.key()).await
    }

    /// An account that is there, because somebody has restored it, keeps its members.
    async fn finish_members(&self, id: AccountId) -> Result<()> {
        let key = Key::account(id);
        let account: Option<Stored<Account>> =
            self.batch_get(vec![key.clone()]).await?.take(&key)?;
        if account.is_some() {
            tracing::warn!(account = %id, "an account that was deleted is there again");
            return Ok(());
        }
        self.clear_account(id).await?;
        Ok(())
    }

    /// What works and what does not is decided by the user as it is now, whatever the note says.
    async fn finish_credentials(&self, id: UserId) -> Result<()> {
        let key = Key::user(id);
        let user: Option<Stored<User>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        if let Some(user) = user {
            self.clear_revoked(&user).await?;
        }
        Ok(())
    }
}
