//! What a user has of that which is limited. The limits are conditions of the writes that add to it.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use crate::error::failed;
use crate::limits::{ACCOUNTS_OWNED, MAX_SESSIONS, MEMBERSHIPS, TOKENS, USERS_MADE};
use crate::model::{
    CountedGrant, CountedSession, CountedToken, Counts, Grant, GrantId, Session, SessionId,
    TokenId, User, UserId, UserToken,
};
use crate::table::engine::{
    Changes, Condition, Fetch, Items, Key, Keyed, OnConditionFailed, Stored, TTL, Transaction,
};
use crate::{Error, Result};

/// The `type` of the items that count the users that were made on a day.
const MADE: &str = "made";

/// Tokens that ended are deleted when another is created, so many at once, of the 100 actions that a
/// transaction takes.
const MAX_ENDED_DELETED: usize = 80;

/// What the caller has.
pub struct CallerCounts;

impl Fetch for CallerCounts {
    type Output = Option<Stored<Counts>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::counts(caller)]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.take(&Key::counts(caller))
    }
}

/// What became of a token that a new one replaces.
pub(in crate::table) enum Replaced<'a> {
    /// There is none.
    Nothing,
    /// It is gone.
    Deleted(TokenId),
    /// It works until this end.
    Ending(&'a UserToken, Timestamp),
}

impl Replaced<'_> {
    const fn id(&self) -> Option<TokenId> {
        match self {
            Self::Nothing => None,
            Self::Deleted(old) => Some(*old),
            Self::Ending(old, _) => Some(old.id),
        }
    }
}

/// The counts that were fetched with a user who exists.
pub(in crate::table) fn existing(counts: Option<&Stored<Counts>>) -> Result<&Stored<Counts>> {
    counts.ok_or(Error::WriteConflict)
}

