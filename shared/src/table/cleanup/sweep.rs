//! The sweep: completes the cleanup tasks of interrupted requests.

use std::iter::Sum;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use tokio::time::timeout;

use super::task::CleanupTask;
use crate::Result;
use crate::error::ErrorChain;
use crate::model::{Account, AccountId, User, UserId};
use crate::table::engine::{Actor, CLEANUP, Key, Keyed, SHARDS, Stored, Table, cleanup_partition};
use crate::telemetry::request::observed;

/// Tasks per page.
const PAGE_SIZE: i32 = 100;

/// How many shards are swept concurrently, each over its own connection.
const CONCURRENCY: usize = 4;

/// The result of a sweep.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Swept {
    /// Completed tasks.
    pub finished: u32,
    /// Tasks, or shards, that failed. The next run tries them again.
    pub failed: u32,
    /// Shards for which the time budget did not suffice. The next run goes on with what is left.
    pub timed_out: u32,
}

impl Sum for Swept {
    fn sum<I: Iterator<Item = Self>>(runs: I) -> Self {
        runs.fold(Self::default(), |sum, run| Self {
            finished: sum.finished + run.finished,
            failed: sum.failed + run.failed,
            timed_out: sum.timed_out + run.timed_out,
        })
    }
}

impl Table {
    /// Completes the cleanup tasks of interrupted requests within a time budget, and logs the
    /// result.
    ///
    /// It may be interrupted, repeated and run concurrently, with itself and with requests.
    pub async fn sweep(&self, budget: Duration) -> Swept {
        let started = Instant::now();
        let shards = SHARDS.chars().map(|shard| self.sweep_shard(shard, started, budget));
        let shards = stream::iter(shards).buffer_unordered(CONCURRENCY).collect::<Vec<_>>();
        let (swept, observed) = observed(shards).await;
        let swept: Swept = swept.into_iter().sum();
        let Swept { finished, failed, timed_out } = swept;
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let (calls, units) = (observed.calls, observed.capacity);
        // No metrics: each would be billed every month.
        if failed > 0 {
            let version = crate::telemetry::version();
            tracing::error!(
                version,
                finished,
                failed,
                timed_out,
                milliseconds,
                calls,
                units,
                "swept"
            );
        } else {
            tracing::info!(finished, failed, timed_out, milliseconds, calls, units, "swept");
        }
        swept
    }

    /// Tries the mail of one shard again, and completes its tasks, page by page. A failed task does
    /// not stop the others.
    async fn sweep_shard(&self, shard: char, started: Instant, budget: Duration) -> Swept {
        let left = || budget.saturating_sub(started.elapsed());
        // First, so that no number of tasks keeps it waiting.
        let mut swept = self.sweep_mail(shard, left() / 2).await;
        let mut last = None;
        loop {
            let page = self.query_page(cleanup_partition(shard), CLEANUP, last, PAGE_SIZE);
            let (page, ended): (Vec<CleanupTask>, bool) = match timeout(left(), page).await {
                Ok(Ok(page)) => page,
                Ok(Err(error)) => {
                    tracing::warn!(error = %ErrorChain(&error), "could not list the cleanup tasks");
                    return Swept { failed: swept.failed + 1, ..swept };
                }
                Err(_) => return Swept { timed_out: 1, ..swept },
            };
            for task in &page {
                // One that takes long leaves time to those behind it.
                match timeout(left() / 2, self.complete(task)).await {
                    Ok(Ok(())) => swept.finished += 1,
                    Ok(Err(error)) => {
                        tracing::warn!(?task, error = %ErrorChain(&error), "a cleanup task failed");
                        swept.failed += 1;
                    }
                    Err(_) if left().is_zero() => return Swept { timed_out: 1, ..swept },
                    Err(_) => swept.timed_out = 1,
                }
            }
            last = page.last().map(Keyed::key);
            if ended {
                return swept;
            }
        }
    }

    /// Puts the mail of one shard that waits for too long into the outbox again.
    async fn sweep_mail(&self, shard: char, budget: Duration) -> Swept {
        match timeout(budget, self.retry_waiting_mail(shard)).await {
            Ok(Ok(finished)) => Swept { finished, ..Swept::default() },
            Ok(Err(error)) => {
                tracing::warn!(error = %ErrorChain(&error), "mail could not be tried again");
                Swept { failed: 1, ..Swept::default() }
            }
            Err(_) => Swept { timed_out: 1, ..Swept::default() },
        }
    }

    /// Completes one task; the task itself is deleted last.
    async fn complete(&self, task: &CleanupTask) -> Result<()> {
        match task {
            CleanupTask::Members { account, .. } => self.sweep_members(*account).await?,
            CleanupTask::Credentials { user, .. } => self.sweep_credentials(*user).await?,
            CleanupTask::User { user, .. } => {
                if !self.sweep_user_deletion(&Actor::system(), *user).await? {
                    return Ok(());
                }
            }
            CleanupTask::Tokens { user, .. } => self.delete_revoked_tokens(*user).await?,
        }
        self.complete_cleanup(task.key()).await
    }

    /// An account that exists, because it was restored from a backup, keeps its members.
    async fn sweep_members(&self, id: AccountId) -> Result<()> {
        let key = Key::account(id);
        let account: Option<Stored<Account>> =
            self.batch_get(vec![key.clone()]).await?.take(&key)?;
        if account.is_some() {
            tracing::warn!(account = %id, "a deleted account exists again");
            return Ok(());
        }
        self.delete_all_members(id).await?;
        Ok(())
    }

    /// The current state of the user decides which credentials are revoked, not the task.
    async fn sweep_credentials(&self, id: UserId) -> Result<()> {
        let key = Key::user(id);
        let user: Option<Stored<User>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        if let Some(user) = user {
            self.delete_revoked(&user).await?;
        }
        Ok(())
    }
}
