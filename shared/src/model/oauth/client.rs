//! OAuth clients.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::model::{ClientId, Scope, SecretHash, Timestamp, seconds_after};
use crate::{Result, lifetimes, random};

/// An OAuth client, registered by the operator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// The identity, which is no secret.
    pub id: ClientId,
    /// The name that users see.
    pub name: String,
    /// The hash of its secret; none for a public client (RFC 6749, section 2.1).
    pub secret_hash: Option<SecretHash>,
    /// The registered redirect URIs: [`Client::redirect_uri`].
    pub redirect_uris: Vec<String>,
    /// The scopes that users can grant it, among [`Client::GRANTABLE`].
    pub scopes: BTreeSet<Scope>,
    /// How often its list of scopes was changed.
    #[serde(default)]
    pub scope_epoch: u64,
    /// The scopes that it was not registered with, or did not have all the time, each with the
    /// epoch since which it has it: what was granted before does not get it back.
    #[serde(default)]
    pub scopes_since: BTreeMap<Scope, u64>,
    /// Whether it must use PKCE although it has a secret.
    pub requires_pkce: bool,
    /// How many days its grants last, if fewer than others.
    pub grant_days: Option<u16>,
    /// How often the operator revoked all its grants: those of an earlier epoch stop working.
    pub grant_epoch: u64,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Client {
    /// The scopes that clients can be granted.
    pub const GRANTABLE: [Scope; 4] =
        [Scope::ProfileRead, Scope::ProfileWrite, Scope::EmailRead, Scope::EmailWrite];

    /// A new client, for all scopes; without a secret it is a public client.
    pub fn new(
        name: String,
        redirect_uris: Vec<String>,
        secret: Option<&ClientSecret>,
    ) -> Result<Self> {
        Ok(Self {
            id: ClientId::generate()?,
            name,
            secret_hash: secret.map(ClientSecret::hash),
            redirect_uris,
            scopes: Self::GRANTABLE.into(),
            scope_epoch: 0,
            scopes_since: BTreeMap::new(),
            requires_pkce: false,
            grant_days: None,
            grant_epoch: 0,
            created_at: Timestamp::now(),
        })
    }

    /// Where a request is answered: where it asks for if the client registered that, exactly, else
    /// nowhere; at the first registered URI if it names none.
    ///
    /// A public client waits on its user's own device, at whatever port is free there: of a loopback
    /// address any port counts as registered (RFC 8252, section 7.3). Port 0 stands for those, and is
    /// no place.
    pub fn redirect_uri<'a>(&'a self, requested: Option<&'a str>) -> Option<&'a str> {
        let uri = requested.or_else(|| self.redirect_uris.first().map(String::as_str))?;
        let is_local = |own: &str| self.secret_hash.is_none() && is_at_another_port(own, uri);
        let is_registered = |own: &String| own == uri || is_local(own);
        let is_registered = self.redirect_uris.iter().any(is_registered);
        (is_registered && !is_at_port_0(uri)).then_some(uri)
    }

    /// Whether its requests must have a PKCE challenge: a public client proves itself by nothing else.
    pub const fn must_use_pkce(&self) -> bool {
        self.requires_pkce || self.secret_hash.is_none()
    }

    /// The same client with another list of scopes. What was granted before loses those that the
    /// client did not have, and those that are `lost` although it has them.
    #[must_use]
    pub fn with_scopes(&self, scopes: BTreeSet<Scope>, lost: &BTreeSet<Scope>) -> Self {
        let scope_epoch = self.scope_epoch + 1;
        let since = |scope: &Scope| {
            let has_it = self.scopes.contains(scope) && !lost.contains(scope);
            if has_it { self.scopes_since.get(scope).copied() } else { Some(scope_epoch) }
        };
        let scopes_since = scopes.iter().filter_map(|scope| Some((*scope, since(scope)?)));
        let scopes_since = scopes_since.collect();
        Self { scopes, scope_epoch, scopes_since, ..self.clone() }
    }

    /// Whether it has had a scope ever since this epoch.
    pub(super) fn has_had(&self, scope: Scope, epoch: u64) -> bool {
        let is_old = self.scopes_since.get(&scope).is_none_or(|since| *since <= epoch);
        is_old && self.scopes.contains(&scope)
    }

    /// When a grant ends that a user allows at `now`.
    pub fn grant_end(&self, now: Timestamp) -> Result<Timestamp> {
        let own = self.grant_days.map(|days| i64::from(days) * lifetimes::DAY);
        seconds_after(now, own.unwrap_or(lifetimes::GRANT_TTL).min(lifetimes::GRANT_TTL))
    }
}

/// Whether a requested redirect URI is this registered one of the user's own device, but for the
/// port. What port the registered one has says nothing: programs write 0, or none, for any.
fn is_at_another_port(registered: &str, requested: &str) -> bool {
    let (Some((own, _)), Some((asked, port))) = (split_port(registered), split_port(requested))
    else {
        return false;
    };
    let is_usable = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    own == asked && port.is_none_or(is_usable)
}

