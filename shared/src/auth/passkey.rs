//! Passkeys: what they are asked to sign, and who signs in with one. Whether a signature is right,
//! the function `passkeys` says: it alone has WebAuthn's implementation.

use super::permission::{Caller, Credential, FullAccess, Permission};
use super::rejection::record_rejection;
use super::session::{browser, former_session};
use super::source::{login_source, request_context, source};
use crate::http::ApiRequest;
use crate::model::{
    Counts, Passkey, PasskeyChallenge, PasskeyChallengeId, PasskeyId, PasskeyPurpose,
    SessionCredential, Timestamp, User, UserId,
};
use crate::table::{
    Actor, CredentialKey, Login, LoginAttempts, LoginSubject, PASSKEY_NOT_ACCEPTED, SignInProof,
    Stored, StoredCredential, UsedPasskey, fetch,
};
use crate::telemetry::request::observe;
use crate::{App, Error, Result};

/// What the answer of a passkey claims: nothing of it is verified yet.
pub struct ClaimedPasskey {
    /// Whose passkey it is.
    pub user: UserId,
    /// Which one.
    pub id: PasskeyId,
    /// What it signed.
    pub challenge: PasskeyChallengeId,
}

/// A sign-in with a passkey whose signature was right. The passkey is not used yet.
pub struct PasskeySignIn {
    caller: Caller<FullAccess>,
    proof: SignInProof,
    counts: Option<Stored<Counts>>,
    /// Those with a password.
    attempts: LoginAttempts,
}

impl ClaimedPasskey {
    /// The sign-in with the passkey, if `verify` finds, by the stored passkey and the state of the
    /// challenge, that the signature is right: then it has the passkey as WebAuthn's implementation
    /// writes it from now on. One round trip.
    ///
    /// [`Error::InvalidCredential`], whatever is not right. It takes no attempt to sign in with a
    /// password, and gives none back. A wrong signature by a passkey that exists is in its user's
    /// log.
    pub async fn sign_in(
        &self,
        app: &App,
        request: &ApiRequest,
        verify: impl FnOnce(&Passkey, &[u8]) -> Option<String>,
    ) -> Result<PasskeySignIn> {
        let source = login_source(app, &source(request)).await?.without_count();
        let key = CredentialKey::Password(Login { subject: LoginSubject::User(self.user), source });
        let found = fetch::both(fetch::passkey(self.id), fetch::passkey_challenge(self.challenge));
        let found = fetch::both(found, fetch::counts());
        // Boxed, as everything that calls the table: the SDK's futures are large.
        let read = Box::pin(app.table.fetch_with_credential(self.user, key, found));
        let (stored, user, ((passkey, challenge), counts)) = read.await?;
        let StoredCredential::Password(attempts) = stored else {
            return Err(Error::internal("use a passkey", "the attempts were not fetched"));
        };
        observe(|observed| {
            observed.source = Some(attempts.source_id());
            observed.user = passkey.as_ref().map(|passkey| passkey.user.to_string());
        });
        let user = user.filter(|user| !user.disabled).ok_or_else(rejected)?;
        let context = request_context(request);
        let (actor, purpose) = (Actor::anonymous(context.clone()), PasskeyPurpose::SignIn);
        let proof = used_passkey(app, &actor, &user, (passkey, challenge), purpose, verify).await?;
        let caller = Caller::new(user, Credential::Passkey(proof.passkey.id), context)?;
        Ok(PasskeySignIn { caller, proof: SignInProof::Passkey(proof), counts, attempts })
    }
}

impl PasskeySignIn {
    /// Begins the session, which uses the passkey, and notes where the user signed in from.
    ///
    /// [`Error::InvalidCredential`] if what it signed was used or has ended meanwhile.
    pub async fn begin_session(self, app: &App, request: &ApiRequest) -> Result<SessionCredential> {
        let Self { caller, proof, counts, attempts } = self;
        let (actor, user, counts) = (caller.actor(), caller.user(), counts.as_ref());
        let (browser, former) = (browser(request), former_session(request, user.id));
        let write = app.table.create_session(&actor, user, counts, browser, former, &proof)?;
        let session = Box::pin(write.commit()).await.inspect_err(record_rejection)?;
        app.table.note_sign_in(attempts).await;
        Ok(session)
    }
}

/// The passkey as it is used up, if its user still has it, and its signature was asked for for this,
/// and is right. The log of a wrong one names the actor.
async fn used_passkey(
    app: &App,
    actor: &Actor,
    user: &User,
    (passkey, challenge): (Option<Stored<Passkey>>, Option<Stored<PasskeyChallenge>>),
    purpose: PasskeyPurpose,
    verify: impl FnOnce(&Passkey, &[u8]) -> Option<String>,
) -> Result<UsedPasskey> {
    let passkey = passkey.filter(|passkey| user.accepts_passkey(passkey));
    let (passkey, challenge) = passkey.zip(challenge).ok_or_else(rejected)?;
    let state = open(app, &challenge, purpose).await?.ok_or_else(rejected)?;
    let Some(credential) = verify(&passkey, &state) else {
        Box::pin(app.table.record_rejected_passkey(actor, &passkey)).await?;
        return Err(rejected());
    };
    Ok(UsedPasskey { passkey, challenge: challenge.id, credential })
}

