//! What people do with the links of mails: prove an address, sign up, and come back after they lost
//! their password. The API and the pages share it.
//!
//! Whoever asks learns nothing of others: what is asked for with a known name and with an unknown
//! one has the same response, and takes the same calls and as long.

use tokio::time::Instant;

use crate::auth::{pad_response_time, request_context, source, verify_code};
use crate::http::{ApiRequest, Fields};
use crate::limits::{MAX_EMAIL_BYTES, MAX_FULL_NAME};
use crate::mail::seal_link;
use crate::model::{
    Email, EmailAddress, FactorCode, MailToken, MailTokenSubject, Network, OptionalText,
    PasswordReset, SignUp, SourceId, Text, Timestamp, User, Username,
};
use crate::password::NewPassword;
use crate::random::back_off;
use crate::table::{
    Actor, EmailOwner, LinkedEmailProof, NewLink, NewUser, PasswordChange, Stored, Write, fetch,
};
use crate::telemetry::request::observe;
use crate::{App, Error, Result, SignUpPolicy};

/// What somebody enters who signs up by a link. It has no `Debug`: the password must not be logged.
pub struct SignUpDetails {
    /// The username.
    pub username: Username,
    /// First and last name; empty if none is given.
    pub full_name: String,
    /// The password.
    pub password: NewPassword,
}

impl SignUpDetails {
    /// Reads the fields `username`, `name` and `password` of a body or a form; `name` may be absent.
    pub fn read(mut fields: Fields) -> Result<Self> {
        let username = fields.required_non_empty("username");
        let name = fields.optional::<OptionalText<MAX_FULL_NAME>>("name");
        let password = fields.required_non_empty("password");
        let full_name = name.map(String::from).unwrap_or_default();
        let credentials = username.zip(password);
        let details =
            credentials.map(|(username, password)| Self { username, full_name, password });
        fields.into_result(details)
    }
}

/// What somebody enters who sets another password by a link. It has no `Debug`: the password must
/// not be logged.
pub struct PasswordResetDetails {
    /// The password.
    pub password: NewPassword,
    /// Whether API keys, environment tokens, SSH keys and passkeys stay, if the user chose the old
    /// password.
    pub keeps_keys: bool,
    /// A code of the user's second factor, if it is on.
    pub code: Option<FactorCode>,
}

/// Reads the field `name` of a body or a form that asks for a link to set another password: a
/// username or an address.
pub fn reset_name(mut fields: Fields) -> Result<Text<MAX_EMAIL_BYTES>> {
    let name = fields.required_non_empty("name");
    fields.into_result(name)
}

/// A link for this, with its token encrypted. It costs no round trip.
///
/// [`Error::MailNotConfigured`] if the service sends no mail.
pub async fn new_link(
    app: &App,
    base_url: impl ToString,
    subject: MailTokenSubject,
) -> Result<NewLink> {
    if !app.settings.sends_mail {
        return Err(Error::MailNotConfigured);
    }
    let token = MailToken::generate(subject)?;
    let link = seal_link(&app.service_keys, base_url.to_string(), &token).await?;
    Ok(NewLink { link, secret_hash: token.secret_hash() })
}

/// Proves the address that the link is for; nothing more happens if it has.
///
/// [`Error::LinkEnded`], or [`Error::Conflict`] if somebody else has proved the address.
pub async fn prove_email(app: &App, request: &ApiRequest, token: &str) -> Result<EmailAddress> {
    let found = read_proof(app, token).await?;
    let LinkedEmailProof { user, proof, .. } = &found;
    source_id(app, request).await?;
    let owner = app.table.email_owner(&proof.address, Some(user.id)).await?;
    match &owner {
        EmailOwner::Own(email) if user.has_proved(email) && proof.used_at.is_some() => {}
        // The address was proved by it, and was lost since.
        _ if proof.used_at.is_some() => return Err(Error::LinkEnded),
        _ => {
            let actor = Actor::mail_token(Some(user), request_context(request));
            app.table.prove_email(&actor, &found, &owner)?.commit().await?;
        }
    }
    Ok(found.proof.address)
}

/// The address that a link proves. The link is not used.
///
/// [`Error::LinkEnded`] if it does not work.
pub async fn address_to_prove(app: &App, token: &str) -> Result<EmailAddress> {
    Ok(read_proof(app, token).await?.proof.address)
}