impl Transaction<'_> {
    /// Counts a new token, which must find room once those that have ended are removed, with their
    /// items: else lists would grow by tokens that end at once, until nobody can read them.
    pub(in crate::table) fn count_token(
        self,
        user: &User,
        counts: &Stored<Counts>,
        new: &UserToken,
        replaced: &Replaced<'_>,
    ) -> Result<Self> {
        let mut gone = counts.ended_tokens(user, Timestamp::now());
        // Its own action and its own entry are below; it may have ended a moment ago.
        gone.retain(|id| replaced.id() != Some(*id));
        gone.truncate(MAX_ENDED_DELETED);
        let transaction = gone.iter().fold(self, |transaction, id| {
            transaction.delete(Key::token(user.id, *id), Condition::always(), CONFLICT)
        });
        let mut changes =
            Changes::of_tokens().set_entry("tokens", new.id, CountedToken::from(new))?;
        match replaced {
            Replaced::Nothing => {}
            Replaced::Deleted(old) => gone.push(*old),
            Replaced::Ending(old, end) => {
                let ending = CountedToken { expires_at: Some(*end), ..CountedToken::from(*old) };
                changes = changes.set_entry("tokens", old.id, ending)?;
            }
        }
        gone.retain(|id| counts.tokens.contains_key(id));
        counts.check_token(&gone)?;
        if gone.is_empty() {
            let room = Condition::fewer_entries("tokens", TOKENS.max);
            let no_room: OnConditionFailed = || Error::LimitReached(TOKENS);
            return Ok(transaction.update(counts.key(), changes, room, no_room));
        }
        // What is removed must still be there, so that room is counted once.
        let changes = gone.iter().fold(changes, |changes, id| changes.remove_entry("tokens", id));
        Ok(transaction.update(counts.key(), changes, Condition::unchanged(counts), CONFLICT))
    }

    /// Removes a token from the counts.
    pub(in crate::table) fn uncount_token(self, user: UserId, token: TokenId) -> Self {
        let changes = Changes::of_tokens().remove_entry("tokens", token);
        self.update(Key::counts(user), changes, Condition::present(), CONFLICT)
    }

    /// Removes these tokens from the counts, whose tokens must be unchanged: none was made meanwhile.
    pub(in crate::table) fn uncount_tokens(
        self,
        counts: &Stored<Counts>,
        tokens: &[TokenId],
    ) -> Self {
        let remove = |changes: Changes, id| changes.remove_entry("tokens", id);
        let changes = tokens.iter().fold(Changes::of_tokens(), remove);
        self.update(counts.key(), changes, Condition::same_tokens(counts), CONFLICT)
    }

    /// Counts a new grant, which must find room once these are gone. The counts must be unchanged:
    /// the grants of one client are limited too.
    pub(in crate::table) fn count_grant(
        self,
        counts: &Stored<Counts>,
        new: &Grant,
        gone: &[GrantId],
    ) -> Result<Self> {
        counts.check_grant(gone)?;
        let changes = Changes::new().set_entry("grants", new.id, CountedGrant::from(new))?;
        let changes = gone.iter().fold(changes, |changes, id| changes.remove_entry("grants", id));
        Ok(self.update(counts.key(), changes, Condition::unchanged(counts), CONFLICT))
    }

    /// Counts the end of a grant, which the counts must still have: else it ended meanwhile, and its
    /// place may be another one's.
    pub(in crate::table) fn count_grant_end(
        self,
        grant: &Grant,
        expires_at: Timestamp,
    ) -> Result<Self> {
        let counted = CountedGrant { expires_at, ..CountedGrant::from(grant) };
        let changes = Changes::new().set_entry("grants", grant.id, counted)?;
        let still = Condition::has_entry("grants", grant.id);
        Ok(self.update(Key::counts(grant.user), changes, still, CONFLICT))
    }

    /// Removes a grant from the counts.
    pub(in crate::table) fn uncount_grant(self, user: UserId, grant: GrantId) -> Self {
        self.uncount_grants(user, [grant])
    }

    /// Removes grants of a user from the counts.
    pub(in crate::table) fn uncount_grants(
        self,
        user: UserId,
        grants: impl IntoIterator<Item = GrantId>,
    ) -> Self {
        let remove = |changes: Changes, grant| changes.remove_entry("grants", grant);
        let changes = grants.into_iter().fold(Changes::new(), remove);
        self.update(Key::counts(user), changes, Condition::present(), CONFLICT)
    }

    /// Removes these grants from the counts, which must have no more than were read: none was made
    /// meanwhile, unless in the place of one that had ended. Refreshed tokens change nothing here, so
    /// that no client holds it up.
    pub(in crate::table) fn uncount_read_grants(
        self,
        counts: &Stored<Counts>,
        gone: &[GrantId],
    ) -> Self {
        let remove = |changes: Changes, id| changes.remove_entry("grants", id);
        let changes = gone.iter().fold(Changes::new(), remove);
        let read = u32::try_from(counts.grants.len()).unwrap_or(u32::MAX);
        let no_more = Condition::fewer_entries("grants", read.saturating_add(1));
        self.update(counts.key(), changes, no_more, CONFLICT)
    }

    /// Counts a new session. It deletes these, which it replaces or which have ended.
    pub(in crate::table) fn count_session(
        self,
        counts: &Stored<Counts>,
        new: &Session,
        mut gone: Vec<SessionId>,
    ) -> Result<Self> {
        gone.truncate(MAX_ENDED_DELETED);
        let changes = Changes::new().set_entry("sessions", new.id, CountedSession::from(new))?;
        if gone.is_empty() {
            let room = Condition::fewer_entries("sessions", MAX_SESSIONS);
            return Ok(self.update(counts.key(), changes, room, CONFLICT));
        }
        let transaction = gone.iter().fold(self, |transaction, id| {
            transaction.delete(Key::session(new.user, *id), Condition::always(), CONFLICT)
        });
        let changes = gone.iter().fold(changes, |changes, id| changes.remove_entry("sessions", id));
        Ok(transaction.update(counts.key(), changes, Condition::unchanged(counts), CONFLICT))
    }

    /// Removes sessions of a user from the counts.
    pub(in crate::table) fn uncount_sessions(
        self,
        user: UserId,
        sessions: impl IntoIterator<Item = SessionId>,
    ) -> Self {
        let remove = |changes: Changes, session| changes.remove_entry("sessions", session);
        let changes = sessions.into_iter().fold(Changes::new(), remove);
        self.update(Key::counts(user), changes, Condition::present(), CONFLICT)
    }

    /// Counts a new account, of which its owner is a member.
    pub(in crate::table) fn count_new_account(self, owner: UserId) -> Self {
        let room = Condition::below("accountsOwned", ACCOUNTS_OWNED.max)
            .and(Condition::below("memberships", MEMBERSHIPS.max));
        let changes = Changes::of_numbers().add("accountsOwned", 1).add("memberships", 1);
        self.update(Key::counts(owner), changes, room, CONFLICT)
    }

    /// Counts a further membership of a user.
    pub(in crate::table) fn count_membership(self, user: UserId) -> Self {
        let room = Condition::below("memberships", MEMBERSHIPS.max);
        let changes = Changes::of_numbers().add("memberships", 1);
        self.update(Key::counts(user), changes, room, || Error::LimitReached(MEMBERSHIPS))
    }

    /// Counts an account that its owner did not create, but was passed on.
    pub(in crate::table) fn count_passed_account(self, owner: UserId) -> Self {
        let room = Condition::below("accountsOwned", ACCOUNTS_OWNED.max);
        let changes = Changes::of_numbers().add("accountsOwned", 1);
        self.update(Key::counts(owner), changes, room, CONFLICT)
    }

    /// Counts an account for its new owner, who must have room for it, in place of the former one.
    pub(in crate::table) fn count_handover(self, from: UserId, to: UserId) -> Self {
        let owned = |number| Changes::of_numbers().add("accountsOwned", number);
        let room = Condition::below("accountsOwned", ACCOUNTS_OWNED.max);
        self.update(Key::counts(to), owned(1), room, || Error::LimitReached(ACCOUNTS_OWNED)).update(
            Key::counts(from),
            owned(-1),
            Condition::present(),
            CONFLICT,
        )
    }

    /// Takes an account that is deleted or passed on from its owner, and from the admin who goes
    /// the membership.
    pub(in crate::table) fn uncount_account(self, owner: UserId, admin: UserId) -> Self {
        let fewer = Changes::of_numbers().add("accountsOwned", -1);
        let present = Condition::present;
        if owner == admin {
            let changes = fewer.add("memberships", -1);
            return self.update(Key::counts(owner), changes, present(), CONFLICT);
        }
        self.update(Key::counts(owner), fewer, present(), CONFLICT).uncount_membership(admin)
    }

    /// Takes a membership from a user.
    pub(in crate::table) fn uncount_membership(self, user: UserId) -> Self {
        let changes = Changes::of_numbers().add("memberships", -1);
        self.update(Key::counts(user), changes, Condition::present(), CONFLICT)
    }

    /// Counts a new user for the first of its makers, who has room for so many a day.
    pub(in crate::table) fn count_made_user(self, maker: UserId, now: Timestamp) -> Result<Self> {
        let (day, end) = day_and_end(now).map_err(failed("count a user"))?;
        let room = Condition::absent().or(Condition::below("users", USERS_MADE.max));
        let changes = Changes::or_new_item(MADE).add("users", 1).set(TTL, end.as_second())?;
        let key = Key::made(maker, day);
        Ok(self.update(key, changes, room, || Error::LimitReached(USERS_MADE)))
    }
}

const CONFLICT: OnConditionFailed = || Error::WriteConflict;

/// The UTC day, and when its count may go: another day later, whatever a clock says.
pub(in crate::table) fn day_and_end(now: Timestamp) -> Result<(Date, Timestamp), jiff::Error> {
    Ok((Offset::UTC.to_datetime(now).date(), now.checked_add(Span::new().hours(48))?))
}
