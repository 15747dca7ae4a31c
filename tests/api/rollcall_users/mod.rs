//! Rollcall's own API for what users have: `/rollcall/v1/users/self…`.

mod audit;
mod emails;
mod keys;
mod links;
mod password;
mod profile;
mod recovery;
mod second_factors;
mod starvation;

use serde_json::{Value, json};
use testkit::{ApiResponse, Person};

const SELF: &str = "/rollcall/v1/users/self";

fn problem(status: u16, title: &str, code: &str, detail: &str) -> Value {
    json!({ "title": title, "status": status, "detail": detail, "code": code })
}

fn conflict(detail: &str) -> Value {
    problem(409, "Conflict", "conflict", detail)
}

fn not_found(what: &str) -> Value {
    problem(404, "Not Found", "not_found", &format!("{what} not found"))
}

/// What a 400 says, by field.
fn errors(response: &ApiResponse) -> Vec<String> {
    assert_eq!(response.status, 400, "{response:?}");
    let all = response.body["errors"].as_array().unwrap().iter();
    all.map(|error| format!("{}: {}", text(error, "field"), text(error, "detail"))).collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

/// All entries of a list, read in pages of this many; also the number of pages.
async fn pages(person: &Person<'_>, path: &str, name: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut all, mut cursor, mut count) = (Vec::new(), String::new(), 0);
    loop {
        let page = person.send("GET", &format!("{path}?limit={limit}{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let entries = page.body[name].as_array().unwrap();
        assert!(entries.len() <= limit, "{page:?}");
        all.extend(entries.iter().cloned());
        count += 1;
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, count),
        }
    }
}