async fn read_proof(app: &App, token: &str) -> Result<LinkedEmailProof> {
    let (user, address, token) = MailToken::parse_proof(token).map_err(|_| Error::LinkEnded)?;
    let found = app.table.email_proof(user, address).await?;
    let works = |LinkedEmailProof { user, proof, .. }: &LinkedEmailProof| {
        token.matches(&proof.secret_hash)
            && Timestamp::now() < proof.expires_at
            && proof.epoch == user.credential_epoch
            && !user.disabled
    };
    let found = found.filter(works).ok_or(Error::LinkEnded)?;
    observe_link(&found.user);
    Ok(found)
}

/// Sends a link to sign up to an address, or tells whoever has proved it.
///
/// [`Error::Forbidden`] if nobody can sign up, [`Error::MailNotConfigured`], or
/// [`Error::TooManyMails`] if the source asks for too many.
pub async fn request_sign_up(app: &App, request: &ApiRequest, address: EmailAddress) -> Result<()> {
    check_sign_up(app)?;
    let subject = MailTokenSubject::SignUp(address.digest());
    let new = new_link(app, request.base_url(), subject).await?;
    let (actor, source) =
        (Actor::anonymous(request_context(request)), source_id(app, request).await?);
    let received = Instant::now();
    let asked = app.table.sign_up_request(address).await?;
    app.table.request_sign_up(&actor, source, asked, new)?.commit().await?;
    pad_response_time(app, received).await;
    Ok(())
}

/// [`Error::Forbidden`] if nobody can sign up.
pub fn check_sign_up(app: &App) -> Result<()> {
    match app.settings.sign_up {
        SignUpPolicy::Open => Ok(()),
        SignUpPolicy::Closed => Err(Error::Forbidden("signing up is closed")),
    }
}

/// The address that a link signs up with. The link is not used.
///
/// [`Error::LinkEnded`] if it does not work, [`Error::Forbidden`] if nobody can sign up any more.
pub async fn address_to_sign_up(app: &App, token: &str) -> Result<EmailAddress> {
    check_sign_up(app)?;
    let (digest, token) = MailToken::parse_sign_up(token).map_err(|_| Error::LinkEnded)?;
    let link = working(app.table.sign_up(digest, &token.secret_hash()).await?)?;
    Ok(link.into_inner().address)
}

/// Makes the user who signs up by a link.
///
/// [`Error::LinkEnded`]; [`Error::Conflict`] if the username is taken, and [`Error::Invalid`] if the
/// password is not accepted: the link works on.
pub async fn sign_up(
    app: &App,
    request: &ApiRequest,
    token: &str,
    details: Result<SignUpDetails>,
) -> Result<User> {
    check_sign_up(app)?;
    let (digest, token) = MailToken::parse_sign_up(token).map_err(|_| Error::LinkEnded)?;
    let secret = token.secret_hash();
    let details = match details {
        Ok(details) => details,
        Err(error) => {
            working(app.table.sign_up(digest, &secret).await?)?;
            return Err(error);
        }
    };
    let service = &app.settings.service_name;
    let names = fetch::exact_username(details.username.clone(), service.as_str());
    let (link, names) = app.table.sign_up_with_names(digest, &secret, names).await?;
    let link = working(link)?;
    let (username, slug) = names.ok_or(Error::Conflict("the username is taken"))?;
    let SignUpDetails { password, full_name, .. } = details;
    let password = password.accept(service, &username, [&link.address]);
    let password = password.map_err(|problem| Error::invalid("password", problem))?;
    let hash = password.hash()?;
    let actor = Actor::mail_token(None, request_context(request));
    source_id(app, request).await?;
    let owner = async || app.table.email_owner(&link.address, None).await;
    let write = |owner| {
        let new = NewUser {
            password_hash: Some(hash.clone()),
            password_is_own: true,
            full_name: full_name.clone(),
            ..NewUser::new(username.clone(), link.address.clone())
        };
        app.table.create_signed_up_user(&actor, &link, owner, new, slug.clone())
    };
    let user = commit_with_owner(owner, write).await?;
    observe_link(&user);
    Ok(user)
}

/// How often a write that takes an address is made before the request runs again.
const OWNER_ATTEMPTS: u32 = 4;

/// Commits a write that rests on who has an address, and takes it from who has not proved it.
///
/// They may change other addresses of theirs all the while, which the write rests on too. So nothing
/// slow, as a password's hash, comes between the read and the write, and these alone are repeated.
pub(crate) async fn commit_with_owner<'t, T>(
    owner: impl AsyncFn() -> Result<EmailOwner>,
    write: impl Fn(EmailOwner) -> Result<Write<'t, T>>,
) -> Result<T> {
    for _ in 0..OWNER_ATTEMPTS {
        match Box::pin(async { write(owner().await?)?.commit().await }).await {
            Err(Error::WriteConflict) => back_off(0).await?,
            outcome => return outcome,
        }
    }
    Err(Error::WriteConflict)
}

