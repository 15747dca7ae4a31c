//! Events that can be sent: what they need is created first, through the API itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use shared::http::{Access, encode_path};
use shared::model::{
    ApiKeyId, GrantCredential, GrantTokenKind, SessionCredential, TokenCredential,
};
use shared::random;
use ssh_key::PublicKey;
use ssh_key::public::{Ed25519PublicKey, KeyData};

use crate::operations::Needs;
use crate::{ApiResponse, Authenticator, DOMAIN, DocumentedOperation, totp_code, wait_for_step};

/// The service as its clients reach it: in this process, or over HTTP.
pub trait Service {
    /// Sends a request; `path` may have a query.
    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> impl Future<Output = ApiResponse>;

    /// A client with a secret.
    fn oauth_client(&self) -> impl Future<Output = OAuthClient>;

    /// The token of a new link, as its mail has it.
    fn mailed_token(
        &self,
        link: MailedLink,
        credentials: &TestCredentials,
    ) -> impl Future<Output = String>;

    /// The cookie of a new session, as a browser sends it.
    fn session(&self, credentials: &TestCredentials) -> impl Future<Output = String> {
        async {
            let fields =
                [("username", &*credentials.username), ("password", &*credentials.password)];
            let fields = form(&fields);
            let signed_in = self.send("POST", "/account/sign-in", &[FORM], Some(&fields)).await;
            assert_eq!(signed_in.status, 303, "{signed_in:?}");
            let cookie = signed_in.header("set-cookie").expect("a cookie");
            cookie.split(';').next().expect("its value").to_owned()
        }
    }

    /// The origin of its pages.
    fn origin(&self) -> String {
        format!("https://{DOMAIN}")
    }

    /// What a device is asked below `/account/webauthn/`, in a session or without one.
    fn asked_passkey(
        &self,
        purpose: &str,
        cookie: Option<&str>,
    ) -> impl Future<Output = AskedPasskey> {
        async move {
            let path = format!("/account/webauthn/{purpose}/challenge");
            let response = send_script(self, cookie, &path, &[]).await;
            assert_eq!(response.status, 200, "{response:?}");
            let challenge = response.text("challenge").to_owned();
            AskedPasskey { challenge, options: response.body["publicKey"].clone() }
        }
    }

    /// What comes of the answer of a device, sent as the script does.
    fn answer_passkey(
        &self,
        purpose: &str,
        cookie: Option<&str>,
        asked: &AskedPasskey,
        answer: &Value,
    ) -> impl Future<Output = ApiResponse> {
        async move {
            let (path, answer) = (format!("/account/webauthn/{purpose}"), answer.to_string());
            let fields =
                [("challenge", &*asked.challenge), ("credential", &answer), ("name", "Phone")];
            send_script(self, cookie, &path, &fields).await
        }
    }

    /// A device with a passkey that was added in this session.
    fn new_passkey(&self, cookie: &str) -> impl Future<Output = Authenticator> {
        async move {
            let mut device = Authenticator::new(&self.origin());
            let asked = self.asked_passkey("registration", Some(cookie)).await;
            let answer = device.register(&asked.options);
            let added = self.answer_passkey("registration", Some(cookie), &asked, &answer).await;
            assert_eq!(added.status, 200, "{added:?}");
            device
        }
    }

    /// The secret of the user's app, in base32. The second factor is on, turned on by the code of
    /// the step before if it was off.
    fn totp_secret(&self, credentials: &TestCredentials) -> impl Future<Output = String> {
        async {
            let cookie = self.session(credentials).await;
            let (setup, secret) = totp_setup(self, &cookie).await;
            wait_for_step(3).await;
            let code = totp_code(&secret, -1);
            let fields = [("setup", setup.as_str()), ("code", code.as_str())];
            send_form(self, &cookie, "/account/second-factor", &fields).await;
            secret
        }
    }
}

/// What a device is asked.
#[derive(Debug, Clone)]
pub struct AskedPasskey {
    /// The name of the challenge.
    pub challenge: String,
    /// The options, as the browser passes them on.
    pub options: Value,
}

