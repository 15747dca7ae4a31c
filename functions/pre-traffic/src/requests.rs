//! What new versions are asked: of each group the documented event of one operation, with
//! credentials that are nobody's. The group reads the table, finds nothing, and changes nothing.

use shared::Result;
use shared::model::{
    ClientId, MailToken, MailTokenSubject, SessionCredential, TokenCredential, TokenKind, UserId,
};

/// A request of a group.
pub(crate) struct Request {
    function: &'static str,
    event: &'static str,
    /// The status of the response.
    pub(crate) status: u16,
}

/// Declares a request of each group.
macro_rules! requests {
    ($($function:literal: $event:literal, $status:literal;)+) => {
        const REQUESTS: &[Request] = &[$(Request {
            function: $function,
            event: include_str!(concat!("../../../events/", $event, ".json")),
            status: $status,
        }),+];
    };
}

requests! {
    "docs": "docs-start", 200;
    "e24-account": "e24-get-account", 401;
    "e24-accounts": "e24-list-accounts", 401;
    "golem-accounts": "golem-find-accounts", 401;
    "hub-oauth": "hub-oauth-ask", 400;
    "hub-users": "hub-get-user", 401;
    "not-found": "not-found", 404;
    "pages": "pages-show-reset-link", 410;
    "passkeys": "passkeys-ask-for-confirmation", 401;
    "quave-accounts": "quave-list-accounts", 401;
    "quave-current-account": "quave-get-current-account", 401;
    "rollcall-accounts": "rollcall-list-accounts", 401;
    // Both the table and the service key.
    "rollcall-tokens": "rollcall-get-health", 200;
    "rollcall-users": "rollcall-get-user", 401;
}

/// Where the one form goes that is sent in a session.
const CONFIRMATION: &str = "/account/webauthn/confirmation/challenge";

impl Request {
    /// The request of a function's group.
    pub(crate) fn of(function: &str) -> Option<&'static Self> {
        REQUESTS.iter().find(|request| request.function == function)
    }

    /// The event of API Gateway: well-formed credentials, made up anew.
    pub(crate) fn event(&self) -> Result<String> {
        let nobody = UserId::generate();
        let token = TokenCredential::generate(TokenKind::User, nobody)?.reveal();
        let session = SessionCredential::generate(nobody)?;
        let link = MailToken::generate(MailTokenSubject::Reset(nobody))?.reveal();
        Ok(self
            .event
            .replace("rcu_YOUR_TOKEN", &token)
            .replace("rcw_YOUR_TOKEN", &link)
            .replace("rcx_YOUR_SESSION", &session.reveal())
            .replace("YOUR_FORM_TOKEN", &session.form_token(CONFIRMATION))
            .replace("YOUR_CLIENT_ID", &ClientId::generate()?.to_string()))
    }
}
