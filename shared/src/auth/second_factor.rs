//! Codes of the second factor: the second step of signing in, and the proof within a session.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::permission::{Caller, Credential, FullAccess, Permission};
use super::rejection::record_rejection;
use super::session::{presented_session, working_session};
use super::source::{login_source, request_context, source};
use crate::http::ApiRequest;
use crate::lifetimes::{FACTOR_SETUP_TTL, PENDING_SIGN_IN_TTL};
use crate::model::{
    FactorCode, Network, SecondFactor, ServiceKey, Session, SessionCredential, Timestamp,
    TotpSecret, User, UserId,
};
use crate::table::{
    Actor, CredentialKey, Fetch, Login, LoginAttempts, LoginSubject, Stored, StoredCredential,
    UsedFactor, fetch,
};
use crate::telemetry::request::observe;
use crate::{App, Error, Result};

/// What the first step of a sign-in is encrypted for.
const SIGN_IN: &str = "sign-in that awaits a code";
/// What a secret is encrypted for that is not confirmed.
const SETUP: &str = "TOTP setup";

/// What a right password leads to.
pub enum PasswordSignIn<T> {
    /// The user is signed in.
    Complete(Box<Caller<FullAccess>>, T),
    /// The second factor is on.
    CodeRequired(PendingSignIn),
}

/// A sign-in whose password was right, and which awaits a code.
pub struct PendingSignIn {
    user: UserId,
    /// The epoch of the user's credentials at that time.
    epoch: u64,
    /// When the password was right.
    at: Timestamp,
}

impl PendingSignIn {
    pub(super) fn new(user: &User) -> Self {
        Self { user: user.id, epoch: user.credential_epoch, at: Timestamp::now() }
    }

    /// The sign-in for a hidden field of the form that asks for the code, encrypted.
    pub async fn reveal(&self, app: &App) -> Result<String> {
        let epoch = self.epoch.to_be_bytes();
        let sealed = seal(app, SIGN_IN, &[&self.user.to_bytes()], self.at, &epoch).await?;
        Ok(format!("{}.{sealed}", URL_SAFE_NO_PAD.encode(self.user.to_bytes())))
    }

    /// The sign-in in a hidden field. [`Error::MissingCredential`] if it is none, or has ended.
    pub async fn open(app: &App, text: &str) -> Result<Self> {
        let none = || Error::MissingCredential;
        let (user, sealed) = text.split_once('.').ok_or_else(none)?;
        let user: Vec<u8> = URL_SAFE_NO_PAD.decode(user).map_err(|_| none())?;
        let user: [u8; 16] = user.try_into().map_err(|_| none())?;
        let opened = open(app, SIGN_IN, &[&user], PENDING_SIGN_IN_TTL, sealed).await?;
        let (at, epoch) = opened.ok_or_else(none)?;
        let epoch: [u8; 8] = epoch.try_into().map_err(|_| none())?;
        Ok(Self { user: UserId::from_bytes(user), epoch: u64::from_be_bytes(epoch), at })
    }

    /// The session that this sign-in has begun in the browser already, with its user: the form was
    /// sent twice. It takes no attempt.
    pub async fn completed(
        &self,
        app: &App,
        request: &ApiRequest,
    ) -> Result<Option<(SessionCredential, Stored<User>)>> {
        let presented = presented_session(request).filter(|session| session.user() == self.user);
        let Some(presented) = presented else { return Ok(None) };
        let found = working_session(app, request).await?;
        let begun = found.filter(|(_, session)| session.created_at >= self.at);
        Ok(begun.map(|(user, _)| (presented, user)))
    }

    /// Signs the user in by a code, and returns the proof of it, with the code that the session
    /// uses up, and what else was read: one round trip, besides those of the attempt.
    ///
    /// [`Error::InvalidCredential`] if the code is wrong or was used, which counts as a wrong
    /// password does; [`Error::MissingCredential`] if the first step counts no more.
    pub async fn sign_in<W: Fetch>(
        &self,
        app: &App,
        request: &ApiRequest,
        code: &FactorCode,
        fetch: W,
    ) -> Result<(Caller<FullAccess>, UsedFactor, W::Output)> {
        let (attempt, fetched) = CodeAttempt::read(app, self.user, &source(request), fetch).await?;
        let counts = |user: &User| !user.disabled && user.credential_epoch == self.epoch;
        let attempt = attempt.filter(|attempt| counts(&attempt.user));
        let attempt = attempt.ok_or(Error::MissingCredential)?;
        let user = attempt.user.clone();
        let context = request_context(request);
        let factor = attempt.verify(app, &Actor::anonymous(context.clone()), code).await?;
        Ok((Caller::new(user, Credential::Code, context)?, factor, fetched))
    }
}

