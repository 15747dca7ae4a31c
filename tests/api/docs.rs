//! The documentation in the browser: what is served, and how it is cached.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::Settings;
use shared::http::{ApiRequest, from_event, into_event};
use testkit::{ApiResponse, TestApp};

const PAGES: [&str; 11] = [
    "/",
    "/docs",
    "/docs/api",
    "/docs/clients",
    "/docs/security",
    "/docs/tour",
    "/docs/reference/e24",
    "/docs/reference/golem",
    "/docs/reference/hub",
    "/docs/reference/quave",
    "/docs/reference/rollcall",
];
const DIALECTS: [&str; 5] = ["e24", "golem", "hub", "quave", "rollcall"];

async fn get(app: &TestApp, path: &str) -> ApiResponse {
    app.send("GET", path, &[], None).await
}

fn text(response: &ApiResponse) -> &str {
    response.body.as_str().unwrap()
}

/// The values of an attribute in a page.
fn values<'p>(page: &'p str, attribute: &str) -> BTreeSet<&'p str> {
    let begin = format!(" {attribute}=\"");
    page.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn every_page_is_html_that_loads_from_its_own_origin_alone() {
    let app = TestApp::start().await;

    for path in PAGES {
        let page = get(&app, path).await;

        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(
            page.header("content-security-policy"),
            Some(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                 connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
            ),
            "{path}"
        );
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(page.header("x-request-id").is_some(), "{path}");
        assert!(page.header("strict-transport-security").is_some(), "{path}");
        let page = text(&page);
        assert!(!page.contains(" style=") && !page.contains("<style"), "{path}");
        assert_eq!(page.matches("<script").count(), page.matches("<script src=").count(), "{path}");
    }
}

#[tokio::test]
async fn every_link_of_a_page_leads_to_a_page_and_an_anchor_that_exist() {
    let app = TestApp::start().await;
    let mut anchors = BTreeMap::new();
    for path in PAGES {
        let page = get(&app, path).await;
        let own: BTreeSet<_> = values(text(&page), "id").into_iter().map(str::to_owned).collect();
        anchors.insert(path, own);
    }

    for path in PAGES {
        let page = get(&app, path).await;
        let links: BTreeSet<_> =
            values(text(&page), "href").into_iter().chain(values(text(&page), "src")).collect();
        assert!(links.len() > 10, "{path}");
        for link in links.into_iter().filter(|link| !link.starts_with("https://")) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = target.split('?').next().unwrap();
            let target = if target.is_empty() { path } else { target };
            assert!(target.starts_with('/'), "{path}: {link}");
            assert_eq!(get(&app, target).await.status, 200, "{path}: {link}");
            assert!(anchor.is_empty() || anchors[target].contains(anchor), "{path}: {link}");
        }
    }
}

#[tokio::test]
async fn the_documents_are_the_committed_ones_as_yaml_and_as_json() {
    let app = TestApp::start().await;

    for dialect in DIALECTS {
        let committed = testkit::root().join("openapi").join(dialect).with_extension("yaml");
        let committed = std::fs::read_to_string(committed).unwrap();
        let yaml = get(&app, &format!("/openapi/{dialect}.yaml")).await;
        let json = get(&app, &format!("/openapi/{dialect}.json")).await;

        assert_eq!(yaml.header("content-type"), Some("application/yaml"));
        assert_eq!(text(&yaml), committed, "{dialect}");
        assert_eq!(json.header("content-type"), Some("application/json"));
        assert_eq!(json.body["openapi"], "3.1.0", "{dialect}");
        for operation in testkit::operations() {
            let name = operation.name;
            let is_there = committed.contains(&format!("operationId: {name}\n"));
            let is_shown = json.body.to_string().contains(&format!("\"operationId\":\"{name}\""));
            assert_eq!(is_shown, is_there, "{dialect}: {name}");
        }
    }
}

