//! The second factor of users, and the codes that are used up by what they allow.

use crate::error::failed;
#[cfg(feature = "operator")]
use crate::model::Passkey;
use crate::model::{
    AuditAction, MailKind, RecoveryCode, SealedTotp, SecondFactor, SecretHash, Timestamp, User,
    UserId,
};
#[cfg(feature = "operator")]
use crate::table::engine::Item;
use crate::table::engine::{
    Actor, Changes, Condition, Fetch, Items, Key, Keyed, NewNotice, OnConditionFailed, Stored,
    Table, Trail, Transaction,
};
use crate::table::passkeys::UsedPasskey;
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// The attribute of the user's item that says whether the second factor is on.
const SINCE: &str = "secondFactorSince";
const CONFLICT: OnConditionFailed = || Error::WriteConflict;

/// The second factor of the caller, if it is on.
pub struct CallerSecondFactor;

impl Fetch for CallerSecondFactor {
    type Output = Option<Stored<SecondFactor>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::second_factor(caller)]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.take(&Key::second_factor(caller))
    }
}

/// A code that was right. The write that it allows uses it up: it counts once, also if it is sent
/// twice at once.
pub struct UsedFactor {
    user: UserId,
    code: UsedCode,
    /// When the factor was turned on whose code it is.
    since: Timestamp,
}

enum UsedCode {
    /// A code of this step; with the secret, if it is to be stored under another service key.
    Totp {
        step: u64,
        renewed: Option<SealedTotp>,
    },
    Recovery(SecretHash),
}

impl UsedFactor {
    /// The code of a step. `renewed` is the secret as it is to be stored from now on.
    #[cfg_attr(not(feature = "password"), expect(dead_code, reason = "others take no codes"))]
    pub(crate) const fn totp(
        factor: &SecondFactor,
        step: u64,
        renewed: Option<SealedTotp>,
    ) -> Self {
        let code = UsedCode::Totp { step, renewed };
        Self { user: factor.user, code, since: factor.since }
    }

    /// A recovery code.
    #[cfg_attr(not(feature = "password"), expect(dead_code, reason = "others take no codes"))]
    pub(crate) fn recovery(factor: &SecondFactor, code: &RecoveryCode) -> Self {
        let code = UsedCode::Recovery(code.hash());
        Self { user: factor.user, code, since: factor.since }
    }

    /// What it is, as audit logs name it: `totp` or `recovery_code`.
    pub const fn kind(&self) -> &'static str {
        match self.code {
            UsedCode::Totp { .. } => "totp",
            UsedCode::Recovery(_) => "recovery_code",
        }
    }

    const fn is_recovery_code(&self) -> bool {
        matches!(self.code, UsedCode::Recovery(_))
    }

    /// The factor is the same one, and the code was not used.
    fn condition(&self) -> Result<Condition> {
        let same = Condition::one_of("since", [self.since.to_string()]);
        let unused = match &self.code {
            UsedCode::Totp { step, .. } => {
                let step = u32::try_from(*step).map_err(failed("use a code"))?;
                Condition::below("lastStep", step)
            }
            UsedCode::Recovery(hash) => Condition::has_entry("recoveryCodes", hash.as_str()),
        };
        Ok(unused.and(same))
    }

    /// What uses a code of the app up; of a recovery code nothing.
    fn changes(&self) -> Result<Changes> {
        let changes = Changes::new();
        match &self.code {
            UsedCode::Totp { step, renewed: None } => changes.set("lastStep", step),
            UsedCode::Totp { step, renewed: Some(totp) } => {
                changes.set("lastStep", step)?.set("totp", totp)
            }
            UsedCode::Recovery(_) => Ok(changes),
        }
    }
}

/// What a session begins by.
pub enum SignInProof {
    /// The password alone, which takes that no second factor is on.
    Password,
    /// The password and a code.
    Code(UsedFactor),
    /// A passkey alone.
    Passkey(UsedPasskey),
}