impl<N: Permission> Caller<N> {
    /// Verifies a code of the caller's second factor, which the write that it allows uses up.
    ///
    /// [`Error::Forbidden`] if it is wrong or was used, which counts as a wrong password does;
    /// [`Error::NotFound`] if the second factor is not on.
    pub async fn verify_code(&self, app: &App, code: &FactorCode) -> Result<UsedFactor> {
        verify_code(app, self.user.id, &self.source, code, &self.actor()).await
    }
}

/// Verifies a code of a user whom something else has identified, as [`Caller::verify_code`] does.
/// The log of a wrong one names the actor.
pub(crate) async fn verify_code(
    app: &App,
    user: UserId,
    network: &Network,
    code: &FactorCode,
    actor: &Actor,
) -> Result<UsedFactor> {
    let (attempt, ()) = CodeAttempt::read(app, user, network, ()).await?;
    let attempt = attempt.ok_or(Error::NotFound("second factor"))?;
    attempt.verify(app, actor, code).await.map_err(|error| match error {
        Error::InvalidCredential => Error::Forbidden("the code is not right"),
        error => error,
    })
}

/// The secret of a second factor that is being set up: nothing is stored before it is confirmed.
pub struct TotpSetup;

impl TotpSetup {
    /// The secret for a hidden field of the form that confirms it, encrypted for this session, and
    /// for the credentials that its user has now.
    pub async fn seal(
        app: &App,
        user: &User,
        session: &Session,
        secret: &TotpSecret,
    ) -> Result<String> {
        let (owner, id) = (user.id.to_bytes(), session.id.to_bytes());
        let version = user.credential_version.to_be_bytes();
        seal(app, SETUP, &[&owner, &id, &version], Timestamp::now(), secret.expose()).await
    }

    /// The secret in a hidden field. None if it is none of this session, or has ended: with its time,
    /// or by any change of the user's `credentialVersion` since: of the password, a key, a proof of an
    /// address, or the second factor, whose codes would count twice.
    pub async fn open(
        app: &App,
        user: &User,
        session: &Session,
        text: &str,
    ) -> Result<Option<TotpSecret>> {
        let (owner, id) = (user.id.to_bytes(), session.id.to_bytes());
        let version = user.credential_version.to_be_bytes();
        let opened = open(app, SETUP, &[&owner, &id, &version], FACTOR_SETUP_TTL, text).await?;
        opened.map(|(_, secret)| TotpSecret::from_bytes(secret)).transpose()
    }
}

/// What a code is verified against.
struct CodeAttempt {
    user: Stored<User>,
    factor: Stored<SecondFactor>,
    attempts: LoginAttempts,
}

impl CodeAttempt {
    /// Reads it, with what `fetch` names: one round trip. None if the second factor is not on.
    async fn read<W: Fetch>(
        app: &App,
        user: UserId,
        network: &Network,
        fetch: W,
    ) -> Result<(Option<Self>, W::Output)> {
        let source = login_source(app, network).await?;
        let login = Login { subject: LoginSubject::User(user), source };
        let fetch = fetch::both(fetch::second_factor(), fetch);
        // Boxed, as everything that calls the table: the SDK's futures are large.
        let read =
            Box::pin(app.table.fetch_with_credential(user, CredentialKey::Password(login), fetch));
        let (stored, user, (factor, fetched)) = read.await?;
        let StoredCredential::Password(attempts) = stored else {
            return Err(Error::internal("check a code", "its attempts were not fetched"));
        };
        let found = user.zip(factor);
        Ok((found.map(|(user, factor)| Self { user, factor, attempts }), fetched))
    }