#[tokio::test]
async fn whatever_is_served_has_a_tag_with_which_it_is_304_and_says_how_it_is_cached() {
    let app = TestApp::start().await;
    let start = get(&app, "/").await;
    let page = text(&start);
    let style = &page[page.find("/docs/files/page.css?v=").unwrap()..];
    let style = style.split('"').next().unwrap();

    for (path, cached) in [
        ("/", "no-cache"),
        ("/docs/api", "no-cache"),
        ("/docs/reference/quave", "no-cache"),
        (style, "public, max-age=86400"),
        ("/docs/files/page.css", "no-cache"),
        ("/docs/files/page.css?v=0123456789abcdef01234567", "no-cache"),
        ("/openapi/hub.yaml", "public, max-age=300"),
        ("/openapi/hub.json", "public, max-age=300"),
    ] {
        let full = get(&app, path).await;
        let tag = full.header("etag").unwrap();
        let known = app.send("GET", path, &[("if-none-match", tag)], None).await;
        let other = app.send("GET", path, &[("if-none-match", "\"x\"")], None).await;
        let never = app.send("GET", path, &[("if-match", "\"x\"")], None).await;

        assert_eq!((known.status, &known.body), (304, &Value::Null), "{path}");
        assert_eq!((other.status, &other.body), (200, &full.body), "{path}");
        assert_eq!(never.status, 412, "{path}");
        for response in [&full, &known] {
            assert_eq!(response.header("cache-control"), Some(cached), "{path}");
            assert_eq!(response.header("vary"), Some("accept-encoding"), "{path}");
            assert_eq!(response.header("etag"), Some(tag), "{path}");
            let policy = response.header("content-security-policy");
            assert_eq!(policy, full.header("content-security-policy"), "{path}");
        }
        assert_eq!(known.header("content-type"), None, "{path}");
    }
}

/// The response to a client that takes gzip, as API Gateway gets it.
async fn compressed(path: &str) -> Value {
    testkit::watch_log();
    let event = json!({
        "version": "2.0",
        "rawPath": path,
        "headers": { "accept-encoding": "gzip, deflate, br" },
        "requestContext": { "http": { "method": "GET" }, "domainName": "api.example.com" },
    });
    let event = from_event(serde_json::from_value(event).unwrap());
    let response = docs::handle(ApiRequest::new(event, &Settings::default())).await;
    serde_json::to_value(into_event(response)).unwrap()
}

#[tokio::test]
async fn clients_that_take_gzip_get_less_and_all_fits_lambda() {
    let app = TestApp::start().await;

    for path in PAGES.into_iter().chain([
        "/docs/files/page.css",
        "/docs/files/reference.js",
        "/docs/files/swagger-ui-bundle.js",
        "/docs/files/swagger-ui-bundle.js.LICENSE.txt",
        "/openapi/hub.json",
    ]) {
        let plain = get(&app, path).await;
        let gzip = compressed(path).await;

        let length = match &plain.body {
            Value::String(text) => text.len(),
            json => json.to_string().len(),
        };
        assert_eq!(gzip["headers"]["content-encoding"], "gzip", "{path}");
        assert_eq!(gzip["isBase64Encoded"], true, "{path}");
        assert_ne!(gzip["headers"]["etag"].as_str(), plain.header("etag"), "{path}");
        // In base64 it is a third longer than it is sent.
        let body = gzip["body"].as_str().unwrap();
        assert!(body.len() < length * 4 / 5 && body.starts_with("H4sI"), "{path}");
    }
    let largest = get(&app, "/docs/files/swagger-ui-bundle.js").await;
    assert!(text(&largest).len() < 5_000_000);
}

#[tokio::test]
async fn other_methods_are_405_and_what_there_is_not_is_404() {
    let app = TestApp::start().await;

    for path in [
        "/",
        "/docs",
        "/docs/api",
        "/docs/reference/hub",
        "/docs/files/page.css",
        "/openapi/hub.yaml",
    ] {
        for method in ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let rejected = app.send(method, path, &[], None).await;
            assert_eq!(
                (rejected.status, rejected.header("allow")),
                (405, Some("GET")),
                "{method} {path}"
            );
        }
    }
    for path in ["/docs/nothing", "/docs/reference", "/docs/reference/nothing"] {
        let missing = get(&app, path).await;
        assert_eq!(missing.status, 404, "{path}");
        assert_eq!(missing.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(text(&missing).contains("There is no such page"), "{path}");
        assert_eq!(missing.header("etag"), None, "{path}");
    }
    for path in ["/docs/files/nothing", "/docs/files", "/openapi/hub", "/openapi/hub.yaml.gz"] {
        assert_eq!(get(&app, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn pages_name_the_service_and_its_address_as_the_operator_chose() {
    let mut app = TestApp::start().await;
    app.configure(Settings {
        public_url: Some("https://accounts.example.com".parse().unwrap()),
        service_name: "Acme <Accounts>".parse().unwrap(),
        ..Settings::default()
    });

    let start = get(&app, "/").await;

    let page = text(&start);
    assert!(page.contains("<title>Start · Acme &lt;Accounts&gt;</title>"), "{page}");
    for (dialect, path) in [
        ("quave", "/api/public/v1/accounts"),
        ("golem", "/v1/accounts"),
        ("e24", "/v2/accounts"),
        ("hub", "/api/v1.1/users/USERNAME/"),
        ("rollcall", "/rollcall/v1/tokens"),
    ] {
        assert!(page.contains(&format!("https://accounts.example.com{path}")), "{dialect}");
    }
    assert!(!page.contains("localhost"), "{page}");
}