impl SignInProof {
    /// What it is, as audit logs name it.
    pub(in crate::table) const fn factors(&self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code(used) if used.is_recovery_code() => "password+recovery_code",
            Self::Code(_) => "password+totp",
            Self::Passkey(_) => "passkey",
        }
    }
}

impl Table {
    /// Turns the second factor on, whose first code was that of `step`. The returned codes are the
    /// only copy.
    ///
    /// [`Error::WriteConflict`] if it is on, or if the password or other credentials changed since
    /// the user was read, whose password has to be its own.
    pub fn turn_on_second_factor(
        &self,
        actor: &Actor,
        user: &User,
        totp: SealedTotp,
        step: u64,
    ) -> Result<Write<'_, Vec<RecoveryCode>>> {
        let codes = RecoveryCode::generate_all()?;
        let factor = SecondFactor::new(user.id, totp, step, &codes);
        let on = Trail::of_user(user.id, AuditAction::SecondFactorOn)
            .notifying(NewNotice::new(user.id, MailKind::SecondFactorOn));
        let changes = Changes::of_credentials().set(SINCE, factor.since)?;
        // A secret that was set up before the last one was turned off does not count after it, nor
        // once somebody else gave the password.
        let unchanged = Condition::same_credentials(user).and(Condition::no_second_factor());
        let transaction = Transaction::new(self, actor, "turn a second factor on", on)
            .insert(&factor, CONFLICT)?
            .update(user.key(), changes, unchanged, CONFLICT);
        Ok(Write::new(transaction, codes).recorded_as(SecurityEvent::CredentialCreated))
    }

    /// Turns the second factor off, with its recovery codes.
    pub fn turn_off_second_factor(
        &self,
        actor: &Actor,
        user: &User,
        code: &UsedFactor,
    ) -> Result<Write<'_, ()>> {
        let off = Trail::of_user(user.id, AuditAction::SecondFactorOff)
            .with("factor", code.kind())
            .notifying(NewNotice::new(user.id, MailKind::SecondFactorOff));
        let transaction = Transaction::new(self, actor, "turn a second factor off", off)
            .delete(Key::second_factor(user.id), code.condition()?, CONFLICT)
            .mark_off(user);
        Ok(Write::new(transaction, ()).recorded_as(SecurityEvent::CredentialRevoked))
    }

    /// Replaces all recovery codes. The returned ones are the only copy.
    pub fn renew_recovery_codes(
        &self,
        actor: &Actor,
        user: &User,
        code: &UsedFactor,
    ) -> Result<Write<'_, Vec<RecoveryCode>>> {
        let codes = RecoveryCode::generate_all()?;
        let changes = code.changes()?.set("recoveryCodes", SecondFactor::hashes(&codes))?;
        let renewed =
            Trail::of_user(user.id, AuditAction::RecoveryCodesRenewed).with("factor", code.kind());
        let transaction = Transaction::new(self, actor, "renew recovery codes", renewed).update(
            Key::second_factor(user.id),
            changes,
            code.condition()?,
            CONFLICT,
        );
        Ok(Write::new(transaction, codes).recorded_as(SecurityEvent::CredentialCreated))
    }

    /// Takes the second factor, with its recovery codes, and these passkeys, which are all, from a
    /// user who has lost them. Nothing else ends.
    #[cfg(feature = "operator")]
    pub fn reset_second_factor(
        &self,
        actor: &Actor,
        user: &User,
        passkeys: &[Passkey],
    ) -> Result<Write<'_, ()>> {
        let transaction = Transaction::without_trail(self, actor, "reset a second factor");
        let transaction = if user.second_factor_since.is_some() {
            transaction.delete_factor(user).mark_off(user)
        } else {
            transaction.use_factor_if_on(user.id, None)?
        };
        if passkeys.is_empty() {
            return Ok(Write::new(transaction, ()));
        }
        let mut transaction = transaction.remove_all_passkeys(user.id, passkeys);
        for (place, passkey) in passkeys.iter().enumerate() {
            let removed = Trail::of_user(user.id, AuditAction::PasskeyRemoved).to(passkey.id);
            // One mail says it, however many there were.
            let notice = NewNotice::new(user.id, MailKind::PasskeyRemoved);
            let is_first = place == 0;
            let removed = if is_first { removed.notifying(notice) } else { removed };
            transaction = transaction.leaving(removed);
        }
        Ok(Write::new(transaction, ()))
    }

    /// Gives a user the second factor that it has in another table, with the codes that were not
    /// used there, or takes it away. A notice tells of the latter alone.
    #[cfg(feature = "operator")]
    pub fn copy_second_factor(
        &self,
        actor: &Actor,
        user: &User,
        there: Option<&SecondFactor>,
    ) -> Result<Write<'_, ()>> {
        let transaction = Transaction::without_trail(self, actor, "copy a second factor");
        let Some(factor) = there else {
            return Ok(Write::new(transaction.delete_factor(user).mark_off(user), ()));
        };
        let is_same_app = user.second_factor_since == Some(factor.since);
        let action = if is_same_app {
            AuditAction::RecoveryCodesRenewed
        } else {
            AuditAction::SecondFactorOn
        };
        let changes = Changes::of_credentials().set(SINCE, factor.since)?;
        let transaction = transaction
            .put(factor.to_attributes(factor.key())?, Condition::always(), CONFLICT)?
            .update(user.key(), changes, Condition::same_second_factor(user), CONFLICT)
            .leaving(Trail::of_user(user.id, action));
        Ok(Write::new(transaction, ()))
    }
}

