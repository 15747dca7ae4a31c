//! How many mails are sent on request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::limits::MailLimit;

/// When mails of one kind were sent for one name, as far as it still matters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SentMails {
    /// In milliseconds since 1970, oldest first.
    times: Vec<i64>,
}

impl SentMails {
    /// How long to wait until the limit allows another one; nothing if it allows one now.
    pub fn wait(&self, limit: MailLimit, now: Timestamp) -> Option<Duration> {
        let counting = self.counting(limit, now);
        let after = |time: i64, span: Duration| {
            let end = u128::try_from(time).unwrap_or_default() + span.as_millis();
            let left = end.saturating_sub(u128::try_from(now.as_millisecond()).unwrap_or_default());
            Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX))
        };
        let pause = counting.last().map(|last| after(*last, limit.pause));
        let full = counting.len().checked_sub(limit.count).and_then(|first| counting.get(first));
        let full = full.map(|oldest| after(*oldest, limit.within));
        pause.into_iter().chain(full).max().filter(|wait| !wait.is_zero())
    }

    /// The same with one more, sent now.
    #[must_use]
    pub fn with_one_more(&self, limit: MailLimit, now: Timestamp) -> Self {
        let mut times = self.counting(limit, now).to_vec();
        times.push(now.as_millisecond());
        Self { times }
    }

    /// The times that still count.
    fn counting(&self, limit: MailLimit, now: Timestamp) -> &[i64] {
        let since = (now - limit.within).as_millisecond();
        let first = self.times.partition_point(|time| *time <= since);
        &self.times[first..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: MailLimit =
        MailLimit { count: 2, within: Duration::from_secs(100), pause: Duration::from_secs(10) };

    #[test]
    fn a_mail_waits_for_the_pause_and_for_the_oldest_of_too_many() {
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap();
        let wait =
            |sent: &SentMails, second| sent.wait(LIMIT, at(second)).map(|wait| wait.as_secs());

        let none = SentMails::default();
        let one = none.with_one_more(LIMIT, at(0));
        let two = one.with_one_more(LIMIT, at(20));

        assert_eq!(wait(&none, 0), None);
        assert_eq!((wait(&one, 4), wait(&one, 10)), (Some(6), None));
        assert_eq!((wait(&two, 30), wait(&two, 99), wait(&two, 100)), (Some(70), Some(1), None));
        assert_eq!(two.with_one_more(LIMIT, at(100)).times.len(), 2);
    }
}
