//! `smoke`: every part of a deployment works once, and nothing of it stays.

mod checks;
mod http;
mod oauth;
mod watch;

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::json;
use shared::model::{
    Client, ClientSecret, EmailAddress, MailToken, MailTokenSubject, UserId, Username, hex,
};
use shared::table::{Actor, NewUser, Table, UserDeletion};
use shared::{Error, PublicUrl, password, random};
use tokio::signal::unix::{SignalKind, signal};

use super::password::generate;
use super::{delete_user, retry};
use checks::{Checks, Request};
use watch::Watch;

/// Ask every group of a deployment once, as a user and an OAuth client that are made for it and
/// taken away again, and print what came of each, one a line
#[derive(Args)]
pub(super) struct Options {
    /// Where clients reach the API: https:// or http://, a host and perhaps a port
    #[arg(long, value_name = "URL")]
    url: PublicUrl,
    /// Also look for what it did in the logs and metrics of the stack of this name, which takes
    /// minutes
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// How long to look there for each, which tests cannot do for minutes
    #[arg(long, value_name = "SECONDS", hide = true)]
    patience: Option<u64>,
}

/// SES takes mails to it, and delivers none.
const SIMULATOR: &str = "simulator.amazonses.com";
/// Nobody is sent there: the code is read from the response.
const REDIRECT_URI: &str = "https://smoke.invalid/callback";

/// The user and the OAuth client that are made.
struct Visitor {
    id: UserId,
    username: Username,
    password: String,
    client: Client,
    client_secret: ClientSecret,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let watch = match options.stack {
        Some(stack) => Some(Watch::new(stack, options.patience.map(Duration::from_secs)).await?),
        None => None,
    };
    let visitor = Visitor::new()?;
    let mut checks = Checks::new(options.url);
    let mut terminated = signal(SignalKind::terminate())?;
    let visited = tokio::select! {
        visited = visitor.visit(table, &mut checks, watch.as_ref()) => visited,
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
        _ = terminated.recv() => Err(anyhow!("terminated")),
    };
    let taken_away = visitor.take_away(table).await.with_context(|| {
        let Visitor { username, client, .. } = &visitor;
        format!("user {username} and client {} may be left: delete them", client.id)
    });
    match (visited, taken_away) {
        (Err(error), Err(left)) => Err(error.context(format!("{left:#}"))),
        (Err(error), Ok(())) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(())) => match checks.failed() {
            0 => Ok(()),
            failed => bail!("{failed} of {} checks failed", checks.made()),
        },
    }
}

impl Visitor {
    fn new() -> Result<Self> {
        let client_secret = ClientSecret::generate()?;
        let uris = vec![REDIRECT_URI.to_owned()];
        Ok(Self {
            id: UserId::generate(),
            username: format!("smoke{}", hex(&random::bytes::<8>()?)).parse()?,
            password: generate()?,
            client: Client::new("Smoke".to_owned(), uris, Some(&client_secret))?,
            client_secret,
        })
    }

    fn email(&self) -> String {
        format!("success+{}@{SIMULATOR}", self.username)
    }

    /// The user as one who signs in with a name and a password.
    fn basic(&self, password: &str) -> String {
        basic(&self.username.to_string(), password)
    }

    async fn make(&self, table: &Table) -> Result<()> {
        let operator = Actor::operator();
        let (email, hash) =
            (self.email().parse::<EmailAddress>()?, password::hash(&self.password)?);
        retry(async || {
            let new = NewUser {
                id: self.id,
                password_hash: Some(hash.clone()),
                ..NewUser::new(self.username.clone(), email.clone())
            };
            table.create_user(&operator, new).await
        })
        .await?;
        retry(async || table.create_client(&operator, &self.client).await).await
    }

    async fn visit(&self, table: &Table, checks: &mut Checks, watch: Option<&Watch>) -> Result<()> {
        self.make(table).await?;
        let token = self.token(checks).await?;
        for (group, path) in [
            ("quave-accounts", "/api/public/v1/accounts"),
            ("quave-current-account", "/api/public/v1/current-account"),
            ("golem-accounts", "/v1/accounts"),
            ("e24-account", "/v2/account"),
            ("e24-accounts", "/v2/accounts"),
            ("rollcall-accounts", "/rollcall/v1/accounts"),
            ("rollcall-users", "/rollcall/v1/users/self"),
        ] {
            checks.ask(Request::get(group, path).with(&token)).await?;
        }
        let hub = format!("/api/v1.1/users/{}/", self.username);
        checks.ask(Request::get("hub-users", &hub).with(&self.basic(&self.password))).await?;
        checks.ask(Request::get("rollcall-tokens", "/health")).await?;
        // A link that nobody was sent has ended.
        let link = MailToken::generate(MailTokenSubject::Reset(self.id))?.reveal();
        let reset = format!("/account/reset/{link}");
        checks.ask(Request::get("pages", &reset).expects(&[410])).await?;
        // A passkey that nobody has; where the service has an address and no name, nobody has any.
        let passkey = Request::get("passkeys", "/account/webauthn/sign-in");
        checks.ask(passkey.posts_form(&[("challenge", "")]).expects(&[400, 403])).await?;
        checks.ask(Request::get("not-found", "/smoke").expects(&[404])).await?;
        // Without documentation the path is one of those that nothing serves.
        checks.ask(Request::get("docs", "/").expects(&[200, 404])).await?;
        oauth::sign_in(self, checks).await?;
        let sends_mail = self.ask_for_mail(checks, &token).await?;
        let Some(watch) = watch else { return Ok(()) };
        // What counts in a metric that every stack has.
        let wrong = Request::get("rollcall-users", "/rollcall/v1/users/self");
        checks.ask(wrong.with(&self.basic("a wrong password")).expects(&[401])).await?;
        watch.look(checks, sends_mail).await
    }

    /// A token, by the password: only the table that the user was made in knows it.
    async fn token(&self, checks: &mut Checks) -> Result<String> {
        let basic = self.basic(&self.password);
        let new = json!({ "name": "smoke", "kind": "user" });
        let request = Request::get("rollcall-tokens", "/rollcall/v1/tokens").with(&basic);
        let response = checks.ask(request.posts_json(&new).expects(&[201])).await?;
        let token = response.json()["token"].as_str().map(str::to_owned);
        token.context("the user cannot sign in: does --url serve the table that was named?")
    }

    /// Asks for a mail to SES's simulator; whether the service sends any.
    async fn ask_for_mail(&self, checks: &mut Checks, token: &str) -> Result<bool> {
        let path = format!("/rollcall/v1/users/self/emails/{}/verification", self.email());
        let request = Request::get("rollcall-users", &path).with(token);
        let response = checks.ask(request.posts_nothing().expects(&[202, 501])).await?;
        Ok(response.status == 202)
    }

    /// Deletes what was made; what was not is not missed.
    async fn take_away(&self, table: &Table) -> Result<()> {
        let silent = table.clone().sending_mail(false);
        let deletion = delete_user::delete(&silent, self.id).await?;
        let operator = Actor::operator();
        retry(async || match table.delete_client(&operator, self.client.id).await {
            Err(Error::NotFound(_)) => Ok(()),
            outcome => outcome,
        })
        .await?;
        match deletion {
            UserDeletion::Finished => Ok(()),
            UserDeletion::Blocked(_) | UserDeletion::NotBegun => bail!("the user was not deleted"),
        }
    }
}

/// A name and a password, or an id and a secret, as a header.
fn basic(name: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")))
}
