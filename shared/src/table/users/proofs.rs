//! Proofs of addresses: a user asks for a link by mail, and whoever has the link has read the mail.

use super::email_owner::{EmailHolder, EmailOwner};
use crate::lifetimes::EMAIL_PROOF_TTL;
use crate::limits;
use crate::model::{
    AuditAction, Counts, Email, EmailAddress, EmailProof, Lineage, Mail, MailKind, MailRequestKind,
    Maker, MakerId, NameDigest, Timestamp, User, UserId, seconds_after,
};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Changes, Claim, Condition, Fetch, Items, Key, Keyed, NewNotice, OnConditionFailed,
    Stored, Table, Trail, Transaction, expiring,
};
use crate::table::mail::{MailRateLimit, NewLink, take_mark};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

const KIND: MailRequestKind = MailRequestKind::EmailProof;
const OF_USER: MailRequestKind = MailRequestKind::EmailProofOfUser;
const CONFLICT: OnConditionFailed = || Error::WriteConflict;

/// The request of a caller for a proof of this address.
pub struct EmailProofRequest(pub EmailAddress);

/// What it rests on.
pub struct FetchedEmailProof {
    /// The address, if it is the caller's.
    pub email: Option<Stored<Email>>,
    /// Who has it.
    owner: Option<UserId>,
    counts: Option<Stored<Counts>>,
    /// Whether mail to it came back, so that it has to be proved again.
    is_undeliverable: bool,
    asked: MailRateLimit,
    /// The proofs that the caller asked for, of any address.
    own: MailRateLimit,
}

/// A user, and the proof that a link names.
pub struct LinkedEmailProof {
    /// Whose the address is to be.
    pub user: Stored<User>,
    /// The proof.
    pub proof: EmailProof,
    /// The tokens among which the one was that asked for it.
    counts: Stored<Counts>,
}

impl Fetch for EmailProofRequest {
    type Output = FetchedEmailProof;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let asked = MailRateLimit::key(self.0.digest(), KIND);
        let own = MailRateLimit::key(MailRateLimit::name_of(caller), OF_USER);
        let mark = Key::undeliverable(self.0.digest());
        let (email, counts) = (Key::email(caller, &self.0), Key::counts(caller));
        vec![email, Key::email_claim(&self.0), mark, asked, own, counts]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<FetchedEmailProof> {
        let claim: Option<Stored<Claim>> = items.take(&Key::email_claim(&self.0))?;
        Ok(FetchedEmailProof {
            email: items.take(&Key::email(caller, &self.0))?,
            owner: claim.and_then(|claim| claim.user),
            counts: items.take(&Key::counts(caller))?,
            is_undeliverable: take_mark(&self.0, items)?,
            asked: MailRateLimit::extract(self.0.digest(), KIND, items)?,
            own: MailRateLimit::extract(MailRateLimit::name_of(caller), OF_USER, items)?,
        })
    }
}