fn working(link: Option<Stored<SignUp>>) -> Result<Stored<SignUp>> {
    let now = Timestamp::now();
    link.filter(|link| now < link.expires_at).ok_or(Error::LinkEnded)
}

/// Sends a link that sets another password to an address that the user with this name has proved,
/// if there is one.
///
/// [`Error::MailNotConfigured`], or [`Error::TooManyMails`] if the source asks for too many.
pub async fn request_password_reset(app: &App, request: &ApiRequest, name: &str) -> Result<()> {
    if !app.settings.sends_mail {
        return Err(Error::MailNotConfigured);
    }
    let (actor, source) =
        (Actor::anonymous(request_context(request)), source_id(app, request).await?);
    let received = Instant::now();
    let asked = app.table.password_reset_request(name).await?;
    let subject = MailTokenSubject::Reset(asked.found.id);
    let new = new_link(app, request.base_url(), subject).await?;
    app.table.request_password_reset(&actor, source, asked, new)?.commit().await?;
    pad_response_time(app, received).await;
    Ok(())
}

/// Whether a link that sets another password takes a code of a second factor, too. The link is not
/// used.
///
/// [`Error::LinkEnded`] if it does not work.
pub async fn check_password_reset(app: &App, token: &str) -> Result<bool> {
    Ok(ResetLink::read(app, token).await?.user.second_factor_since.is_some())
}

/// Sets the password of a user by a link. Everything older ends, but the second factor, whose code
/// is used up.
///
/// [`Error::LinkEnded`]; [`Error::Invalid`] if the password is not accepted or a code is missing,
/// [`Error::Forbidden`] if it is wrong, which counts as a wrong password does: the link works on.
pub async fn reset_password(
    app: &App,
    request: &ApiRequest,
    token: &str,
    new: Result<PasswordResetDetails>,
) -> Result<()> {
    let ResetLink { user, reset, recipient, addresses } = ResetLink::read(app, token).await?;
    source_id(app, request).await?;
    let PasswordResetDetails { password, keeps_keys, code } = new?;
    let password = password.accept_for(&app.settings.service_name, &user, &addresses)?;
    let actor = Actor::mail_token(Some(&user), request_context(request));
    let used = match (user.second_factor_since, code) {
        (None, _) => None,
        (Some(_), None) => return Err(Error::invalid("code", "is required")),
        (Some(_), Some(code)) => {
            // Boxed: the SDK's futures are large.
            Some(Box::pin(verify_code(app, user.id, &source(request), &code, &actor)).await?)
        }
    };
    let change = PasswordChange {
        hash: password.hash()?,
        revoke_keys: !keeps_keys,
        // Whoever set it may have proved the address that the link went to.
        is_reused: password.is_reused_by(&user)?,
    };
    let used = used.as_ref();
    let write = app.table.reset_password(&actor, &user, &reset, &recipient, change, used)?;
    write.commit().await.map(|_| ())
}

/// A link that works, and whose password it sets.
struct ResetLink {
    user: Stored<User>,
    reset: PasswordReset,
    /// Where it went.
    recipient: Email,
    addresses: Vec<Email>,
}

impl ResetLink {
    async fn read(app: &App, token: &str) -> Result<Self> {
        let (user, token) = MailToken::parse_reset(token).map_err(|_| Error::LinkEnded)?;
        let found = app.table.password_reset(user).await?;
        let (user, reset, addresses) = found.ok_or(Error::LinkEnded)?;
        let is_recipient = |email: &&Email| email.address.digest() == reset.recipient;
        let recipient = addresses.iter().find(is_recipient).cloned().ok_or(Error::LinkEnded)?;
        let works = token.matches(&reset.secret_hash)
            && Timestamp::now() < reset.expires_at
            && reset.epoch == user.credential_epoch
            && !user.disabled
            && user.has_proved(&recipient);
        if !works {
            return Err(Error::LinkEnded);
        }
        observe_link(&user);
        Ok(Self { user, reset, recipient, addresses })
    }
}

/// The source that a request counts for, which its line names; this machine's own does not count.
pub(crate) async fn source_id(app: &App, request: &ApiRequest) -> Result<Option<SourceId>> {
    let (network, key) = (source(request), app.service_keys.current().await?);
    let id = SourceId::new(&network, &key)?;
    observe(|observed| observed.source = Some(id.to_string()));
    Ok((network != Network::Loopback).then_some(id))
}

/// The user whose link a request has, for its line.
pub(crate) fn observe_link(user: &User) {
    observe(|observed| {
        observed.credential = Some("link");
        observed.user = Some(user.id.to_string());
    });
}
