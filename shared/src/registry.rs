//! Access to a private container registry, as requests have it.

use std::str::FromStr;

use crate::Result;
use crate::http::Fields;
use crate::limits::{MAX_REGISTRY_FIELD, MAX_REGISTRY_PASSWORD};
use crate::model::{
    EmailAddress, ParseError, Registry, UrlParts, check_uri_characters, parse_shown, parse_text,
};
use crate::seal::SealPublicKey;

/// The names of the four fields in a body: server, address, username and password.
pub type RegistryFieldNames = [&'static str; 4];

/// The registry fields of a request. They have no `Debug`: the password must not be logged.
pub struct RegistryFields {
    server: Server,
    email: EmailAddress,
    username: Username,
    password: Password,
}

impl RegistryFields {
    /// All four fields.
    pub fn required(fields: &mut Fields, names: RegistryFieldNames) -> Option<Self> {
        let [server, email, username, password] = names;
        let (server, email) = (fields.required(server), fields.required(email));
        let (username, password) = (fields.required(username), fields.required(password));
        Some(Self { server: server?, email: email?, username: username?, password: password? })
    }

    /// `None` without any field; if only some are there, an error for each missing one.
    pub fn optional(fields: &mut Fields, names: RegistryFieldNames) -> Option<Self> {
        let missing = names.map(|name| !fields.has(name));
        for (name, _) in names
            .into_iter()
            .zip(missing)
            .filter(|(_, is_missing)| *is_missing && missing != [true; 4])
        {
            fields.add_error(name, "is missing; all registry fields must be provided if any is");
        }
        let [server, email, username, password] = names;
        let (server, email) = (fields.optional(server), fields.optional(email));
        let (username, password) = (fields.optional(username), fields.optional(password));
        Some(Self { server: server?, email: email?, username: username?, password: password? })
    }

    /// What is stored: the password only as a sealed box.
    pub fn sealed(self, sealing: &SealPublicKey) -> Result<Registry> {
        let Self { server, email, username, password } = self;
        let password = sealing.seal(&password.0)?;
        Ok(Registry {
            server: server.0,
            email: email.as_entered().to_owned(),
            username: username.0,
            password,
        })
    }
}

/// An https URL of at most 255 characters, without a user or password in it, that is a URI: typed
/// clients read it as one.
struct Server(String);

impl FromStr for Server {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let typed = parse_text(raw, MAX_REGISTRY_FIELD)?;
        let is_https = |url: &UrlParts<'_>| url.scheme.eq_ignore_ascii_case("https");
        let is_server = |url: UrlParts<'_>| is_https(&url) && url.port != Some(0);
        if !UrlParts::parse(&typed).is_some_and(is_server) {
            return Err(ParseError::new("must be an https URL"));
        }
        check_uri_characters(&typed).map(|()| Self(typed))
    }
}

/// A registry user's name: 1 to 255 characters. People are shown it.
struct Username(String);

impl FromStr for Username {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        parse_shown(raw, MAX_REGISTRY_FIELD).map(Self)
    }
}

/// A registry password: 1 to [`MAX_REGISTRY_PASSWORD`] characters of any kind, stored as they were
/// sent.
struct Password(String);

impl FromStr for Password {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        match raw.chars().count() {
            0 => Err(ParseError::new("must not be empty")),
            1..=MAX_REGISTRY_PASSWORD => Ok(Self(raw.to_owned())),
            _ => Err(ParseError::new(format!(
                "must be at most {MAX_REGISTRY_PASSWORD} characters long"
            ))),
        }
    }
}