impl Table {
    /// Sends a user the link that proves an address, which the user has or will have by it. If
    /// somebody else has proved it, they are told instead, by the same calls.
    ///
    /// [`Error::Conflict`] if the user has proved it and mail still reaches it,
    /// [`Error::LimitReached`] if the user can have no further address, [`Error::TooManyMails`] if a
    /// proof of it was asked for too often, or the user asked for too many.
    pub async fn request_email_proof(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        address: EmailAddress,
        fetched: FetchedEmailProof,
        new: NewLink,
    ) -> Result<Write<'_, ()>> {
        let FetchedEmailProof { email, owner, counts, is_undeliverable, asked, own } = fetched;
        address.check_reachable()?;
        let is_proved = email.as_ref().is_some_and(|email| user.has_proved(email));
        if is_proved && !is_undeliverable {
            return Err(Error::Conflict("the address is proved"));
        }
        if email.is_none() {
            Error::check_room(limits::EMAILS, user.email_count as usize)?;
        }
        asked.check_room()?;
        own.check_room()?;
        // Of another address the calls are the same, whether or not somebody else has it.
        let held = if email.is_some() {
            None
        } else {
            self.proved_email(owner.unwrap_or_else(UserId::generate), &address).await?
        };
        // Its mail goes to the form that is stored: another one may name another mailbox.
        let address = email.map_or(address, |email| email.into_inner().address);
        address.check_mailable()?;
        let requested = Trail::of_user(user.id, AuditAction::EmailProofRequested);
        let write = Transaction::new(self, actor, "send a proof of an address", requested)
            .count_mail(&asked)?
            .count_mail(&own)?;
        let counts = existing(counts.as_ref())?;
        let maker = actor.maker_for(user.id);
        let expires_at = seconds_after(Timestamp::now(), EMAIL_PROOF_TTL)?;
        let proof = EmailProof {
            user: user.id,
            address: address.clone(),
            secret_hash: new.secret_hash,
            epoch: user.credential_epoch,
            asked_with: maker.map(Maker::id),
            lineage: Lineage::made_by(maker, |maker| counts.has_maker(user, maker)),
            expires_at,
            used_at: None,
        };
        let (kind, link) = (MailKind::EmailProof, Some(new.link));
        // The address may be a stranger's: the mail does not call them by the user's name.
        let mail = Mail::requested(kind, address, None, link, EMAIL_PROOF_TTL)?;
        let write = match held {
            Some(recipient) => {
                let kind = MailKind::EmailProofHeld;
                let mail = Mail { kind, recipient, link: None, ..mail };
                write.put_decoy(&expiring(&proof, expires_at)?)?.send(&mail)?
            }
            None => write.put_link(&proof, expires_at)?.send(&mail)?,
        };
        Ok(Write::new(write, ()))
    }

    /// The user and the proof that a link names, unless the token that asked for it ended before
    /// the link was used: one round trip. A rotation ends the token, at once or after its overlap.
    pub async fn email_proof(
        &self,
        user: UserId,
        address: NameDigest,
    ) -> Result<Option<LinkedEmailProof>> {
        let (counts, proof) = (Key::counts(user), Key::email_proof(user, address));
        let user = Key::user(user);
        let mut items = self.batch_get(vec![user.clone(), proof.clone(), counts.clone()]).await?;
        let counts: Option<Stored<Counts>> = items.take(&counts)?;
        let (user, proof) = (items.take::<User>(&user)?, items.take::<EmailProof>(&proof)?);
        let Some((user, proof)) = user.zip(proof) else { return Ok(None) };
        let counts = counts.ok_or(Error::WriteConflict)?;
        let now = Timestamp::now();
        let works = proof.used_at.is_some()
            || proof.asked_with.is_none_or(|token| counts.has_working(&user, &token, now));
        Ok(works.then(|| LinkedEmailProof { user, proof: proof.into_inner(), counts }))
    }

    /// Proves an address by its link, and adds it if the user does not have it. Whoever has it
    /// without having proved it loses it.
    ///
    /// The user is written in any case: what ends proofs requires that no other has come since the
    /// addresses were read.
    ///
    /// [`Error::Conflict`] if somebody else has proved it, [`Error::LimitReached`] if the user can
    /// have no further address, [`Error::LinkEnded`] if a newer link has taken this one's place.
    pub fn prove_email(
        &self,
        actor: &Actor,
        LinkedEmailProof { user, proof, counts }: &LinkedEmailProof,
        owner: &EmailOwner,
    ) -> Result<Write<'_, ()>> {
        let now = Timestamp::now();
        let proved = Trail::of_user(user.id, AuditAction::EmailProved);
        let transaction = Transaction::new(self, actor, "prove an address", proved).update(
            proof.key(),
            Changes::new().set("usedAt", now)?,
            Condition::same_link(&proof.secret_hash),
            || Error::LinkEnded,
        );
        // The token that asked for it worked when the counts were read, perhaps before the user.
        let transaction = match proof.asked_with {
            Some(MakerId::Token(_)) => {
                transaction.check(Key::counts(user.id), Condition::same_tokens(counts), CONFLICT)
            }
            _ => transaction,
        };
        let transaction = transaction.prove_address(user, proof, owner, now)?;
        Ok(Write::new(transaction, ()).recorded_as(SecurityEvent::EmailProved))
    }
}

