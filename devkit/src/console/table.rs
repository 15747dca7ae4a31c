//! The table by kinds of items.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::items::{self, Item, Items};
use super::kinds::{KINDS, Kind};
use super::page::Notice;
use super::{Service, Shared};

/// Items of a page.
const PAGE: usize = 25;
/// Items that are counted.
const MAX_COUNTED: usize = 50_000;
/// Up to so many items are shown with all they hold.
const MAX_OPEN: usize = 3;

/// The kind that has a page of its own beside the other items of an id: there are many.
const LOG: &str = "entry of an audit log";

/// What a page shows, and after which key.
struct Query {
    kind: Option<&'static Kind>,
    /// Part of a key.
    id: Option<String>,
    after: Option<(String, String)>,
}

impl Query {
    fn parse(query: &str) -> Self {
        let mut fields: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        let mut take = |name| fields.remove(name).map(std::borrow::Cow::into_owned);
        let kind = take("kind");
        Self {
            kind: KINDS.iter().find(|own| Some(own.name) == kind.as_deref()),
            id: take("id").filter(|id| !id.is_empty()),
            after: take("pk").zip(take("sk")),
        }
    }

    fn is_wanted(&self, item: &Item) -> bool {
        let is_of_kind = |kind| item.kind().is_some_and(|(own, _)| own == kind);
        let is_of_own_page = || item.kind().is_some_and(|(own, _)| own.name == LOG);
        self.kind.map_or_else(|| !is_of_own_page(), is_of_kind)
            && self.id.as_ref().is_none_or(|id| item.is_at(id))
    }

    /// The address of the page after this one.
    fn next(&self, after: &(String, String)) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.kind.map(|kind| ("kind", kind.name)));
        query.extend_pairs(self.id.as_ref().map(|id| ("id", id)));
        query.extend_pairs([("pk", &after.0), ("sk", &after.1)]);
        format!("/_dev/table?{}", query.finish())
    }
}

/// The address of the log of what has this id.
fn log_address(id: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("kind", LOG).append_pair("id", id);
    format!("/_dev/table?{}", query.finish())
}

pub(super) async fn page(shared: &Shared, query: &str) -> Result<Markup, Notice> {
    let query = Query::parse(query);
    if query.kind.is_none() && query.id.is_none() {
        return overview(&shared.service).await;
    }
    let Service { dynamodb_endpoint, table_name, .. } = &shared.service;
    let after = query.after.clone();
    let Items { items, next } =
        items::scan(dynamodb_endpoint, table_name, after, PAGE, |item| query.is_wanted(item))
            .await?;
    let is_open = items.len() <= MAX_OPEN && next.is_none();
    let title = match (query.kind, &query.id) {
        (Some(kind), None) => kind.name.to_owned(),
        (Some(kind), Some(id)) => format!("{} with {id} in the key", kind.name),
        (None, id) => format!("Items with {} in the key", id.as_deref().unwrap_or_default()),
    };
    Ok(html! {
        p { a href="/_dev/table" { "All kinds" } }
        h1 { (title) }
        @if let Some(kind) = query.kind { p.quiet { "Holds: " (kind.holds.replace('`', "")) } }
        @if items.is_empty() { p { "There is none." } }
        @if let (None, Some(id)) = (query.kind, &query.id) {
            p { a href=(log_address(id)) { "Its audit log" } }
        }
        @for item in &items { (item.markup(is_open)) }
        @if let Some(next) = next { p { a href=(query.next(&next)) { "More" } } }
    })
}

async fn overview(service: &Service) -> Result<Markup, Notice> {
    let Service { dynamodb_endpoint, table_name, .. } = service;
    let Items { items, next } =
        items::scan(dynamodb_endpoint, table_name, None, MAX_COUNTED, |_| true).await?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for item in &items {
        *counts.entry(item.kind().map_or("", |(kind, _)| kind.name)).or_default() += 1;
    }
    let unknown = counts.get("").copied();
    let at_least = if next.is_some() { "at least " } else { "" };
    Ok(html! {
        h1 { "Table" }
        p.quiet {
            "What the table " code { (table_name) } " stores, as it is stored: of most secrets only "
            "hashes, as docs/table.md says. An id leads to all items that have it in their keys."
        }
        form.search method="get" action="/_dev/table" {
            label for="id" { "Id, username or address in a key" }
            input #id type="text" name="id" autocapitalize="none" spellcheck="false" required;
            button type="submit" { "Find" }
        }
        p { (at_least) (items.len()) " items" }
        ul.kinds {
            @for kind in KINDS.iter() {
                @if let Some(count) = counts.get(kind.name) {
                    li {
                        a href={ "/_dev/table?" (form_urlencoded::Serializer::new(String::new()).append_pair("kind", kind.name).finish()) } { (kind.name) }
                        " " span.quiet { (at_least) (count) }
                    }
                }
            }
            @if let Some(count) = unknown { li { "not in docs/table.md " span.quiet { (count) } } }
        }
    })
}
