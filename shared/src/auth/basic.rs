//! Username or e-mail address with a password (RFC 7617), beside tokens, and the lockout after
//! wrong passwords.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::header::{self, Header};
use super::permission::{Caller, Credential, FullAccess};
use super::scheme::AuthScheme;
use super::token::Token;
use crate::http::ApiRequest;
use crate::model::{EmailAddress, User, UserId, Username};
use crate::password;
use crate::table::{
    CredentialKey, Fetch, LoginAttempts, LoginSubject, Stored, StoredCredential, Table,
};
use crate::telemetry::request::observe;
use crate::{App, Error, Result};

/// A token, or a name and a password.
pub enum TokenOrBasic {
    /// A token.
    Token(Token),
    /// A name and a password.
    Basic(Basic),
}

/// A username or e-mail address, and a password. It has no `Debug`: it must not be logged.
pub struct Basic {
    name: String,
    password: String,
}

impl Basic {
    /// Parses what follows `Basic`: base64 of UTF-8, split at the first colon.
    fn parse(text: &str) -> Result<Self> {
        let decoded = STANDARD.decode(text).map_err(|_| Error::InvalidCredential)?;
        let decoded = String::from_utf8(decoded).map_err(|_| Error::InvalidCredential)?;
        let (name, password) = decoded.split_once(':').ok_or(Error::InvalidCredential)?;
        Ok(Self { name: name.to_owned(), password: password.to_owned() })
    }

    /// A name and a password that do not come from the header.
    pub fn new(name: String, password: String) -> Self {
        Self { name, password }
    }

    /// The name and password in the header, for OAuth clients. `None` without a header.
    pub fn basic_credentials(request: &ApiRequest) -> Result<Option<(String, String)>> {
        match header::parse(request.headers()) {
            Err(Error::MissingCredential) => Ok(None),
            Ok(Header::Basic(text)) => {
                Self::parse(text).map(|Self { name, password }| Some((name, password)))
            }
            Ok(_) => Err(Error::InvalidCredential),
            Err(error) => Err(error),
        }
    }

    /// Signs the user in and returns the proof of it; the pair comes from [`Basic::resolve`]. One
    /// round trip, besides those of the login attempt.
    pub async fn sign_in<W: Fetch>(
        &self,
        app: &App,
        (user, subject): (UserId, LoginSubject),
        fetch: W,
    ) -> Result<(Caller<FullAccess>, W::Output)> {
        let (stored, user, fetched) =
            app.table.fetch_with_credential(user, CredentialKey::Password(subject), fetch).await?;
        let StoredCredential::Password(subject, attempts) = stored else {
            return Err(Error::internal("sign in", "the attempts were not fetched"));
        };
        self.verify(app, user.as_ref(), &subject, &attempts).await?;
        let user = user.ok_or(Error::InvalidCredential)?;
        Ok((Caller::new(user, Credential::Password)?, fetched))
    }

    /// The user with this name. An unknown name costs the same calls and gets an unused id.
    pub async fn resolve(&self, app: &App) -> Result<(UserId, LoginSubject)> {
        // Read for every name, so that a failure to read it does not reveal which names exist.
        let key = app.service_keys.current().await?;
        let (known, normal) =
            match (self.name.parse::<EmailAddress>(), self.name.parse::<Username>()) {
                (Ok(address), _) => {
                    (app.table.user_id_by_email(&address).await?, address.normal().to_owned())
                }
                (Err(_), Ok(username)) => {
                    (app.table.user_id_by_username(&username).await?, username.to_string())
                }
                (Err(_), Err(_)) => (app.table.dummy_lookup().await?, self.name.clone()),
            };
        if let Some(user) = known {
            return Ok((user, LoginSubject::User(user)));
        }
        let name = key.derive("name that nobody has", &[normal.as_bytes()])?;
        Ok((UserId::generate(), LoginSubject::Name(name)))
    }

    /// Verifies the password, unless the name is locked: by its hash, or from the cache if it was
    /// verified a moment ago.
    ///
    /// The attempt is reserved before the hash is computed and given back if the password is
    /// right, so that concurrent guesses count.
    pub async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        subject: &LoginSubject,
        attempts: &LoginAttempts,
    ) -> Result<()> {
        let verified = self.verify_password(app, user, subject, attempts).await;
        if let Err(Error::InvalidCredential | Error::TooManyAttempts { .. }) = verified {
            observe(|observed| observed.rejected_sign_in = true);
        }
        verified
    }

    async fn verify_password(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        subject: &LoginSubject,
        attempts: &LoginAttempts,
    ) -> Result<()> {
        let user = user.filter(|user| !user.disabled);
        let hash = user.and_then(|user| user.password_hash.as_deref());
        attempts.check_not_locked()?;
        if let (Some(user), Some(hash)) = (user, hash)
            && app.password_cache.contains(user.id, hash, &self.password)
        {
            return Ok(());
        }
        let reservation = app.table.reserve_attempt(subject, attempts).await?;
        let id = user.map_or_else(UserId::generate, |user| user.id);
        if app.password_cache.verify(id, hash, &self.password)? {
            app.table.release_attempt(reservation).await;
            if let Some(user) = user {
                self.rehash_if_outdated(&app.table, user).await;
            }
            return Ok(());
        }
        app.table.record_failed_attempt(reservation).await?;
        Err(Error::InvalidCredential)
    }

    /// Replaces a hash of an outdated cost. A failure is ignored: the next sign-in tries again.
    async fn rehash_if_outdated(&self, table: &Table, user: &Stored<User>) {
        let Some(old) = user.password_hash.as_deref().filter(|hash| password::is_outdated(hash))
        else {
            return;
        };
        let outcome = match password::hash(&self.password) {
            Ok(new) => table.replace_hash(user.id, old, &new).await,
            Err(error) => Err(error),
        };
        tracing::debug!(rehashed = outcome.is_ok(), "password hash of an older cost");
    }
}

impl AuthScheme for TokenOrBasic {
    fn from_request(request: &ApiRequest) -> Result<Self> {
        match header::parse(request.headers())? {
            Header::Basic(text) => Basic::parse(text).map(Self::Basic),
            header => Token::parse(header).map(Self::Token),
        }
    }

    fn principal_id(&self) -> String {
        match self {
            Self::Token(token) => token.principal_id(),
            Self::Basic(_) => "password".to_owned(),
        }
    }

    async fn credential_key(&self, app: &App) -> Result<(UserId, CredentialKey)> {
        match self {
            Self::Token(token) => Ok(token.key()),
            Self::Basic(basic) => basic
                .resolve(app)
                .await
                .map(|(user, subject)| (user, CredentialKey::Password(subject))),
        }
    }

    async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Credential> {
        match (self, stored) {
            (Self::Token(token), stored) => token.verify_stored(&app.table, user, stored).await,
            (Self::Basic(basic), StoredCredential::Password(subject, attempts)) => {
                basic.verify(app, user, &subject, &attempts).await.map(|()| Credential::Password)
            }
            (Self::Basic(_), _) => {
                Err(Error::internal("check a password", "its attempts were not fetched"))
            }
        }
    }
}