    /// Verifies a code, unless the name is locked. It counts where passwords do: its attempt is
    /// reserved before it is compared, and a wrong one keeps it.
    ///
    /// The attempt of a right code is given back, or ten sign-ins would lock their own user; the
    /// slots that wrong ones took stay taken. [`Error::InvalidCredential`] if it is wrong.
    async fn verify(self, app: &App, actor: &Actor, code: &FactorCode) -> Result<UsedFactor> {
        let Self { user, factor, attempts } = self;
        observe(|observed| {
            observed.user = Some(user.id.to_string());
            observed.source = Some(attempts.source_id());
        });
        let verified = Box::pin(verify_unless_locked(app, &factor, attempts, actor, code)).await;
        if let Err(error) = &verified {
            record_rejection(error);
        }
        verified
    }
}

/// Compares a code that the second factor has not used yet.
async fn verify_unless_locked(
    app: &App,
    factor: &SecondFactor,
    attempts: LoginAttempts,
    actor: &Actor,
    code: &FactorCode,
) -> Result<UsedFactor> {
    attempts.check_not_locked()?;
    // What can fail by itself comes before the attempt, which it would leave reserved.
    let current = app.service_keys.current().await?;
    let secret = match code {
        FactorCode::Totp(_) => {
            let key = app.service_keys.version(&factor.totp.key_version).await?;
            Some(factor.totp.open(&key, factor.user)?)
        }
        FactorCode::Recovery(_) => None,
    };
    let reservation = app.table.reserve_attempt(attempts).await?;
    let used = match (code, &secret) {
        (FactorCode::Totp(code), Some(secret)) => {
            let step = factor.unused_step(secret, code, Timestamp::now());
            step.map(|step| used_totp(factor, secret, step, &current)).transpose()?
        }
        (FactorCode::Recovery(code), _) => {
            factor.has(code).then(|| UsedFactor::recovery(factor, code))
        }
        (FactorCode::Totp(_), None) => None,
    };
    let Some(used) = used else {
        app.table.record_failed_attempt(actor, reservation).await?;
        return Err(Error::InvalidCredential);
    };
    app.table.release_attempt(reservation).await;
    Ok(used)
}

/// The code of a step, with the secret as it is to be stored if the service key was rotated.
fn used_totp(
    factor: &SecondFactor,
    secret: &TotpSecret,
    step: u64,
    current: &ServiceKey,
) -> Result<UsedFactor> {
    let is_outdated = factor.totp.key_version != current.version;
    let renewed = is_outdated.then(|| secret.seal(current, factor.user)).transpose()?;
    Ok(UsedFactor::totp(factor, step, renewed))
}

/// Encrypts, for a hidden field, what begins at this time. The version of the service key comes
/// first.
async fn seal(
    app: &App,
    purpose: &str,
    parts: &[&[u8]],
    begun: Timestamp,
    content: &[u8],
) -> Result<String> {
    let key = app.service_keys.current().await?;
    let text = [&begun.as_millisecond().to_be_bytes()[..], content].concat();
    let sealed = URL_SAFE_NO_PAD.encode(key.encrypt(purpose, parts, text)?);
    Ok(format!("{}.{sealed}", key.version))
}

/// What was encrypted for this at most `lifetime` seconds ago, and when. None for anything else.
async fn open(
    app: &App,
    purpose: &str,
    parts: &[&[u8]],
    lifetime: i64,
    text: &str,
) -> Result<Option<(Timestamp, Vec<u8>)>> {
    // Whoever sends it names the version: an unknown one is not looked for.
    let (current, others) = app.service_keys.current_and_others().await?;
    let opened = text.rsplit_once('.').and_then(|(version, sealed)| {
        let key = std::iter::once(&current).chain(&others).find(|key| key.version == version)?;
        key.decrypt(purpose, parts, &URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()
    });
    let content = opened.and_then(|text| {
        let (begun, content) = text.split_first_chunk()?;
        let begun = Timestamp::from_millisecond(i64::from_be_bytes(*begun)).ok()?;
        let is_in_time = Timestamp::now().as_second() < begun.as_second() + lifetime;
        is_in_time.then(|| (begun, content.to_vec()))
    });
    Ok(content)
}
