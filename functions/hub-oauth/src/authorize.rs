use std::collections::BTreeSet;

use lambda_http::{Body, Response};
use shared::auth::{AuthRequest, Authorized, Caller, ProfileRead, SessionCookie};
use shared::http::{ApiRequest, Query};
use shared::model::{Client, ClientId, Counts, Grant, Scope, Timestamp};
use shared::table::{NewGrant, Stored, fetch};
use shared::{App, Error, OAuthCode, Result};

use crate::authorization::{AuthorizationRequest, client_id, format_scopes};
use crate::interaction::Proof;
use crate::page::{self, Page};

/// Whoever is signed in may deny, and goes on to what was allowed before, however long ago the
/// password was entered. Allowing takes full access, as all does that outlives its session; without
/// it the user is not rejected, but asked for the password.
type Consent = ProfileRead;

/// What a user decided.
struct Decision {
    allows: bool,
    /// The scopes that the page showed.
    shown: String,
}

impl Decision {
    fn parse(request: &ApiRequest) -> Result<Self> {
        let mut form = request.form()?;
        let shown = form.optional("scopes").unwrap_or_default();
        let decision = form.required::<String>("decision");
        let allows = match decision.as_deref() {
            Some("allow") => true,
            Some("deny") | None => false,
            Some(_) => {
                form.add_error("decision", "must be allow or deny");
                false
            }
        };
        form.into_result(Some(Self { allows, shown }))
    }

    fn showed(&self, scopes: &BTreeSet<Scope>) -> bool {
        self.shown == format_scopes(scopes)
    }
}

/// `GET /api/v1.1/o/authorize/`: the page on which a user allows or denies the request; nothing is
/// asked that was allowed before.
pub(crate) async fn show_consent(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    authorize(app, request, None).await
}

/// `POST /api/v1.1/o/authorize/`: the user's decision. The client's request is in the query, which
/// the form's token covers, and the scopes that the page showed are in the form: a user allows only
/// what was shown, since what a request without `scope` is for may change.
pub(crate) async fn submit_consent(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let decision = Decision::parse(request)?;
    if request.require_own_site().is_err() {
        return Ok(page::other_form(request));
    }
    authorize(app, request, Some(decision)).await
}

async fn authorize(
    app: &App,
    request: &ApiRequest,
    decision: Option<Decision>,
) -> Result<Response<Body>> {
    let query = request.query()?;
    let id = client_id(&query)?;
    let session = match AuthRequest::<Consent, SessionCookie>::from_request(app, request) {
        Ok(session) => session,
        Err(Error::OtherForm) => return Ok(page::other_form(request)),
        Err(Error::MissingCredential | Error::InvalidCredential) => {
            return ask_to_sign_in(app, request, &query, id).await;
        }
        Err(error) => return Err(error),
    };
    let outcome = session
        .input(Ok(()))
        .fetch(|()| fetch::both(fetch::counts(), fetch::client(id)))
        .respond(async |Authorized { caller, fetched: (counts, client), .. }| {
            match AuthorizationRequest::parse(request, &query, client)? {
                Ok(authorization) => {
                    let counts = counts.as_ref();
                    ConsentRequest { app, request, caller, counts, authorization }
                        .respond(decision)
                        .await
                }
                Err(error) => error.send(),
            }
        })
        .await;
    match outcome {
        Err(Error::InvalidCredential) => ask_to_sign_in(app, request, &query, id).await,
        outcome => outcome,
    }
}

/// Leads a browser that nobody is signed in in to the page for that, if the request is valid.
async fn ask_to_sign_in(
    app: &App,
    request: &ApiRequest,
    query: &Query<'_>,
    client: ClientId,
) -> Result<Response<Body>> {
    let client = app.table.client(client).await?;
    match AuthorizationRequest::parse(request, query, client)? {
        Ok(AuthorizationRequest { interaction, target, .. }) => {
            interaction.ask(request, &target, Proof::SignIn)
        }
        Err(error) => error.send(),
    }
}

/// A request of a client, with who is signed in and may allow it.
struct ConsentRequest<'a> {
    app: &'a App,
    request: &'a ApiRequest,
    caller: Caller<Consent>,
    counts: Option<&'a Stored<Counts>>,
    authorization: AuthorizationRequest,
}

impl ConsentRequest<'_> {
    async fn respond(self, decision: Option<Decision>) -> Result<Response<Body>> {
        let AuthorizationRequest { scopes, target, interaction, .. } = &self.authorization;
        if decision.as_ref().is_some_and(|decision| !decision.allows) {
            return target.with_error(OAuthCode::AccessDenied, "the user said no");
        }
        let session = self.caller.session().ok_or(Error::MissingCredential)?;
        let now = Timestamp::now();
        if let Some(proof) = interaction.required_proof(session, now) {
            return interaction.ask(self.request, target, proof);
        }
        let is_proved = session.is_proved(now);
        if decision.is_none() {
            if let Some(grant) = self.allowed_before().await? {
                return self.grant(Some(&grant)).await;
            }
            if interaction.is_silent {
                let why = "the user would have to allow it";
                return target.with_error(OAuthCode::ConsentRequired, why);
            }
        }
        if !is_proved {
            return interaction.ask(self.request, target, Proof::Confirm);
        }
        match decision {
            Some(decision) if decision.showed(scopes) => self.grant(None).await,
            decision => self.page(decision.is_some()),
        }
    }

    /// The grant by which the user allowed all of this before, unless it is to be asked anew. A
    /// client that neither has a secret nor waits on a site of its own may be another program, which
    /// nobody has allowed anything (RFC 6749, section 10.2; RFC 8252, section 8.6).
    async fn allowed_before(&self) -> Result<Option<Grant>> {
        let AuthorizationRequest { client, scopes, target, interaction, .. } = &self.authorization;
        if interaction.shows_page || !is_known(client, &target.redirect_uri) {
            return Ok(None);
        }
        self.app.table.allowing_grant(self.caller.user(), self.counts, client, scopes).await
    }

    /// Stores the grant and sends the client its code.
    async fn grant(self, rests_on: Option<&Grant>) -> Result<Response<Body>> {
        let Self { app, caller, counts, authorization, .. } = self;
        let AuthorizationRequest { client, scopes, challenge, target, interaction } = authorization;
        let (redirect_uri, names_redirect_uri) = (target.redirect_uri.clone(), target.is_named);
        let client = &client;
        let new =
            NewGrant { client, scopes, redirect_uri, names_redirect_uri, challenge, rests_on };
        let write = app.table.create_grant(&caller.actor(), caller.user(), counts, new).await;
        match write {
            Ok(write) => caller.commit(app, write, |code| target.with_code(&code.reveal())).await,
            Err(error @ Error::LimitReached(_)) if interaction.is_silent => {
                target.with_error(OAuthCode::AccessDenied, &error.to_string())
            }
            Err(error) => Err(error),
        }
    }

    /// The page, perhaps again: what is asked for has changed since it was shown.
    fn page(&self, has_changed: bool) -> Result<Response<Body>> {
        let Self { request, caller, authorization, .. } = self;
        let granted_until = authorization.client.grant_end(Timestamp::now())?;
        let user = caller.user();
        Ok(Page { request, user, authorization, granted_until, has_changed }.into_response())
    }
}

/// Whether the client, and no other program, gets what is sent to this URI.
fn is_known(client: &Client, redirect_uri: &str) -> bool {
    client.secret_hash.is_some() || redirect_uri.starts_with("https://")
}
