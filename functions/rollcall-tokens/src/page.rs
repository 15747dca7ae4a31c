use std::str::FromStr;

use shared::http::Query;
use shared::limits::{DEFAULT_TOKENS_PER_PAGE, MAX_TOKENS_PER_PAGE};
use shared::{Error, Result};

/// Which part of a list is asked for; `I` identifies what is listed.
pub(crate) struct Page<I> {
    pub(crate) limit: u8,
    pub(crate) after: Option<I>,
}

impl<I: FromStr> Page<I> {
    pub(crate) fn parse(query: &Query<'_>) -> Result<Self> {
        let out_of_range = || {
            let text = format!("must be a number from 1 to {MAX_TOKENS_PER_PAGE}");
            Error::invalid("limit", text)
        };
        let limit = query.whole_number("limit").map_err(|_| out_of_range())?;
        let limit = limit.unwrap_or(DEFAULT_TOKENS_PER_PAGE);
        if !(1..=MAX_TOKENS_PER_PAGE).contains(&limit) {
            return Err(out_of_range());
        }
        let after = query.get("cursor").map(str::parse).transpose();
        let after = after.map_err(|_| Error::invalid("cursor", "is not one of this list"))?;
        Ok(Self { limit, after })
    }
}
