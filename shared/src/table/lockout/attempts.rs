//! An attempt to sign in, over the counters of its user or name and of its source.

use tokio::time::timeout;

use super::counter::{Counter, Slot};
use super::login::{Login, LoginSubject};
use crate::model::{AuditAction, SourceId, Timestamp, UserId};
use crate::table::engine::{Actor, Items, Table, Trail, Transaction};
use crate::{Result, timeouts};

/// The login attempts that an attempt adds to.
#[derive(Debug, Clone)]
pub struct LoginAttempts {
    user: Option<UserId>,
    source_id: SourceId,
    subject: Counter,
    /// None if the source is not counted.
    source: Option<Counter>,
}

/// The slots of an attempt in progress.
#[derive(Debug)]
#[must_use = "an attempt is given back or recorded as failed"]
pub struct Reservation {
    /// Whose password it is; nobody's if no user has the name.
    user: Option<UserId>,
    subject: Slot,
    /// None if the source is not counted, or the user is known from it.
    source: Option<Slot>,
    /// What is written in its place.
    touched: Option<Counter>,
}

impl LoginAttempts {
    /// `epoch` is the user's one of attempts, as it was read with them: those of an earlier one are
    /// forgotten.
    pub(in crate::table) fn extract(login: &Login, epoch: u64, items: &mut Items) -> Result<Self> {
        let mut read = |counter: Counter| -> Result<Counter> {
            let item = items.take_attributes(counter.key())?;
            Ok(counter.read(item.as_ref()))
        };
        let user = match login.subject {
            LoginSubject::User(user) => Some(user),
            LoginSubject::Name(_) => None,
        };
        let source = login.source.is_counted.then(|| Counter::of_source(login));
        Ok(Self {
            user,
            source_id: login.source.id,
            subject: read(Counter::of_subject(login, epoch))?,
            source: source.map(read).transpose()?,
        })
    }

    /// The id of the source.
    pub fn source_id(&self) -> String {
        self.source_id.to_string()
    }

    /// Whether the user signed in from this source within the last 30 days.
    pub fn knows_source(&self) -> bool {
        self.subject.knows_source(Timestamp::now())
    }

    /// Rejects every password while the name is locked for this source, or the source has used its
    /// attempts, whether the password is right or wrong.
    pub fn check_not_locked(&self) -> Result<()> {
        let now = Timestamp::now();
        self.subject.check_not_locked(now)?;
        match &self.source {
            Some(source) if !self.subject.knows_source(now) => source.check_not_locked(now),
            _ => Ok(()),
        }
    }
}

impl Table {
    /// Reserves the slots of an attempt: one round trip. Fails if the name is locked or all slots
    /// are reserved.
    pub async fn reserve_attempt(&self, read: LoginAttempts) -> Result<Reservation> {
        read.check_not_locked()?;
        let is_known = read.knows_source();
        let LoginAttempts { user, subject, source, .. } = read;
        let (counted, touched) = if is_known { (None, source) } else { (source, None) };
        let of_source = async {
            if let Some(counter) = &touched {
                self.touch_counter(counter).await?;
            }
            match counted {
                Some(source) => self.reserve_slot(source).await.map(Some),
                None => Ok(None),
            }
        };
        match tokio::join!(Box::pin(self.reserve_slot(subject)), Box::pin(of_source)) {
            (Ok(subject), Ok(source)) => Ok(Reservation { user, subject, source, touched }),
            (Ok(reserved), Err(error)) | (Err(error), Ok(Some(reserved))) => {
                self.release_slot(&reserved).await;
                Err(error)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Gives the slots of a right password back, and notes that the user is known from the source:
    /// one round trip. Failures are ignored: the reservations end by themselves.
    pub async fn release_attempt(&self, reservation: Reservation) {
        let Reservation { user, subject, source, .. } = reservation;
        let of_source = async {
            if let Some(source) = source {
                self.release_slot(&source).await;
            }
        };
        tokio::join!(
            Box::pin(self.release_slot_of_known_source(subject, user)),
            Box::pin(of_source)
        );
    }

    /// Notes that the user is known from the source by a sign-in that takes no attempt and lifts no
    /// lock: one round trip. Failures are ignored: the next sign-in notes it.
    pub async fn note_sign_in(&self, read: LoginAttempts) {
        let LoginAttempts { user, subject, .. } = read;
        // Boxed: the SDK's futures are large.
        let note = Box::pin(self.note_known_source(subject, user));
        let noted = timeout(timeouts::TOUCH, note).await.is_ok();
        tracing::debug!(noted, "source of a sign-in");
    }

    /// Gives the slots of a right password back that alone does not sign in: the user is not known
    /// from the source by it. Else whoever has the password would have ten slots for codes from
    /// every source. Failures are ignored, likewise.
    pub async fn return_attempt(&self, reservation: Reservation) {
        let Reservation { subject, source, .. } = reservation;
        let of_source = async {
            if let Some(source) = source {
                self.release_slot(&source).await;
            }
        };
        tokio::join!(Box::pin(self.release_slot(&subject)), Box::pin(of_source));
    }

    /// Keeps the slots of a wrong password, and leaves an entry in the user's log, which names the
    /// actor who sent it: one round trip. The tenth locks the name for the source or for all that
    /// the user is not known from, by two more, which is the service's act. A user has at most ten
    /// entries within 15 minutes for each such lock.
    pub async fn record_failed_attempt(
        &self,
        actor: &Actor,
        reservation: Reservation,
    ) -> Result<()> {
        let Reservation { user, subject, source, touched } = reservation;
        let rejected = self.leave_sign_in_entry(actor, user, AuditAction::SignInRejected);
        let of_source = async {
            match (source, touched) {
                (Some(source), _) => self.record_wrong_slot(source).await.map(|_| ()),
                (None, Some(counter)) => self.touch_counter(&counter).await,
                (None, None) => Ok(()),
            }
        };
        // Neither ends the other: a failure of one leaves the other one recorded.
        let (of_subject, of_source, rejected) = tokio::join!(
            Box::pin(self.record_wrong_slot(subject)),
            Box::pin(of_source),
            Box::pin(rejected)
        );
        if of_subject? {
            let service = actor.system_for();
            self.leave_sign_in_entry(&service, user, AuditAction::SignInLocked).await?;
        }
        of_source.and(rejected)
    }

    /// Leaves an entry in the log of a user; for a name that no user has, what takes as long.
    async fn leave_sign_in_entry(
        &self,
        actor: &Actor,
        user: Option<UserId>,
        action: AuditAction,
    ) -> Result<()> {
        // The service writes it, whatever has become of the actor: a signature counts for nothing.
        let service = actor.system_for();
        let write = Transaction::without_trail(self, &service, "record a rejected sign-in");
        let trail = Trail::of_user(user.unwrap_or_else(UserId::generate), action).by(actor);
        let write = match user {
            Some(_) => write.put_entries_of(trail)?,
            None => write.put_decoys_of(trail)?,
        };
        write.commit().await
    }
}