/// Sends what the script of a page does: a form, in a session with its token.
async fn send_script(
    service: &(impl Service + ?Sized),
    cookie: Option<&str>,
    path: &str,
    fields: &[(&str, &str)],
) -> ApiResponse {
    let token = cookie.map(|cookie| parsed_session(cookie).form_token(path));
    let token = [("form_token", token.as_deref().unwrap_or_default())];
    let body = form(&[&token[..], fields].concat());
    let cookie = cookie.map(|cookie| ("cookie", cookie));
    let headers: Vec<_> = std::iter::once(FORM).chain(cookie).collect();
    service.send("POST", path, &headers, Some(&body)).await
}

/// What a new secret for an app is set up with in this session, and the secret in base32.
async fn totp_setup(service: &(impl Service + ?Sized), cookie: &str) -> (String, String) {
    let page = send_form(service, cookie, "/account/second-factor/setup", &[]).await;
    (hidden_field(&page, "setup"), shown_secret(&page))
}

/// Sends a form in a session, and returns the page that comes of it.
async fn send_form(
    service: &(impl Service + ?Sized),
    cookie: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> String {
    let token = parsed_session(cookie).form_token(path);
    let fields = form(&[&[("form_token", token.as_str())][..], fields].concat());
    let response = service.send("POST", path, &[FORM, ("cookie", cookie)], Some(&fields)).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.body.as_str().expect("a page").to_owned()
}

/// The value of a hidden field of a page's form.
pub(crate) fn hidden_field(page: &str, name: &str) -> String {
    let value = page.split(&format!(r#"name="{name}" value=""#)).nth(1);
    let value = value.and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no form with a {name}: {page}")).to_owned()
}

/// The secret that a page shows, with or without spaces in it: 32 digits of base32.
pub(crate) fn shown_secret(page: &str) -> String {
    let page = page.replace(' ', "");
    let is_digit = |letter: char| letter.is_ascii_uppercase() || ('2'..='7').contains(&letter);
    let mut runs = page.split(|letter| !is_digit(letter));
    runs.find(|run| run.len() == 32).unwrap_or_else(|| panic!("no secret: {page}")).to_owned()
}

/// What a link in a mail does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailedLink {
    /// It signs up with an address that nobody has.
    SignUp,
    /// It resets the password of a user who is made for it.
    Reset,
    /// It proves an address that nobody has to be the user's.
    Proof,
}

impl MailedLink {
    /// The token that the events carry.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::SignUp => "rcn_YOUR_TOKEN",
            Self::Reset => "rcw_YOUR_TOKEN",
            Self::Proof => "rcv_YOUR_TOKEN",
        }
    }
}

/// An OAuth client that is registered.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// Where it waits for responses.
    pub redirect_uri: String,
}

/// A user, and what signs in as that user.
#[derive(Debug, Clone)]
pub struct TestCredentials {
    /// The username.
    pub username: String,
    /// The password.
    pub password: String,
    /// A token without a list of scopes.
    pub token: String,
    /// The personal account.
    pub account: String,
}

/// The tokens that a client got.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// The token that the events name.
pub const TOKEN_ID: &str = "0197a1b2c3d4e5f60718293a";

/// The session that the events name.
pub(crate) const SESSION_ID: &str = "0197a1b2c3d4e5f60718293d";

/// The grant that the events name.
pub(crate) const GRANT_ID: &str = "0197a1b2c3d4e5f60718293b0197a1b2c3d4e5f60718293c";

/// The OAuth client that the events name in paths.
pub(crate) const CLIENT_ID: &str = "0197a1b2c3d4e5f60718293c";

/// The address, the API key and the SSH key that the events name in paths.
const EMAIL: &str = "jane.second@example.com";
const API_KEY_ID: &str = "0197a1b2c3d4e5f6";
const SSH_KEY_ID: &str = "1234567890";

/// The passkey that the events name.
const PASSKEY_ID: &str = "0197a1b2c3d4e5f60718293a0197a1b2";

