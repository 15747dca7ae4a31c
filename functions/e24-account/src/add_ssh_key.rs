use std::str::FromStr;

use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{Authorized, FullAccess};
use shared::e24::{SshKeyView, Success};
use shared::http::{self, Fields};
use shared::limits::MAX_SSH_KEY_METHOD;
use shared::model::{ParseError, parse_text};
use shared::openssh::{self, KeyName, PublicKey};
use shared::{App, Result};

use crate::AuthRequest;
use crate::get::check_preconditions;

/// The body of `PUT /v2/account/sshkey`.
struct AddSshKey {
    name: KeyName,
    /// The key if it is uploaded; else a pair is generated.
    uploaded: Option<PublicKey>,
}

/// `upload`, or another word, which generates a pair.
enum Method {
    Upload,
    Generate,
}

impl FromStr for Method {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let method = parse_text(raw, MAX_SSH_KEY_METHOD)?;
        Ok(if method == "upload" { Self::Upload } else { Self::Generate })
    }
}

impl AddSshKey {
    fn parse(mut fields: Fields) -> Result<Self> {
        let (name, method) = (fields.required("name"), fields.required("method"));
        let uploaded = if let Some(Method::Upload) = method {
            fields.required("content")
        } else {
            fields.optional::<String>("content");
            None
        };
        let body = || Some(Self { name: name?, uploaded });
        fields.into_result(body())
    }

    /// The name, the public key, and the private one if the pair is new.
    fn into_key(self) -> Result<(KeyName, PublicKey, Option<String>)> {
        if let Some(public) = self.uploaded {
            return Ok((self.name, public, None));
        }
        let (public, private) = openssh::generate(self.name.as_str())?;
        Ok((self.name, public, Some(private)))
    }
}

#[derive(Serialize)]
struct Added {
    sshkeys: SshKeyView,
}

/// `PUT /v2/account/sshkey`: adds a public key, or a new pair, whose private key is shown only in
/// this response.
pub(crate) async fn add(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(AddSshKey::parse))
        .respond(async |Authorized { caller, input: body, .. }| {
            let caller = check_preconditions(caller)?;
            let user = caller.user();
            let (name, public, private) = body.into_key()?;
            let key = public.to_stored(name, user)?;
            let sshkeys = SshKeyView::new(&key, private);
            let write = app.table.add_ssh_key(&caller.actor(), user, key)?;
            caller.commit(app, write, |_| http::ok(&Success::new(Added { sshkeys }))).await
        })
        .await
}