/// The state of a challenge, if it was made for this and has not ended.
async fn open(
    app: &App,
    challenge: &PasskeyChallenge,
    purpose: PasskeyPurpose,
) -> Result<Option<Vec<u8>>> {
    if !challenge.is_for(purpose, Timestamp::now()) {
        return Ok(None);
    }
    let key = app.service_keys.version(&challenge.key_version).await?;
    challenge.open(&key).map(Some)
}

fn rejected() -> Error {
    let error = Error::InvalidCredential;
    record_rejection(&error);
    error
}

/// Stores what whoever signs in is asked for, with this state.
pub async fn ask_for_sign_in(
    app: &App,
    request: &ApiRequest,
    state: Vec<u8>,
) -> Result<PasskeyChallengeId> {
    let actor = Actor::anonymous(request_context(request));
    ask(app, &actor, PasskeyPurpose::SignIn, state).await
}

async fn ask(
    app: &App,
    actor: &Actor,
    purpose: PasskeyPurpose,
    state: Vec<u8>,
) -> Result<PasskeyChallengeId> {
    let key = app.service_keys.current().await?;
    let challenge = PasskeyChallenge::begin(purpose, state, &key)?;
    app.table.ask_passkey(actor, &challenge)?.commit().await?;
    Ok(challenge.id)
}

impl<N: Permission> Caller<N> {
    /// What is asked for to add a passkey in this session.
    fn registration(&self) -> Result<PasskeyPurpose> {
        let session = self.session().ok_or(Error::MissingCredential)?;
        Ok(PasskeyPurpose::Registration { user: session.user, session: session.id })
    }

    /// What is asked for to prove this session.
    fn confirmation(&self) -> Result<PasskeyPurpose> {
        let session = self.session().ok_or(Error::MissingCredential)?;
        Ok(PasskeyPurpose::Confirmation { user: session.user, session: session.id })
    }

    /// Stores what a new passkey of the caller is asked for, with this state.
    pub async fn ask_for_passkey(&self, app: &App, state: Vec<u8>) -> Result<PasskeyChallengeId> {
        ask(app, &self.actor(), self.registration()?, state).await
    }

    /// The state of what a new passkey was asked for in this session.
    ///
    /// [`Error::Invalid`] if it has ended, or was never asked for here.
    pub async fn passkey_state(
        &self,
        app: &App,
        challenge: Option<&PasskeyChallenge>,
    ) -> Result<Vec<u8>> {
        let state = match challenge {
            Some(challenge) => open(app, challenge, self.registration()?).await?,
            None => None,
        };
        state.ok_or_else(|| Error::invalid("challenge", "was used, or has ended"))
    }

    /// Stores what a passkey of the caller is asked for to prove the session, with this state.
    pub async fn ask_for_confirmation(
        &self,
        app: &App,
        state: Vec<u8>,
    ) -> Result<PasskeyChallengeId> {
        ask(app, &self.actor(), self.confirmation()?, state).await
    }

    /// A passkey of the caller that proves the session, as [`ClaimedPasskey::sign_in`] verifies it.
    /// [`Error::Forbidden`], whatever is not right.
    pub async fn verify_passkey(
        &self,
        app: &App,
        found: (Option<Stored<Passkey>>, Option<Stored<PasskeyChallenge>>),
        verify: impl FnOnce(&Passkey, &[u8]) -> Option<String>,
    ) -> Result<UsedPasskey> {
        let (actor, purpose) = (self.actor(), self.confirmation()?);
        let used = used_passkey(app, &actor, &self.user, found, purpose, verify).await;
        used.map_err(|error| match error {
            Error::InvalidCredential => PASSKEY_NOT_ACCEPTED,
            error => error,
        })
    }

    /// Proves the session by a passkey, which is used up to what it signed.
    ///
    /// [`Error::Forbidden`] if that was used or has ended meanwhile.
    pub async fn prove_by_passkey(
        &self,
        app: &App,
        used: &UsedPasskey,
    ) -> Result<SessionCredential> {
        let session = self.session().ok_or(Error::MissingCredential)?;
        let write = app.table.prove_session_by_passkey(&self.actor(), session, used)?;
        Box::pin(write.commit()).await.inspect_err(|error| {
            if matches!(error, Error::Forbidden(_)) {
                record_rejection(&Error::InvalidCredential);
            }
        })
    }
}
