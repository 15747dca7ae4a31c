//! Creating users.

use std::collections::BTreeSet;

use crate::error::failed;
use crate::model::{
    Account, AccountId, AccountName, ApiKey, AuditAction, Counts, Email, EmailAddress, Membership,
    Role, S3Key, Slug, Timestamp, User, UserId, UserNumber, Username,
};
use crate::table::accounts::{AdminOf, NewAccount, member_added};
use crate::table::engine::{
    Actor, Claim, Condition, Key, OnConditionFailed, Table, Trail, Transaction,
};
use crate::table::users::EmailHolder;
#[cfg(feature = "operator")]
use crate::table::users::EmailOwner;
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result, limits};

/// The data of a new user.
pub struct NewUser {
    /// The id. Secrets may have been derived from it already.
    pub id: UserId,
    /// The username.
    pub username: Username,
    /// Whether the username is derived, so that another one will do.
    pub username_is_derived: bool,
    /// The first e-mail address, which is the primary one.
    pub email: EmailAddress,
    /// Whether the address is verified.
    pub verified: bool,
    /// The argon2id hash of the password, as a PHC string.
    pub password_hash: Option<String>,
    /// Whether the user chose the password, and nobody else.
    pub password_is_own: bool,
    /// First and last name.
    pub full_name: String,
    /// The first name within the full name, if known.
    pub first_name: Option<String>,
    /// The last name within the full name, if known.
    pub last_name: Option<String>,
    /// The phone number.
    pub phone: String,
    /// The API keys.
    pub api_keys: Vec<ApiKey>,
    /// The S3 key.
    pub s3_key: Option<S3Key>,
    /// When the user proved the address.
    pub proved_at: Option<Timestamp>,
    /// Who has the address without having proved it, and loses it.
    pub takes_email_from: Option<Box<EmailHolder>>,
    /// An account that the user also joins, with the proof of its admin.
    pub member_of: Option<AdminOf>,
    /// An account that the user was invited to, and joins in the same write.
    pub invited_to: Option<AccountId>,
    /// Whom the user counts for; none if for whom the actor counts.
    pub root_maker: Option<UserId>,
    /// Whom only what the user makes and invites counts for.
    pub root_inviter: Option<UserId>,
}

impl NewUser {
    /// A user with this name and this address, not verified, and nothing else.
    pub fn new(username: Username, email: EmailAddress) -> Self {
        Self {
            id: UserId::generate(),
            username,
            username_is_derived: false,
            email,
            verified: false,
            password_hash: None,
            password_is_own: false,
            full_name: String::new(),
            first_name: None,
            last_name: None,
            phone: String::new(),
            api_keys: Vec::new(),
            s3_key: None,
            proved_at: None,
            takes_email_from: None,
            member_of: None,
            invited_to: None,
            root_maker: None,
            root_inviter: None,
        }
    }
}

impl NewUser {
    /// The new user, with this personal account, and whom it counts for.
    fn into_user(self, account: &Account, root_maker: Option<UserId>) -> Result<User> {
        Ok(User {
            id: self.id,
            number: UserNumber::generate()?,
            username: self.username,
            primary_email: self.email,
            password_hash: self.password_hash,
            password_is_own: self.password_is_own,
            given_hashes: Vec::new(),
            current_account: Some(account.id),
            disabled: false,
            full_name: self.full_name,
            first_name: self.first_name,
            last_name: self.last_name,
            location: String::new(),
            company: String::new(),
            profile_url: String::new(),
            gravatar_email: String::new(),
            phone: self.phone,
            api_keys: self.api_keys.into_iter().map(|key| (key.id.to_string(), key)).collect(),
            s3_key: self.s3_key,
            ssh_keys: Vec::new(),
            email_count: 1,
            credential_version: 0,
            email_version: 0,
            credential_epoch: 0,
            retained_token: None,
            environment_epoch: 0,
            proof_epoch: 0,
            invitation_epoch: 0,
            attempts_epoch: 0,
            revoked_tokens: BTreeSet::new(),
            root_maker,
            root_inviter: self.root_inviter,
            second_factor_since: None,
            created_at: account.created_at,
        })
    }
}

