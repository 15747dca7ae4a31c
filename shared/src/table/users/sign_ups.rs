//! Signing up: a link by mail, and the user who is made by it.

use super::create::NewUser;
use super::email_owner::EmailOwner;
use super::names::FreeNames;
use crate::lifetimes::SIGN_UP_TTL;
use crate::model::{
    EmailAddress, Mail, MailKind, MailRequestKind, NameDigest, SecretHash, SignUp, Slug, SourceId,
    Timestamp, User, UserId, Username, seconds_after,
};
use crate::table::engine::{
    Actor, Claim, Condition, Fetch, Key, Keyed, Stored, Table, Transaction,
};
use crate::table::mail::{MailRateLimit, NewLink};
use crate::table::write::Write;
use crate::{Error, Result};

const KIND: MailRequestKind = MailRequestKind::SignUp;

/// A request to sign up with an address.
pub struct SignUpRequest {
    address: EmailAddress,
    /// The form in which a user has proved it.
    held: Option<EmailAddress>,
    asked: MailRateLimit,
}

impl Table {
    /// What a request to sign up rests on: two round trips, whoever has the address.
    pub async fn sign_up_request(&self, address: EmailAddress) -> Result<SignUpRequest> {
        address.check_mailable()?;
        let (claim, digest) = (Key::email_claim(&address), address.digest());
        let keys = vec![claim.clone(), MailRateLimit::key(digest, KIND)];
        let mut items = self.batch_get(keys).await?;
        let owner = items.take::<Claim>(&claim)?.and_then(|claim| claim.user);
        let asked = MailRateLimit::extract(digest, KIND, &mut items)?;
        let held = self.proved_email(owner.unwrap_or_else(UserId::generate), &address).await?;
        Ok(SignUpRequest { address, held, asked })
    }

    /// Sends the link to sign up, or tells a user who has proved the address. Nothing if it was
    /// asked for too often: the response must not tell.
    ///
    /// [`Error::TooManyMails`] if the source asked for too many.
    pub fn request_sign_up(
        &self,
        actor: &Actor,
        source: Option<SourceId>,
        request: SignUpRequest,
        new: NewLink,
    ) -> Result<Write<'_, ()>> {
        let SignUpRequest { address, held, asked } = request;
        let write = Transaction::without_trail(self, actor, "send a link to sign up")
            .count_source_request(source)?;
        if !asked.has_room() {
            return Ok(Write::new(write, ()));
        }
        let expires_at = seconds_after(Timestamp::now(), SIGN_UP_TTL)?;
        let (secret_hash, kind) = (new.secret_hash, MailKind::SignUp);
        let link = SignUp { address: address.clone(), secret_hash, expires_at };
        let mail = Mail::requested(kind, address, None, Some(new.link), SIGN_UP_TTL)?;
        // A link that was not sent takes as long as one that was.
        let mail = match held {
            Some(recipient) => Mail { kind: MailKind::SignUpHeld, recipient, link: None, ..mail },
            None => mail,
        };
        let write = write.count_mail(&asked)?.put_link(&link, expires_at)?.send(&mail)?;
        Ok(Write::new(write, ()))
    }

    /// The link with this token, if it works: one round trip.
    pub async fn sign_up(
        &self,
        address: NameDigest,
        secret: &SecretHash,
    ) -> Result<Option<Stored<SignUp>>> {
        let key = Key::sign_up(address, secret);
        self.batch_get(vec![key.clone()]).await?.take(&key)
    }

    /// The same, with a free username and slug; none if the username is taken.
    pub async fn sign_up_with_names(
        &self,
        address: NameDigest,
        secret: &SecretHash,
        names: FreeNames,
    ) -> Result<(Option<Stored<SignUp>>, Option<(Username, Slug)>)> {
        let (key, nobody) = (Key::sign_up(address, secret), UserId::generate());
        let mut keys = names.keys(nobody);
        keys.push(key.clone());
        let mut items = self.batch_get(keys).await?;
        Ok((items.take(&key)?, names.extract(nobody, &mut items)?))
    }

    /// Makes the user who signs up by a link, which is used up. The address is proved by it.
    ///
    /// The errors of [`Table::create_user_with`]; [`Error::LinkEnded`] if the link was used, or the
    /// address was proved by somebody meanwhile.
    pub fn create_signed_up_user(
        &self,
        actor: &Actor,
        link: &Stored<SignUp>,
        owner: EmailOwner,
        new: NewUser,
        slug: Slug,
    ) -> Result<Write<'_, User>> {
        let holder = match owner {
            EmailOwner::Nobody => None,
            EmailOwner::Holder(holder) => Some(holder),
            EmailOwner::Own(_) | EmailOwner::Proved(_) => return Err(Error::LinkEnded),
        };
        let proved_at = Some(Timestamp::now());
        let new = NewUser { proved_at, takes_email_from: holder, ..new };
        self.create_user_with(actor, new, slug)?.and(|transaction| {
            let used = transaction.delete(link.key(), Condition::present(), || Error::LinkEnded);
            Ok(used.prioritize_last())
        })
    }
}
