//! Username or e-mail address with a password (RFC 7617), beside tokens. A user token is taken in
//! place of the password.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::header::{self, Header};
use super::password::verify_password;
use super::permission::Caller;
use super::rejection::is_rejection;
use super::scheme::{AuthScheme, Verified};
use super::second_factor::{PasswordSignIn, PendingSignIn};
use super::source::{login_source, request_context, source};
use super::token::Token;
use crate::http::ApiRequest;
use crate::model::{EmailAddress, Network, TokenCredential, TokenKind, User, UserId, Username};
use crate::table::{
    Actor, CredentialKey, Fetch, Login, LoginSubject, RequestContext, Stored, StoredCredential,
};
use crate::{App, Error, Result};

/// A token, or a name and a password.
pub enum TokenOrBasic {
    /// A token.
    Token(Token),
    /// A name and a password.
    Basic(Basic),
    /// A name and, in place of the password, a token, which must be of whom the name names.
    NamedToken(Token, Basic),
}

/// A username or e-mail address, and a password. It has no `Debug`: it must not be logged.
pub struct Basic {
    claim: Claim,
    password: String,
    source: Network,
    request_context: RequestContext,
    received: Instant,
}

/// Whose password it is meant to be.
enum Claim {
    Name(String),
    User(UserId),
}

impl Basic {
    /// A name and a password that do not come from the header.
    pub fn new(request: &ApiRequest, name: String, password: String) -> Self {
        Self::claiming(request, Claim::Name(name), password)
    }

    /// The same for who names a user in another way, which counts for nothing.
    pub fn of_user(request: &ApiRequest, user: UserId, password: String) -> Self {
        Self::claiming(request, Claim::User(user), password)
    }

    fn claiming(request: &ApiRequest, claim: Claim, password: String) -> Self {
        let (source, request_context) = (source(request), request_context(request));
        Self { claim, password, source, request_context, received: Instant::now() }
    }

    /// Signs the user in and returns the proof of it, or what awaits a code; the pair comes from
    /// [`Basic::resolve`]. One round trip, besides those of the login attempt. No token counts as a
    /// password here.
    pub async fn sign_in_on_page<W: Fetch>(
        &self,
        app: &App,
        (user, login): (UserId, Login),
        fetch: W,
    ) -> Result<PasswordSignIn<W::Output>> {
        let (stored, user, fetched) =
            app.table.fetch_with_credential(user, CredentialKey::Password(login), fetch).await?;
        let verified = self.verify(app, user.as_ref(), stored).await?;
        let user = user.ok_or(Error::InvalidCredential)?;
        if user.second_factor_since.is_some() {
            verified.give_back(&app.table).await;
            return Ok(PasswordSignIn::CodeRequired(PendingSignIn::new(&user)));
        }
        let credential = verified.settle(&app.table).await;
        let caller = Caller::new(user, credential, self.request_context.clone())?;
        Ok(PasswordSignIn::Complete(Box::new(caller), fetched))
    }

    /// The user with this name, and where the attempt counts. An unknown name costs the same calls
    /// and gets an unused id.
    pub async fn resolve(&self, app: &App) -> Result<(UserId, Login)> {
        // Read for every name, so that a failure to read it does not reveal which names exist.
        let key = app.service_keys.current().await?;
        let source = login_source(app, &self.source).await?;
        let (known, normal) = self.find_user(app).await?;
        let name = key.derive("name that nobody has", &[normal.as_bytes()])?;
        let (user, unused) = (known, UserId::generate());
        let subject = user.map_or(LoginSubject::Name(name), LoginSubject::User);
        Ok((user.unwrap_or(unused), Login { subject, source }))
    }

    /// The user with this name, if somebody has it, and the normal form of the name: one call.
    async fn find_user(&self, app: &App) -> Result<(Option<UserId>, String)> {
        let table = &app.table;
        let name = match &self.claim {
            Claim::Name(name) => name,
            Claim::User(user) => {
                // Boxed, as everything that calls the table: the SDK's futures are large.
                let (known, ()) = Box::pin(table.user_and(*user, ())).await?;
                return Ok((known.map(|known| known.id), user.to_string()));
            }
        };
        Ok(match (name.parse::<EmailAddress>(), name.parse::<Username>()) {
            (Ok(address), _) => {
                (table.user_id_by_email(&address).await?, address.normal().to_owned())
            }
            (Err(_), Ok(username)) => {
                (table.user_id_by_username(&username).await?, username.to_string())
            }
            (Err(_), Err(_)) => (table.dummy_lookup().await?, name.clone()),
        })
    }