/// The changes of an address that is proved by a link. Whatever a stronger proof rests on stays: the
/// operator's word, or a link that the user asked for with the password.
fn proved_again(user: &User, email: &Email, proof: &EmailProof, now: Timestamp) -> Result<Changes> {
    let changes = Changes::new().set("provedAt", now)?.set("address", &proof.address)?;
    let was_proved = user.has_proved(email);
    let changes = if was_proved && email.proof_epoch.is_none() {
        changes
    } else {
        changes.set("proofEpoch", proof.epoch)?
    };
    if was_proved && !proof.lineage.is_empty() {
        return Ok(changes);
    }
    if proof.lineage.is_empty() {
        return Ok(changes.remove("proofLineage"));
    }
    changes.set("proofLineage", &proof.lineage)
}

/// The changes of the user who has the address. Another form than the stored one may name another
/// mailbox: the one that was mailed is what is proved, and takes its place.
fn of_owner(user: &User, email: &Email, proof: &EmailProof) -> Result<(Changes, Condition)> {
    let (changes, unchanged) = (Changes::of_credentials(), Condition::same_credentials(user));
    if email.address.as_entered() == proof.address.as_entered() {
        return Ok((changes, unchanged));
    }
    let changes = changes.and_of_emails();
    let is_primary = user.primary_email.same_as(&proof.address);
    let changes = if is_primary { changes.set("primaryEmail", &proof.address)? } else { changes };
    Ok((changes, unchanged.and(Condition::same_emails(user))))
}

impl Transaction<'_> {
    /// Proves an address for a user, who has it, or gets it by that.
    pub(in crate::table) fn prove_address(
        self,
        user: &Stored<User>,
        proof: &EmailProof,
        owner: &EmailOwner,
        now: Timestamp,
    ) -> Result<Self> {
        let transaction = self.marks_deliverable(&proof.address);
        match owner {
            EmailOwner::Own(email) => {
                let (changes, unchanged) = of_owner(user, email, proof)?;
                Ok(transaction
                    .update(
                        email.key(),
                        proved_again(user, email, proof, now)?,
                        Condition::unchanged(email),
                        CONFLICT,
                    )
                    .update(user.key(), changes, unchanged, CONFLICT))
            }
            EmailOwner::Nobody => transaction.add_proved_email(user, proof, None, now),
            EmailOwner::Holder(holder) => {
                transaction.add_proved_email(user, proof, Some(holder), now)
            }
            EmailOwner::Proved(_) => Err(Error::Conflict("somebody else has proved the address")),
        }
    }

    fn add_proved_email(
        self,
        user: &Stored<User>,
        proof: &EmailProof,
        holder: Option<&EmailHolder>,
        now: Timestamp,
    ) -> Result<Self> {
        Error::check_room(limits::EMAILS, user.email_count as usize)?;
        let EmailProof { user: id, address, epoch, lineage, .. } = proof;
        let notice = NewNotice::new(*id, MailKind::EmailAdded).about(address);
        let email = Email {
            proved_at: Some(now),
            proof_epoch: Some(*epoch),
            proof_lineage: lineage.clone(),
            ..Email::new(*id, address.clone(), now)
        };
        let changes =
            Changes::of_credentials().and_of_emails().set("emailCount", user.email_count + 1)?;
        let unchanged = Condition::same_credentials(user).and(Condition::same_emails(user));
        self.leaving(Trail::of_user(*id, AuditAction::EmailAdded).notifying(notice))
            .insert(&email, CONFLICT)?
            .update(user.key(), changes, unchanged, CONFLICT)
            .claim_email(*id, &proof.address, holder, CONFLICT)
    }
}