impl Transaction<'_> {
    /// Inserts a user with its counts, its address and all its claims.
    fn insert_user(
        self,
        user: &User,
        counts: &Counts,
        email: &Email,
        [name_taken, address_taken]: [OnConditionFailed; 2],
        holder: Option<&EmailHolder>,
    ) -> Result<Self> {
        let claim = |key| Claim::by_user(user.id, key);
        self.insert(user, || Error::WriteConflict)?
            .insert(counts, || Error::WriteConflict)?
            .put(claim(Key::username_claim(&user.username))?, Condition::absent(), name_taken)?
            .put(claim(Key::number_claim(user.number))?, Condition::absent(), || {
                Error::WriteConflict
            })?
            .insert(email, || Error::WriteConflict)?
            .claim_email(user.id, &email.address, holder, address_taken)
    }

    /// Makes a new user a member of an account, on behalf of an admin. If the account is deleted
    /// meanwhile, the request runs again and finds none to use.
    fn insert_user_as_member(
        self,
        user: &User,
        AdminOf { account, admin }: AdminOf,
    ) -> Result<Self> {
        let member = Membership {
            account: account.id,
            user: user.id,
            role: Role::Member,
            joined_at: user.created_at,
        };
        Error::check_room(limits::MEMBERS, account.member_count as usize)?;
        self.check_admin(admin, account.id)
            .leaving(member_added(&member))
            .insert_member(&member, || Error::WriteConflict)
    }
}

impl Table {
    /// Creates a user like [`Table::create_user`], whose address the operator vouches for: whoever
    /// has it without having proved it loses it.
    ///
    /// [`Error::Conflict`] if somebody has proved it, else as [`Table::create_user_with`].
    #[cfg(feature = "operator")]
    pub async fn create_proved_user(&self, new: NewUser) -> Result<User> {
        let takes_email_from = match self.email_owner(&new.email, None).await? {
            EmailOwner::Nobody => None,
            EmailOwner::Holder(holder) => Some(holder),
            EmailOwner::Own(_) | EmailOwner::Proved(_) => {
                return Err(Error::Conflict("the e-mail address is taken"));
            }
        };
        let new = NewUser { proved_at: Some(Timestamp::now()), takes_email_from, ..new };
        self.create_user(&Actor::operator(), new).await
    }

    /// Creates a user like [`Table::create_user_with`], with a free slug that it reads first.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<User> {
        let name: AccountName =
            new.username.to_string().parse().map_err(failed("name an account"))?;
        let slug = self.free_slug(&name, new.id).await?;
        self.create_user_with(actor, new, slug)?.commit().await
    }

    /// Creates a user with an address and a personal account.
    ///
    /// [`Error::Conflict`] if the username or the address is taken. [`Error::LimitReached`] if the
    /// account that the user joins has as many members as are allowed, or the actor made as many
    /// users today. [`Error::WriteConflict`] if the slug, the number or a derived username was taken
    /// meanwhile: try again with free ones.
    pub fn create_user_with(
        &self,
        actor: &Actor,
        mut new: NewUser,
        slug: Slug,
    ) -> Result<Write<'_, User>> {
        new.email.check_reachable()?;
        let name = new.username.to_string().parse().map_err(failed("name an account"))?;
        let account =
            NewAccount { name, contact_email: None, registry: None }.into_account(slug, new.id)?;
        let member_of = new.member_of.take();
        let is_invited = new.invited_to.is_some();
        let root_maker = new.root_maker.or(actor.root_maker());
        let memberships = if member_of.is_some() || is_invited { 2 } else { 1 };
        let name_taken: OnConditionFailed = if new.username_is_derived {
            || Error::WriteConflict
        } else {
            || Error::Conflict("the username is taken")
        };
        // Who has proved it takes it from whoever claimed it meanwhile, when the request runs again;
        // who is invited signs in then, if it is theirs.
        let address_taken: OnConditionFailed = if new.proved_at.is_some() || is_invited {
            || Error::WriteConflict
        } else {
            || Error::Conflict("the e-mail address is taken")
        };
        // Whoever makes a proved user without being the user is the operator.
        let proof_epoch = new.proved_at.filter(|_| actor.is_user()).map(|_| 0);
        let email = Email {
            verified: new.verified,
            proved_at: new.proved_at,
            proof_epoch,
            ..Email::new(new.id, new.email.clone(), account.created_at)
        };
        let (holder, is_proved) = (new.takes_email_from.take(), email.proved_at.is_some());
        let user = new.into_user(&account, root_maker)?;
        let created = Trail::of_user(user.id, AuditAction::UserCreated)
            .with("account", &account.id)
            .with_all("apiKeys", user.api_keys.values().map(|key| key.id));
        let counts = Counts::new(user.id, memberships);
        let mut transaction = Transaction::new(self, actor, "create a user", created)
            .leaving(Trail::of_account(account.id, AuditAction::AccountCreated))
            .insert_user(&user, &counts, &email, [name_taken, address_taken], holder.as_deref())?
            .insert_account(&account)?;
        if is_proved {
            transaction = transaction.marks_deliverable(&email.address);
        }
        if let Some(admin) = member_of {
            transaction = transaction.insert_user_as_member(&user, admin)?;
        }
        if let Some(maker) = root_maker {
            transaction = transaction.count_made_user(maker, account.created_at)?;
        }
        Ok(Write::new(transaction, user).recorded_as(SecurityEvent::UserCreated))
    }
}