    /// Where the token is stored that stands in place of the password. For a name that is not its
    /// owner's that is where nothing is, so that this costs the same calls.
    async fn token_key(&self, app: &App, token: &Token) -> Result<(UserId, CredentialKey)> {
        let (owner, key) = token.key();
        let (named, _) = self.find_user(app).await?;
        Ok((named.filter(|named| *named == owner).unwrap_or_else(UserId::generate), key))
    }

    /// Verifies the password for what takes no code.
    async fn verify_alone(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Verified> {
        let verified = self.verify(app, user, stored).await?;
        if user.is_some_and(|user| user.second_factor_since.is_some()) {
            verified.give_back(&app.table).await;
            return Err(Error::SecondFactorRequired);
        }
        Ok(verified)
    }

    async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Verified> {
        let StoredCredential::Password(attempts) = stored else {
            return Err(Error::internal("check a password", "its attempts were not fetched"));
        };
        let actor = Actor::anonymous(self.request_context.clone());
        let verified = verify_password(app, user, attempts, &self.password, &actor).await;
        if verified.as_ref().is_err_and(is_rejection) {
            pad_response_time(app, self.received).await;
        }
        verified.map(Verified::password)
    }
}

/// Whether a page of another site may have had a browser send this, with the password that it keeps
/// and without a preflight request.
fn is_another_sites_form(request: &ApiRequest) -> bool {
    let site = request.single_header("sec-fetch-site");
    request.method() == "POST"
        && !request.declares_json()
        && matches!(site, Some("cross-site" | "same-site"))
}

/// Waits, so that the response to what was received then takes a multiple of a unit, whatever the
/// work on it took: its time does not tell whether somebody has a name.
pub(crate) async fn pad_response_time(app: &App, received: Instant) {
    sleep_until(next_multiple(received, app.rejected_sign_in)).await;
}

/// The next time that is a multiple of `unit` after `start`.
fn next_multiple(start: Instant, unit: Duration) -> Instant {
    let nanos = unit.as_nanos().max(1);
    let multiples = start.elapsed().as_nanos() / nanos + 1;
    start + unit.saturating_mul(u32::try_from(multiples).unwrap_or(u32::MAX))
}

impl AuthScheme for TokenOrBasic {
    fn from_request(request: &ApiRequest) -> Result<Self> {
        match header::parse(request.headers())? {
            Header::Basic(text) => {
                if is_another_sites_form(request) {
                    return Err(Error::Forbidden("pages of other sites may not sign in by Basic"));
                }
                let (name, password) = header::parse_basic(text)?;
                let token = password.parse::<TokenCredential>();
                let basic = Basic::new(request, name, password);
                match token {
                    Ok(token) if token.kind() == TokenKind::User => {
                        Ok(Self::NamedToken(Token::User(token), basic))
                    }
                    Ok(_) => Err(Error::UserTokenOnly),
                    Err(_) => Ok(Self::Basic(basic)),
                }
            }
            header => Token::parse(header).map(Self::Token),
        }
    }

    fn principal_id(&self) -> String {
        match self {
            Self::Token(token) | Self::NamedToken(token, _) => token.principal_id(),
            Self::Basic(_) => "password".to_owned(),
        }
    }

    async fn credential_key(&self, app: &App) -> Result<(UserId, CredentialKey)> {
        match self {
            Self::Token(token) => Ok(token.key()),
            Self::Basic(basic) => {
                basic.resolve(app).await.map(|(user, login)| (user, CredentialKey::Password(login)))
            }
            Self::NamedToken(token, basic) => basic.token_key(app, token).await,
        }
    }

    async fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> Result<Verified> {
        match self {
            Self::Token(token) => token.authenticate(app, user, stored).await.map(Verified::from),
            Self::Basic(basic) => basic.verify_alone(app, user, stored).await,
            Self::NamedToken(token, basic) => {
                let verified = token.authenticate(app, user, stored).await;
                if verified.is_err() {
                    pad_response_time(app, basic.received).await;
                }
                verified.map(Verified::from)
            }
        }
    }

    fn is_guess(&self, app: &App, user: UserId) -> bool {
        match self {
            Self::Token(_) => false,
            Self::Basic(basic) => !app.password_cache.expects(user, &basic.password),
            // The name may be one.
            Self::NamedToken(..) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rejection_takes_a_multiple_of_its_unit_whatever_the_work_took() {
        let unit = Duration::from_millis(250);
        for (work, expected) in [(0, 250), (1, 250), (249, 250), (250, 500), (700, 750)] {
            let start = Instant::now();
            tokio::time::advance(Duration::from_millis(work)).await;

            let end = next_multiple(start, unit);

            assert_eq!(end - start, Duration::from_millis(expected), "{work}");
        }
    }
}
