//! `create-token`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;
use shared::Error;
use shared::model::{
    ParseError, Scope, Timestamp, TokenId, TokenKind, UserId, UserToken, UtcMillis, parse_rfc3339,
    parse_shown,
};
use shared::table::{Actor, NewToken, Table, fetch};

use super::user_ref::UserRef;
use super::{print_json, retry};

/// Make a token of a user
#[derive(Args)]
pub(super) struct Options {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
    /// What the token is for
    #[arg(long, value_name = "TEXT", value_parser = name)]
    name: String,
    /// Who acts with it
    #[arg(long, value_enum, default_value_t = Kind::User)]
    kind: Kind,
    /// What it may do, once for each scope; without any it may do everything
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// When it stops working, as in 2030-12-31T23:59:59Z
    #[arg(long, value_name = "TIME", value_parser = future)]
    expires_at: Option<Timestamp>,
}

/// Any scope there is.
fn scope(raw: &str) -> Result<Scope, ParseError> {
    raw.parse().map_err(|_| {
        let names = Scope::ALL.map(Scope::as_str).join(", ");
        ParseError::new(format!("must be one of {names}"))
    })
}

/// A time that is not over.
fn future(raw: &str) -> Result<Timestamp, ParseError> {
    let time = parse_rfc3339(raw)?;
    if time <= Timestamp::now() {
        return Err(ParseError::new("must be in the future"));
    }
    Ok(time)
}

fn name(raw: &str) -> Result<String, ParseError> {
    parse_shown(raw, 100)
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The user
    User,
    /// An environment, which the accounts APIs reject
    Environment,
}

impl From<Kind> for TokenKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::User => Self::User,
            Kind::Environment => Self::Environment,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedToken {
    id: TokenId,
    token: String,
    user_id: UserId,
    kind: TokenKind,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<Scope>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<UtcMillis>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    options.user.require(table).await?;
    let new = NewToken {
        kind: options.kind.into(),
        name: options.name,
        scopes: (!options.scopes.is_empty()).then(|| options.scopes.into_iter().collect()),
        expires_at: options.expires_at,
    };
    let (credential, token) = retry(async || {
        let user = options.user.find(table).await?;
        if user.disabled {
            let is_being_deleted = table.user_record(user).await?.is_being_deleted;
            return Err(Error::Conflict(if is_being_deleted {
                "the user is being deleted"
            } else {
                "the user is disabled"
            }));
        }
        let (_, counts) = table.user_and(user.id, fetch::counts()).await?;
        table.create_token(&Actor::operator(), &user, counts.as_ref(), new.clone())?.commit().await
    })
    .await?;
    let UserToken { id, user: user_id, kind, name, scopes, expires_at, .. } = token;
    print_json(&CreatedToken {
        id,
        token: credential.reveal(),
        user_id,
        kind,
        name,
        scopes: scopes.map(Vec::from_iter),
        expires_at: expires_at.map(UtcMillis::from),
    })
}