fn is_at_port_0(uri: &str) -> bool {
    let port = split_port(uri).and_then(|(_, port)| port);
    port.is_some_and(|port| port.parse::<u16>() == Ok(0))
}

/// The address and what follows the port of a redirect URI on the user's own device, and the port.
/// `localhost` is a name, which may lead elsewhere (RFC 8252, section 8.3): it is compared exactly.
fn split_port(uri: &str) -> Option<((&str, &str), Option<&str>)> {
    let address =
        ["http://127.0.0.1", "http://[::1]"].into_iter().find(|at| uri.starts_with(at))?;
    let rest = &uri[address.len()..];
    let Some(rest) = rest.strip_prefix(':') else { return Some(((address, rest), None)) };
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (port, rest) = rest.split_at(end);
    Some(((address, rest), Some(port)))
}

/// The secret of a client: `rcs_` and 32 random bytes in URL-safe base64. Without `Debug`, since it
/// must not be logged.
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret.
    pub fn generate() -> Result<Self> {
        Ok(Self(format!("rcs_{}", URL_SAFE_NO_PAD.encode(random::bytes::<32>()?))))
    }

    /// What the table stores: the hash of the whole text.
    pub fn hash(&self) -> SecretHash {
        SecretHash::new(self.0.as_bytes())
    }

    /// The secret, for the one response that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_a_registered_one_and_of_a_public_client_at_any_loopback_port() {
        let secret = ClientSecret::generate().unwrap();
        let client = |uri: &str, secret| {
            let uris = vec![uri.to_owned(), "https://example.com/second".to_owned()];
            Client::new("App".to_owned(), uris, secret).unwrap()
        };
        let (first, v6) = ("http://127.0.0.1:9010/callback", "http://[::1]/");
        let localhost = "http://localhost:9010/callback";
        let (zero, empty) = ("http://127.0.0.1:0/callback", "http://[::1]:/");
        let padded = "http://127.0.0.1:00080/callback";

        for (registered, requested, is_same, is_local) in [
            (first, None, true, true),
            (first, Some(first), true, true),
            (first, Some("https://example.com/second"), true, true),
            (first, Some("http://127.0.0.1:51004/callback"), false, true),
            (first, Some("http://127.0.0.1/callback"), false, true),
            (v6, Some("http://[::1]:51004/"), false, true),
            (zero, None, false, false),
            (zero, Some(zero), false, false),
            (zero, Some("http://127.0.0.1:51004/callback"), false, true),
            (zero, Some("http://127.0.0.1/callback"), false, true),
            (zero, Some("http://127.0.0.1:00/callback"), false, false),
            (zero, Some("http://127.0.0.1:51004/other"), false, false),
            (empty, Some(empty), true, true),
            (empty, Some("http://[::1]:51004/"), false, true),
            (empty, Some("http://127.0.0.1:51004/"), false, false),
            (padded, Some("http://127.0.0.1:51004/callback"), false, true),
            (first, Some("http://127.0.0.1:0/callback"), false, false),
            (first, Some("http://127.0.0.1:65536/callback"), false, false),
            (first, Some("http://127.0.0.1:/callback"), false, false),
            (first, Some("http://127.0.0.1:51004/callback/"), false, false),
            (first, Some("http://127.0.0.1:51004/callback?x"), false, false),
            (first, Some("http://127.0.0.1:80@example.com/callback"), false, false),
            (first, Some("http://127.0.0.1.example.com/callback"), false, false),
            (first, Some("http://127.0.0.2:9010/callback"), false, false),
            (first, Some("http://[::1]:9010/callback"), false, false),
            (first, Some("https://127.0.0.1:9010/callback"), false, false),
            (first, Some("http://localhost:9010/callback"), false, false),
            (localhost, Some("http://localhost:51004/callback"), false, false),
            ("https://example.com:8443/", Some("https://example.com/"), false, false),
        ] {
            for (secret, is_allowed) in [(Some(&secret), is_same), (None, is_local)] {
                let client = client(registered, secret);
                let expected = is_allowed.then_some(requested.unwrap_or(registered));
                assert_eq!(client.redirect_uri(requested), expected, "{registered} {requested:?}");
            }
        }
    }

    #[test]
    fn a_clients_secret_is_recognized_by_its_whole_text_and_by_nothing_else() {
        let (secret, other) =
            (ClientSecret::generate().unwrap(), ClientSecret::generate().unwrap());
        let client =
            Client::new("Reader".to_owned(), Vec::new(), Some(&secret)).unwrap().secret_hash;

        assert!(secret.reveal().starts_with("rcs_") && secret.reveal().len() == 4 + 43);
        for (text, is_right) in
            [(secret.reveal(), true), (&secret.reveal()[4..], false), (other.reveal(), false)]
        {
            assert_eq!(client.as_ref().unwrap().matches(text.as_bytes()), is_right, "{text}");
        }
    }
}
