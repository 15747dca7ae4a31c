//! The user a command is about.

use std::fmt;
use std::str::FromStr;

use anyhow::Context;
use shared::model::{EmailAddress, ParseError, User, UserId, Username};
use shared::table::{Stored, Table};
use shared::{Error, Result};

/// A user by username, e-mail address or id. No text can be two of them.
#[derive(Debug, Clone)]
pub(super) enum UserRef {
    Id(UserId),
    Address(EmailAddress),
    Name(Username),
}

impl FromStr for UserRef {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let id = text.parse().map(Self::Id);
        id.or_else(|_| text.parse().map(Self::Address))
            .or_else(|_| text.parse().map(Self::Name))
            .map_err(|_| ParseError::new("must be a username, an e-mail address or a user's UUID"))
    }
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl UserRef {
    /// The user as it is now; without one, an error that says what to do.
    pub(super) async fn require(&self, table: &Table) -> anyhow::Result<Stored<User>> {
        match self.find(table).await {
            Err(Error::NotFound(_)) => None
                .with_context(|| format!("no user {self}: `rollcall list-users` lists them all")),
            found => Ok(found?),
        }
    }

    /// The user as it is now; [`Error::NotFound`] if there is none.
    pub(super) async fn find(&self, table: &Table) -> Result<Stored<User>> {
        let id = match self {
            Self::Id(id) => Some(*id),
            Self::Address(address) => table.user_id_by_email(address).await?,
            Self::Name(name) => table.user_id_by_username(name).await?,
        };
        let user = match id {
            Some(id) => table.user_and(id, ()).await?.0,
            None => None,
        };
        user.ok_or(Error::NotFound("user"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_username_address_or_id() {
        let id = "01a20047-bff6-70ba-b3c6-bab4b4b3a41c";
        assert!(matches!(id.parse(), Ok(UserRef::Id(read)) if read.to_string() == id));
        assert!(matches!("Jane.Doe@example.com".parse(), Ok(UserRef::Address(_))));
        assert!(
            matches!("JaneDoe".parse(), Ok(UserRef::Name(name)) if name.to_string() == "janedoe")
        );
        for wrong in ["", "jane doe", "01a20047bff670bab3c6bab4b4b3a41c", "@"] {
            assert!(wrong.parse::<UserRef>().is_err(), "{wrong}");
        }
    }
}
