//! Username or e-mail address and password (RFC 7617), beside tokens; with the lock against guessing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::header::{self, Header};
use super::permission::{Caller, Credential, FullAccess};
use super::scheme::AuthScheme;
use super::token::Token;
use crate::error::failed;
use crate::http::ApiRequest;
use crate::model::{EmailAddress, User, UserId, Username};
use crate::password::{self, PasswordCache};
use crate::table::{CredentialKey, LoginAttempts, LoginSubject, Stored, StoredCredential, Table};
use crate::telemetry::request::observe;
use crate::{App, Error, Result};

/// What checking passwords takes beside the table.
pub struct PasswordAuth {
    /// What was right a moment ago.
    pub verified: PasswordCache,
}

impl App<PasswordAuth> {
    /// As [`App::with_service_keys`], with what checking passwords takes.
    pub async fn with_sign_in() -> Result<Self> {
        let App { table, service_keys, means: () } = App::with_service_keys().await?;
        Ok(Self { table, service_keys, means: PasswordAuth { verified: PasswordCache::new()? } })
    }
}

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
    /// Reads what follows `Basic`: base64 of UTF-8, split at the first colon.
    fn parse(text: &str) -> Result<Self> {
        let decoded = STANDARD.decode(text).map_err(|_| Error::InvalidCredential)?;
        let decoded = String::from_utf8(decoded).map_err(|_| Error::InvalidCredential)?;
        let (name, password) = decoded.split_once(':').ok_or(Error::InvalidCredential)?;
        Ok(Self { name: name.to_owned(), password: password.to_owned() })
    }

    /// A name and a password from elsewhere than the header.
    pub fn new(name: String, password: String) -> Self {
        Self { name, password }
    }

    /// The name and the password of a header, for those who are no users. Nothing without a header.
    pub fn basic_credentials(call: &ApiRequest) -> Result<Option<(String, String)>> {
        match header::of(call.headers()) {
            Err(Error::MissingCredential) => Ok(None),
            Ok(Header::Basic(text)) => {
                Self::parse(text).map(|Self { name, password }| Some((name, password)))
            }
            Ok(_) => Err(Error::InvalidCredential),
            Err(error) => Err(error),
        }
    }

    /// The user who signs in so; the pair is what [`Basic::resolve`] made of the name. One round beside the attempt.
    pub async fn sign_in(
        &self,
        app: &App<PasswordAuth>,
        (user, guessed): (UserId, LoginSubject),
    ) -> Result<Caller<FullAccess>> {
        let (kept, user, ()) =
            app.table.fetch_with_credential(user, CredentialKey::Password(guessed), ()).await?;
        let StoredCredential::Password(guessed, attempts) = kept else {
            return Err(failed("sign in")("the attempts were not fetched"));
        };
        self.check(app, user.as_ref(), &guessed, &attempts).await?;
        let user = user.ok_or(Error::InvalidCredential)?;
        Caller::admit(user, Credential::Password)
    }

    /// Whose name it is. A name that nobody has costs the same calls and gets an id that nobody has.
    pub async fn resolve(&self, app: &App<PasswordAuth>) -> Result<(UserId, LoginSubject)> {
        // Asked for whoever it is, so that a service key that cannot be read tells nobody who exists.
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

    /// Checks the password against the user's, slowly unless it was right a moment ago, unless guessing is locked.
    ///
    /// The attempt is reserved before the hash is computed and given back if the password is right, so that guesses
    /// made at once count.
    pub async fn check(
        &self,
        app: &App<PasswordAuth>,
        user: Option<&Stored<User>>,
        guessed: &LoginSubject,
        attempts: &LoginAttempts,
    ) -> Result<()> {
        let checked = self.verify(app, user, guessed, attempts).await;
        if let Err(Error::InvalidCredential | Error::TooManyAttempts { .. }) = checked {
            observe(|observed| observed.refused_sign_in = true);
        }
        checked
    }

    async fn verify(
        &self,
        app: &App<PasswordAuth>,
        user: Option<&Stored<User>>,
        guessed: &LoginSubject,
        attempts: &LoginAttempts,
    ) -> Result<()> {
        let user = user.filter(|user| !user.disabled);
        let hash = user.and_then(|user| user.password_hash.as_deref());
        attempts.check_not_locked()?;
        if let (Some(user), Some(hash)) = (user, hash)
            && app.means.verified.contains(user.id, hash, &self.password)
        {
            return Ok(());
        }
        let reservation = app.table.reserve_attempt(guessed, attempts).await?;
        let id = user.map_or_else(UserId::generate, |user| user.id);
        if app.means.verified.verify(id, hash, &self.password)? {
            app.table.release_attempt(reservation).await;
            if let Some(user) = user {
                self.rehash_if_outdated(&app.table, user).await;
            }
            return Ok(());
        }
        app.table.record_failed_attempt(reservation).await?;
        Err(Error::InvalidCredential)
    }

    /// Hashes the password anew if the cost of new hashes has grown. It may fail: the next sign-in tries again.
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
    type Means = PasswordAuth;

    fn of(call: &ApiRequest) -> Result<Self> {
        match header::of(call.headers())? {
            Header::Basic(text) => Basic::parse(text).map(Self::Basic),
            header => Token::parse(header).map(Self::Token),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Token(token) => token.name(),
            Self::Basic(_) => "password".to_owned(),
        }
    }

    async fn locate(&self, app: &App<PasswordAuth>) -> Result<(UserId, CredentialKey)> {
        match self {
            Self::Token(token) => Ok(token.kept()),
            Self::Basic(basic) => basic
                .resolve(app)
                .await
                .map(|(user, guessed)| (user, CredentialKey::Password(guessed))),
        }
    }

    async fn check(
        &self,
        app: &App<PasswordAuth>,
        user: Option<&Stored<User>>,
        kept: StoredCredential,
    ) -> Result<Credential> {
        match (self, kept) {
            (Self::Token(token), kept) => token.confirm(&app.table, user, kept).await,
            (Self::Basic(basic), StoredCredential::Password(guessed, attempts)) => {
                basic.check(app, user, &guessed, &attempts).await.map(|()| Credential::Password)
            }
            (Self::Basic(_), _) => Err(failed("check a password")("its attempts were not fetched")),
        }
    }
}
