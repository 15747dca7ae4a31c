//! Lists in pages, and what is done to their entries.

use std::fmt::Display;
use std::str::FromStr;

use lambda_http::{Body, Response};
use shared::Result;
use shared::http::ApiRequest;
use shared::rollcall::Page;

use crate::entry::see_other;
use crate::words::layout as words;

/// The most entries on a page. With their buttons, more would be a heavy one.
pub(crate) const LIMIT: u8 = 16;

/// The page of a list that the query names.
pub(crate) fn list_page<I: FromStr>(request: &ApiRequest) -> Result<Page<I>> {
    Ok(Page { limit: LIMIT, ..Page::parse(&request.query()?)? })
}

/// The query of this page of a list, for what is done to its entries.
pub(crate) fn own_query<I: Display>(page: &Page<I>) -> String {
    page.after.as_ref().map(|after| format!("?cursor={after}")).unwrap_or_default()
}

/// What a page of a list says that has no entries: with this query, those before it have some, and
/// its last one is gone.
pub(crate) fn none(query: &str, no_entries: &'static str) -> &'static str {
    if query.is_empty() { no_entries } else { words::NO_MORE }
}

/// Leads back to the page of a list that something was done on, which says so.
pub(crate) fn back(request: &ApiRequest, list: &str, done: &str) -> Result<Response<Body>> {
    let query = request.query()?;
    let cursor = query.get("cursor").map(|cursor| ("cursor", cursor));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(cursor.into_iter().chain([("done", done)]))
        .finish();
    see_other(&format!("{list}?{query}"))
}