/// The member that the events name.
pub(crate) const MEMBER_ID: &str = "0197a1b2-c3d4-7e5f-8607-18293a4b5c6e";
/// The invitation that the events name: that of `mary@example.com`.
const INVITATION_ID: &str = "8ZBM8anXOlX6XeCsgjxEAw";

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl OAuthClient {
    /// The header by which it proves itself.
    pub fn basic(&self) -> String {
        crate::basic(&self.id, &self.secret)
    }

    /// The path and query by which it asks a user for these scopes.
    pub fn authorize_path(&self, scope: &str) -> String {
        let query = form(&[
            ("client_id", &self.id),
            ("response_type", "code"),
            ("redirect_uri", &self.redirect_uri),
            ("scope", scope),
            ("state", "af0ifjsldkj"),
        ]);
        format!("/api/v1.1/o/authorize/?{query}")
    }

    /// Asks a user for these scopes, who signs in and allows them, and returns the code. A user who
    /// has allowed them before is not asked.
    pub async fn code(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        scope: &str,
    ) -> String {
        let (path, cookie) = (self.authorize_path(scope), service.session(credentials).await);
        let mut response = service.send("GET", &path, &[("cookie", &cookie)], None).await;
        if response.status == 200 {
            response = ConsentPage::new(&path, &cookie, response).decide(service, "allow").await;
        }
        assert_eq!(response.status, 303, "{response:?}");
        parameter(response.header("location").expect("a place"), "code").expect("a code")
    }

    /// Asks for tokens.
    pub async fn token(&self, service: &impl Service, fields: &[(&str, &str)]) -> ApiResponse {
        let basic = self.basic();
        let headers = [("authorization", basic.as_str()), FORM];
        service.send("POST", "/api/v1.1/o/token/", &headers, Some(&form(fields))).await
    }

    /// Changes a code for tokens.
    pub async fn redeem(&self, service: &impl Service, code: &str) -> ApiResponse {
        self.token(service, &self.redemption(code)).await
    }

    /// The form that does so.
    fn redemption<'a>(&'a self, code: &'a str) -> [(&'a str, &'a str); 3] {
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &self.redirect_uri)]
    }

    /// Gets tokens for these scopes from a user.
    pub async fn tokens(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        scope: &str,
    ) -> Tokens {
        let code = self.code(service, credentials, scope).await;
        let response = self.redeem(service, &code).await;
        let (access, refresh) = (response.text("access_token"), response.text("refresh_token"));
        Tokens { access: access.to_owned(), refresh: refresh.to_owned() }
    }
}

/// The page on which a user allows or denies a client, as a browser has it.
pub struct ConsentPage {
    path: String,
    cookie: String,
    /// The form's token, which ties it to the session and the request.
    pub form_token: String,
    /// The scopes that it shows.
    pub scopes: String,
    /// The response with the page.
    pub response: ApiResponse,
}

impl ConsentPage {
    /// Opens the page as a user who has just signed in.
    pub async fn open(service: &impl Service, path: &str, credentials: &TestCredentials) -> Self {
        Self::open_in(service, path, &service.session(credentials).await).await
    }

    /// Opens the page in a session.
    pub async fn open_in(service: &impl Service, path: &str, cookie: &str) -> Self {
        let response = service.send("GET", path, &[("cookie", cookie)], None).await;
        Self::new(path, cookie, response)
    }

    fn new(path: &str, cookie: &str, response: ApiResponse) -> Self {
        let page = response.body.as_str().unwrap_or_else(|| panic!("{response:?}"));
        let (form_token, scopes) = (hidden_field(page, "form_token"), hidden_field(page, "scopes"));
        let (path, cookie) = (path.to_owned(), cookie.to_owned());
        Self { path, cookie, form_token, scopes, response }
    }

    /// Sends the form.
    pub async fn decide(&self, service: &impl Service, decision: &str) -> ApiResponse {
        let headers = [FORM, ("cookie", &self.cookie)];
        service.send("POST", &self.path, &headers, Some(&self.form(decision))).await
    }

    /// The form, filled in.
    fn form(&self, decision: &str) -> String {
        form(&[("form_token", &self.form_token), ("scopes", &self.scopes), ("decision", decision)])
    }

    /// The cookie, as a browser sends it.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }
}

/// Fields as a form or a query has them.
pub fn form(fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    form.finish()
}

/// A parameter of a URL's query.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(own, value)| (own == name).then(|| value.into_owned()))
}

