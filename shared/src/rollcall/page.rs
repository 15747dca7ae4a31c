//! Lists in pages.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::http::Query;
use crate::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use crate::model::digest::update_length_prefixed;
use crate::model::{ParseError, Timestamp, UserId, hex};
use crate::{Error, Result};

/// Which part of a list is asked for; `I` identifies what is listed.
#[derive(Debug, Clone)]
pub struct Page<I> {
    /// The most entries.
    pub limit: u8,
    /// The entry to continue after.
    pub after: Option<I>,
}

impl<I: FromStr> Page<I> {
    /// The page that the parameters `limit` and `cursor` name.
    pub fn parse(query: &Query<'_>) -> Result<Self> {
        let out_of_range = || {
            let text = format!("must be a number from 1 to {MAX_PAGE_SIZE}");
            Error::invalid("limit", text)
        };
        let limit = query.whole_number("limit").map_err(|_| out_of_range())?;
        let limit = limit.map_or(Ok(DEFAULT_PAGE_SIZE), u8::try_from);
        let limit = limit.map_err(|_| out_of_range())?;
        if !(1..=MAX_PAGE_SIZE).contains(&limit) {
            return Err(out_of_range());
        }
        let after = query.get("cursor").map(str::parse).transpose();
        let after = after.map_err(|_| Error::invalid("cursor", "is not one of this list"))?;
        Ok(Self { limit, after })
    }
}

/// The place of an entry in a list that is read as a whole, oldest first. It stays when the entry
/// goes, and does not show what the entry is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Place(String);

impl Place {
    /// Digits of the time, and of the hash.
    const LENGTH: usize = 16 + 16;

    /// In a list of this user's, of what was made then and has this id.
    pub fn new(user: UserId, created_at: Timestamp, id: &impl fmt::Display) -> Self {
        let time = created_at.as_microsecond().max(0);
        let mut hash = Sha256::new();
        // Without the user, anybody could see whether it is a certain address.
        update_length_prefixed(
            &mut hash,
            [user.to_string(), id.to_string()].iter().map(String::as_bytes),
        );
        Self(format!("{time:016x}{}", hex(&hash.finalize()[..8])))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Place {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == Self::LENGTH && text.bytes().all(is_digit) {
            return Ok(Self(text.to_owned()));
        }
        Err(ParseError::new("is not one of this list"))
    }
}

impl Page<Place> {
    /// The entries of the page, oldest first, and where the next one begins, if there is one.
    pub fn of<T>(
        &self,
        all: impl IntoIterator<Item = T>,
        place: impl Fn(&T) -> Place,
    ) -> (Vec<T>, Option<Place>) {
        let placed = all.into_iter().map(|entry| (place(&entry), entry));
        let is_after = |(place, _): &(Place, T)| self.after.as_ref().is_none_or(|own| place > own);
        let mut following: Vec<_> = placed.filter(is_after).collect();
        following.sort_by(|(one, _), (other, _)| one.cmp(other));
        let is_last = following.len() <= usize::from(self.limit);
        following.truncate(self.limit.into());
        let next = following.last().map(|(place, _)| place.clone()).filter(|_| !is_last);
        (following.into_iter().map(|(_, entry)| entry).collect(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_does_not_show_whether_it_is_the_address_that_somebody_else_has() {
        let place = |user| Place::new(user, Timestamp::UNIX_EPOCH, &"jane@example.com");

        let (jane, john) = (UserId::generate(), UserId::generate());

        assert_eq!(place(jane), place(jane));
        assert_ne!(place(jane), place(john));
    }
}