impl Transaction<'_> {
    /// Uses a code up. [`Error::WriteConflict`] if it was used meanwhile, or the factor turned off.
    /// Of a recovery code the user is told.
    pub(in crate::table) fn use_factor(self, used: &UsedFactor) -> Result<Self> {
        let (key, condition) = (Key::second_factor(used.user), used.condition()?);
        let changes = used.changes()?;
        let UsedCode::Recovery(hash) = &used.code else {
            return Ok(self.update(key, changes, condition, CONFLICT));
        };
        let changes = changes.remove_entry("recoveryCodes", hash.as_str());
        let trail = Trail::of_user(used.user, AuditAction::RecoveryCodeUsed)
            .notifying(NewNotice::new(used.user, MailKind::RecoveryCodeUsed));
        Ok(self.update(key, changes, condition, CONFLICT).leaving(trail))
    }

    /// Deletes a second factor without a code. Whoever does that marks it as off in the user's
    /// item.
    #[cfg(feature = "operator")]
    fn delete_factor(self, user: &User) -> Self {
        let off = Trail::of_user(user.id, AuditAction::SecondFactorOff)
            .notifying(NewNotice::new(user.id, MailKind::SecondFactorOff));
        self.delete(Key::second_factor(user.id), Condition::present(), CONFLICT).leaving(off)
    }

    /// The user's item says that no second factor is on any more.
    fn mark_off(self, user: &User) -> Self {
        let changes = Changes::of_credentials().remove(SINCE);
        self.update(user.key(), changes, Condition::has(SINCE), CONFLICT)
    }

    /// Uses up what somebody signs in by.
    pub(in crate::table) fn use_proof(self, proof: &SignInProof) -> Result<Self> {
        match proof {
            // The actor's own credential requires that it is enough.
            SignInProof::Password => Ok(self),
            SignInProof::Code(used) => self.use_factor(used),
            SignInProof::Passkey(used) => self.use_passkey(used, || Error::InvalidCredential),
        }
    }

    /// Uses the code up that somebody entered beside what proves less; without one, no second
    /// factor may be on.
    pub(in crate::table) fn use_factor_if_on(
        self,
        user: UserId,
        code: Option<&UsedFactor>,
    ) -> Result<Self> {
        match code {
            Some(code) => self.use_factor(code),
            None => Ok(self.require_or(Key::user(user), Condition::no_second_factor(), CONFLICT)),
        }
    }
}