/// A name that no other test and no earlier run has: letters and digits.
pub fn unique(name: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{name}{now}{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

impl DocumentedOperation {
    /// The event as this user sends it with this header, after what it needs was created; in a
    /// session, if it takes one.
    pub async fn prepared(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        authorization: &str,
    ) -> Value {
        if self.access() != Access::Session {
            return self.supplied(service, credentials, authorization).await;
        }
        // First: with what the operation needs, a sign-in may take more than the password.
        let session = service.session(credentials).await;
        let mut event = self.supplied(service, credentials, authorization).await;
        if self.facts.needs == Needs::PasskeyAnswer {
            answer_event(&mut event, service, credentials, Some(&session)).await;
        }
        if self.facts.needs == Needs::SecondFactorSetup {
            let (setup, secret) = totp_setup(service, &session).await;
            set(&mut event, "setup", &setup);
            set(&mut event, "code", &totp_code(&secret, 0));
        }
        put_session(&mut event, &session);
        event
    }

    async fn supplied(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        authorization: &str,
    ) -> Value {
        let path = format!("/api/v1.1/users/{}/", credentials.username);
        let mut event = self.of(&credentials.account, authorization);
        event["rawPath"] = json!(
            self.path()
                .replace("/api/v1.1/users/janedoe/", &path)
                .replace("5f7b1b7b7b7b7b7b7b7b7b7b", &credentials.account)
        );
        match self.facts.needs {
            Needs::Nothing => {
                let address = unique("new") + "@example.com";
                set(&mut event, "email", &address);
                replace_in_path(&mut event, EMAIL, &address);
                // The personal account has the user's name.
                set(&mut event, "confirmation", &credentials.username);
            }
            needs @ (Needs::Email | Needs::VerifiedEmail) => {
                let (address, path) = (unique("second") + "@example.com", format!("{path}emails/"));
                let body = json!({ "email": address, "verified": true });
                credentials.made(service, "POST", &path, &body).await;
                if needs == Needs::VerifiedEmail {
                    credentials.made(service, "PATCH", &path, &body).await;
                }
                set(&mut event, "email", &address);
                replace_in_path(&mut event, EMAIL, &address);
            }
            Needs::PublicKey => {
                let new = Ed25519PublicKey(random::bytes().expect("random bytes"));
                let new = PublicKey::from(KeyData::Ed25519(new)).to_openssh();
                let new = new.expect("a public key");
                set(&mut event, "content", &new);
                set(&mut event, "publicKey", &new);
            }
            Needs::ApiKey => {
                let made = credentials.made(service, "PUT", "/v2/account/api", &json!({})).await;
                let key = made["api"]["api_key"].as_str().expect("a key");
                set(&mut event, "api_key", key);
                let (_, id) = ApiKeyId::parse_key(key).expect("an API key");
                replace_in_path(&mut event, API_KEY_ID, &id.to_string());
            }
            Needs::SshKey => {
                let body = json!({ "name": "made", "method": "generate" });
                let made = credentials.made(service, "PUT", "/v2/account/sshkey", &body).await;
                replace_in_path(&mut event, SSH_KEY_ID, &made["sshkeys"]["id"].to_string());
            }
            Needs::Registry | Needs::Member | Needs::Admin => {
                self.prepare_account(service, credentials, &mut event).await;
            }
            Needs::Token | Needs::OwnToken => {
                let id = self.token_id_for(service, credentials, authorization).await;
                event["rawPath"] = json!(self.path().replace(TOKEN_ID, &id));
            }
            Needs::Grant => {
                let client = service.oauth_client().await;
                let tokens = client.tokens(service, credentials, "profile_read").await;
                let id = grant_id(&tokens.access);
                let path = self.path().replace(GRANT_ID, &id).replace(CLIENT_ID, &client.id);
                event["rawPath"] = json!(path);
            }
            Needs::Session => {
                let session = parsed_session(&service.session(credentials).await);
                replace_in_path(&mut event, SESSION_ID, &session.id().to_string());
            }
            needs @ (Needs::Password | Needs::SecondFactor) => {
                set(&mut event, "username", &credentials.username);
                set(&mut event, "password", &credentials.password);
                if needs == Needs::SecondFactor {
                    let secret = service.totp_secret(credentials).await;
                    set(&mut event, "code", &totp_code(&secret, 0));
                }
            }
            Needs::SecondFactorSetup
            | Needs::PasskeyAnswer
            | Needs::Passkey
            | Needs::PendingSignIn => self.prepare_factor(service, credentials, &mut event).await,
            Needs::SignUpLink => {
                set(&mut event, "username", &unique("mary"));
                replace_token(&mut event, service, MailedLink::SignUp, credentials).await;
            }
            Needs::ResetLink => {
                replace_token(&mut event, service, MailedLink::Reset, credentials).await;
            }
            Needs::ProofLink => {
                replace_token(&mut event, service, MailedLink::Proof, credentials).await;
            }
            Needs::ProvedEmail
            | Needs::Invitation
            | Needs::InvitationLink
            | Needs::FreeInvitationLink => {
                self.prepare_invitation(service, credentials, &mut event).await;
            }
            Needs::AuthorizationRequest
            | Needs::ClientAndUserToken
            | Needs::ConsentForm
            | Needs::Code
            | Needs::AccessToken
            | Needs::RefreshToken => self.prepare_oauth(service, credentials, &mut event).await,
        }
        event
    }

    /// The token that the event is about: with a list of scopes one can rotate itself alone.
    async fn token_id_for(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        authorization: &str,
    ) -> String {
        if let Some(own) = token_id(authorization).filter(|_| self.replaces_its_token()) {
            return own;
        }
        let body = json!({ "name": "made", "kind": "user" });
        let made = credentials.made(service, "POST", "/rollcall/v1/tokens", &body).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    async fn prepare_factor(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        event: &mut Value,
    ) {
        match self.facts.needs {
            Needs::Passkey => {
                let device = service.new_passkey(&service.session(credentials).await).await;
                replace_in_path(event, PASSKEY_ID, &device.passkey_id().to_string());
            }
            Needs::PendingSignIn => {
                let secret = service.totp_secret(credentials).await;
                set(event, "begun", &credentials.pending_sign_in(service).await);
                set(event, "code", &totp_code(&secret, 0));
            }
            Needs::PasskeyAnswer if self.access() != Access::Session => {
                answer_event(event, service, credentials, None).await;
            }
            // In the session of the event.
            _ => {}
        }
    }

    async fn prepare_account(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        event: &mut Value,
    ) {
        match self.facts.needs {
            Needs::Registry => {
                let body = json!({
                    "server": "https://registry.example.com", "email": "user@example.com",
                    "username": "registryuser", "password": "dckr_pat_00000",
                });
                let path = format!("/rollcall/v1/accounts/{}/registry", credentials.account);
                credentials.made(service, "PUT", &path, &body).await;
            }
            needs @ (Needs::Member | Needs::Admin) => {
                let member = credentials.new_member(service).await;
                if needs == Needs::Admin {
                    let account = &credentials.account;
                    let path = format!("/rollcall/v1/accounts/{account}/members/{member}");
                    credentials.made(service, "PATCH", &path, &json!({ "role": "admin" })).await;
                }
                set(event, "userId", &member);
                replace_in_path(event, MEMBER_ID, &member);
            }
            _ => {}
        }
    }

    async fn prepare_invitation(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        event: &mut Value,
    ) {
        match self.facts.needs {
            Needs::ProvedEmail => {
                credentials.prove_address(service).await;
                set(event, "email", &(unique("new") + "@example.com"));
            }
            Needs::Invitation => {
                credentials.prove_address(service).await;
                let (address, account) = (unique("new") + "@example.com", &credentials.account);
                let made = credentials.invite(service, account, &address).await;
                replace_in_path(event, INVITATION_ID, made["id"].as_str().expect("an id"));
            }
            Needs::InvitationLink => {
                set(event, "username", &credentials.username);
                set(event, "password", &credentials.password);
                let own = credentials.primary_address(service).await;
                let token = credentials.invitation_token(service, &own).await;
                replace_in_path(event, "rci_YOUR_TOKEN", &token);
            }
            Needs::FreeInvitationLink => {
                set(event, "username", &unique("mary"));
                let address = unique("new") + "@example.com";
                let token = credentials.invitation_token(service, &address).await;
                replace_in_path(event, "rci_YOUR_TOKEN", &token);
            }
            _ => {}
        }
    }

    async fn prepare_oauth(
        &self,
        service: &impl Service,
        credentials: &TestCredentials,
        event: &mut Value,
    ) {
        let client = service.oauth_client().await;
        let path = client.authorize_path("profile_read email_read");
        if self.is_page() {
            event["rawQueryString"] = json!(path.split_once('?').expect("a query").1);
        } else {
            event["headers"]["authorization"] = json!(client.basic());
        }
        let tokens = async || client.tokens(service, credentials, "profile_read").await;
        event["body"] = json!(match self.facts.needs {
            Needs::AuthorizationRequest => {
                event["cookies"] = json!([service.session(credentials).await]);
                return;
            }
            Needs::ConsentForm => {
                let shown = ConsentPage::open(service, &path, credentials).await;
                event["cookies"] = json!([shown.cookie()]);
                shown.form("allow")
            }
            Needs::Code => {
                form(&client.redemption(&client.code(service, credentials, "profile_read").await))
            }
            Needs::ClientAndUserToken => form(&[("token", &credentials.token)]),
            Needs::AccessToken => form(&[("token", &tokens().await.access)]),
            Needs::RefreshToken => form(&[("token", &tokens().await.refresh)]),
            _ => return,
        });
    }
}

impl TestCredentials {
    /// What the page carries that asks for a code after the password.
    async fn pending_sign_in(&self, service: &impl Service) -> String {
        let fields = form(&[("username", &self.username), ("password", &self.password)]);
        let asked = service.send("POST", "/account/sign-in", &[FORM], Some(&fields)).await;
        assert_eq!(asked.status, 200, "{asked:?}");
        hidden_field(asked.body.as_str().expect("a page"), "begun")
    }

    /// The id of a new member of the current account, which is the personal one.
    async fn new_member(&self, service: &impl Service) -> String {
        let body = json!({
            "email": unique("member") + "@example.com", "first_name": "Mary", "last_name": "Major",
            "password": "correct horse battery",
        });
        let made = self.made(service, "PUT", "/v2/accounts", &body).await;
        made["user"]["id"].as_str().expect("an id").to_owned()
    }

    /// Creates something with the token, and returns the body of the response.
    async fn made(&self, service: &impl Service, method: &str, path: &str, body: &Value) -> Value {
        let headers =
            [("authorization", self.token.as_str()), ("content-type", "application/json")];
        let response = service.send(method, path, &headers, Some(&body.to_string())).await;
        assert!((200..300).contains(&response.status), "{method} {path}: {response:?}");
        response.body
    }
}

/// Invitations, made through the API.
impl TestCredentials {
    /// Proves another address of the user, unless one is proved.
    pub async fn prove_address(&self, service: &impl Service) {
        let own = [("authorization", self.token.as_str())];
        let own = service.send("GET", "/rollcall/v1/users/self/emails", &own, None).await;
        let mut emails = own.body["emails"].as_array().expect("addresses").iter();
        if emails.any(|email| email["provedAt"].is_string()) {
            return;
        }
        let token = service.mailed_token(MailedLink::Proof, self).await;
        let path = format!("/account/emails/verify/{token}");
        let response = service.send("POST", &path, &[FORM], Some("")).await;
        assert_eq!(response.status, 200, "{response:?}");
    }

    /// Invites an address to an account as a member, and returns the invitation with its link.
    pub async fn invite(&self, service: &impl Service, account: &str, address: &str) -> Value {
        let body = json!({ "email": address, "role": "member", "deliver": "link" });
        let path = format!("/rollcall/v1/accounts/{account}/invitations");
        self.made(service, "POST", &path, &body).await
    }

    /// The primary address.
    pub async fn primary_address(&self, service: &impl Service) -> String {
        let own = [("authorization", self.token.as_str())];
        let own = service.send("GET", "/rollcall/v1/users/self", &own, None).await;
        own.text("primaryEmail").to_owned()
    }

    /// The token of a link by which a new user invites an address.
    pub async fn invitation_token(&self, service: &impl Service, address: &str) -> String {
        let (username, password) = (unique("host"), "correct horse battery".to_owned());
        let username = username[..username.len().min(30)].to_owned();
        let path = service.mailed_token(MailedLink::SignUp, self).await;
        let path = format!("/rollcall/v1/sign-ups/{path}");
        let new = json!({ "username": username, "password": password }).to_string();
        let json = ("content-type", "application/json");
        let made = service.send("POST", &path, &[json], Some(&new)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let token = crate::basic(&username, &password);
        let authorization = [("authorization", token.as_str())];
        let accounts = service.send("GET", "/rollcall/v1/accounts", &authorization, None).await;
        let account = accounts.body["accounts"][0]["id"].as_str().expect("an account").to_owned();
        let host = Self { username, password, token, account };
        let sent = host.invite(service, &host.account, address).await;
        let link = sent["link"].as_str().expect("a link");
        link.rsplit_once('/').expect("a token").1.to_owned()
    }
}

/// Puts a session in place of the example in the cookie, and the token of its form into the body.
pub(crate) fn put_session(event: &mut Value, cookie: &str) {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let path = encode_path(text("rawPath").strip_suffix('/').unwrap_or(text("rawPath")));
    let target = match text("rawQueryString") {
        "" => path,
        query => format!("{path}?{query}"),
    };
    let token = parsed_session(cookie).form_token(&target);
    set(event, "form_token", &token);
    event["cookies"] = json!([cookie]);
}

/// Puts the answer of a device into the event, as of the domain where it was asked.
async fn answer_event(
    event: &mut Value,
    service: &impl Service,
    credentials: &TestCredentials,
    session: Option<&str>,
) {
    let path = event["rawPath"].as_str().expect("a path").to_owned();
    let purpose = path.rsplit('/').next().unwrap_or_default();
    let (answer, asked) = if purpose == "registration" {
        let asked = service.asked_passkey(purpose, session).await;
        (Authenticator::new(&service.origin()).register(&asked.options), asked)
    } else {
        let own = service.session(credentials).await;
        let device = service.new_passkey(session.unwrap_or(&own)).await;
        let asked = service.asked_passkey(purpose, session).await;
        (device.sign(&asked.options), asked)
    };
    let domain = &asked.options["rpId"];
    let domain = if domain.is_null() { &asked.options["rp"]["id"] } else { domain };
    event["requestContext"]["domainName"] = domain.clone();
    set(event, "challenge", &asked.challenge);
    set(event, "credential", &answer.to_string());
}

/// The session of a cookie.
pub(crate) fn parsed_session(cookie: &str) -> SessionCredential {
    let (_, session) = cookie.split_once('=').expect("a cookie");
    session.parse().expect("a session")
}

/// Puts a text in place of another one in the body, if it is there: in a JSON object or in a form.
fn set(event: &mut Value, field: &str, text: &str) {
    let Some(body) = event["body"].as_str() else { return };
    if event["headers"]["content-type"] == FORM.1 {
        let pairs = form_urlencoded::parse(body.as_bytes());
        let replaced = pairs.map(|(name, value)| {
            let value = if name == field { text.into() } else { value };
            (name, value)
        });
        let replaced: Vec<_> = replaced.collect();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(replaced).finish();
        event["body"] = json!(body);
        return;
    }
    let body: Option<Value> = serde_json::from_str(body).ok();
    if let Some(mut body) = body.filter(|body| body[field].is_string()) {
        body[field] = json!(text);
        event["body"] = json!(body.to_string());
    }
}

/// Puts the token of a new link in place of the example in the path.
async fn replace_token(
    event: &mut Value,
    service: &impl Service,
    link: MailedLink,
    credentials: &TestCredentials,
) {
    let token = service.mailed_token(link, credentials).await;
    replace_in_path(event, link.example(), &token);
}

fn replace_in_path(event: &mut Value, example: &str, text: &str) {
    let path = event["rawPath"].as_str().expect("a path").replace(example, text);
    event["rawPath"] = json!(path);
}

/// The id of the grant of an access token.
pub fn grant_id(access: &str) -> String {
    let token = GrantCredential::parse(GrantTokenKind::Access, access);
    token.expect("an access token").grant().to_string()
}

/// The id of a token.
pub fn token_id(token: &str) -> Option<String> {
    token.parse::<TokenCredential>().ok().map(|token| token.id().to_string())
}
