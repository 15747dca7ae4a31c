//! The documentation in a real browser.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::Locator;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::service::{base_url, new_user, send, tool, user};

const PAGES: [&str; 11] = [
    "/",
    "/docs/api",
    "/docs/clients",
    "/docs/security",
    "/docs/tour",
    "/docs/nothing",
    "/docs/reference/e24",
    "/docs/reference/golem",
    "/docs/reference/hub",
    "/docs/reference/quave",
    "/docs/reference/rollcall",
];

/// The scheme of colours, and the size of the window.
pub(crate) async fn look(browser: &Browser, scheme: &str, width: u32, height: u32) {
    let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
    browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
}

/// Opens a page, of a reference with its first operations unfolded.
async fn open(browser: &Browser, path: &str) {
    browser.open(path).await;
    if path.contains("/reference/") {
        browser.text(".opblock").await;
        let operations = "document.querySelectorAll('.opblock-summary-control')";
        browser
            .evaluate(&format!("[...{operations}].slice(0, 2).forEach((own) => own.click())"))
            .await;
        browser.text(".responses-wrapper").await;
    }
}

/// Below cargo's target folder, for people to look at.
fn screenshots(folder: &str) -> PathBuf {
    let folder = devkit::workspace::target_dir().unwrap().join("screenshots").join(folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) async fn photograph(browser: &Browser, folder: &str, name: &str) {
    let shot = browser.devtools("Page.captureScreenshot", json!({})).await;
    let image = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
    fs::write(screenshots(folder).join(name).with_extension("png"), image).unwrap();
}

/// What axe finds in the page.
pub(crate) async fn faults(browser: &Browser) -> Value {
    let source = tool("ROLLCALL_DOCS_BROWSER");
    let source = fs::read_to_string(PathBuf::from(source).join("axe-core/axe.min.js")).unwrap();
    if browser.evaluate("return !window.axe").await == true {
        browser.evaluate(&format!("{source}; window.axe = axe;")).await;
    }
    let found = "const done = arguments[0]; axe.run().then(({ violations }) => done(violations.map(
        ({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])), (error) => done(`${error}`))";
    browser.client.execute_async(found, vec![]).await.unwrap()
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_and_none_scrolls_sideways_from_320_pixels_up() {
    let browser = Browser::start().await;

    for path in PAGES {
        look(&browser, "light", 1280, 900).await;
        open(&browser, path).await;
        let name = if path == "/" { "start".to_owned() } else { path[1..].replace('/', "-") };
        for scheme in ["light", "dark"] {
            look(&browser, scheme, 1280, 900).await;
            assert_eq!(faults(&browser).await, json!([]), "{path}, {scheme}");
            for (width, height) in [(1280, 900), (390, 844), (320, 640)] {
                look(&browser, scheme, width, height).await;
                let needed = browser.evaluate("return document.documentElement.scrollWidth").await;
                assert_eq!(needed, json!(width), "{path} at {width}");
                if width > 320 {
                    photograph(&browser, "docs", &format!("{name}-{width}-{scheme}")).await;
                }
            }
        }
        assert_eq!(faults(&browser).await, json!([]), "{path} at 320");
        let console = browser.console().await;
        let is_of_policy = |line: &String| line.contains("Content Security Policy");
        assert!(!console.iter().any(is_of_policy), "{path}: {console:?}");
    }
    browser.end().await;
}

#[tokio::test]
async fn a_request_is_tried_with_a_pasted_token_which_is_kept_nowhere() {
    let token = new_user().await.token;
    let browser = Browser::start().await;
    let execute = "[id$='golem-find-accounts'] .execute";
    let status = "table[contains(@class, 'live-responses-table')]/tbody/tr/td";
    browser.open("/docs/reference/golem#/golem/golem-find-accounts").await;

    browser.click(execute).await;
    browser.shows(status, "401").await;
    let field = browser.client.find(Locator::Css("#token-secret")).await.unwrap();
    field.send_keys(&token).await.unwrap();
    browser.click("#credentials [type=submit]").await;
    browser.shows("p[@id='used']", "Requests are now sent with the token.").await;
    browser.click(execute).await;
    browser.shows(status, "200").await;

    let shown = browser.evaluate("return document.body.innerText").await;
    assert!(!shown.as_str().unwrap().contains(&token), "the command that is shown names it");
    let kept = "return [localStorage.length, sessionStorage.length, document.cookie]";
    assert_eq!(browser.evaluate(kept).await, json!([0, 0, ""]));
    let blank = "return [...document.querySelectorAll('button')].filter(button => \
        button.checkVisibility() && !button.innerText.trim() && !button.querySelector('svg') \
        && getComputedStyle(button, '::after').content === 'none').length";
    assert_eq!(browser.evaluate(blank).await, json!(0), "every button shows what it does");
    photograph(&browser, "docs", "tried").await;
    browser.click("#credentials [type=reset]").await;
    browser.shows("p[@id='used']", "Requests are sent without a credential.").await;
    browser.click(execute).await;
    browser.shows(status, "401").await;
    browser.end().await;
}

#[tokio::test]
async fn a_viewer_without_its_document_or_itself_says_so_and_tries_again() {
    let browser = Browser::start().await;
    browser.devtools("Network.enable", json!({})).await;
    let block = async |urls: &[&str]| {
        browser.devtools("Network.setBlockedURLs", json!({ "urls": urls })).await;
    };

    block(&["*/openapi/*"]).await;
    browser.open("/docs/reference/quave").await;
    let text = "The document cannot be shown. /openapi/quave.json cannot be reached.";
    browser.shows("p[@role='alert']", text).await;
    assert_eq!(browser.evaluate("return document.forms[0].hidden").await, true);
    assert_eq!(faults(&browser).await, json!([]));
    photograph(&browser, "docs", "unreachable").await;
    block(&[]).await;
    browser.click("#viewer button").await;
    browser.client.wait().for_element(Locator::Css(".opblock")).await.unwrap();

    block(&["*swagger-ui-bundle.js*"]).await;
    browser.open("/docs/reference/hub").await;
    let text = "The document cannot be shown. The viewer itself did not load.";
    browser.shows("p[@role='alert']", text).await;
    browser.end().await;
}

#[tokio::test]
async fn a_keyboard_reaches_the_content_and_the_menu_of_a_narrow_window() {
    let browser = Browser::start().await;
    look(&browser, "light", 390, 844).await;
    browser.open("/docs/api").await;
    let press = async |key: &str| {
        let body = browser.client.active_element().await.unwrap();
        body.send_keys(key).await.unwrap();
    };
    let (tab, enter) = ("\u{e004}", "\u{e007}");
    let active = async || browser.evaluate("return document.activeElement.innerText.trim()").await;

    press(tab).await;
    assert_eq!(active().await, "Skip to the content");
    for _ in 0..2 {
        press(tab).await;
    }
    assert_eq!(active().await, "Menu");
    press(enter).await;
    press(tab).await;

    assert_eq!(active().await, "Start");
    photograph(&browser, "docs", "menu").await;
    browser.end().await;
}

#[tokio::test]
async fn every_command_of_the_start_page_succeeds() {
    let jane = new_user().await;
    let page = send("GET", "/", &[], None).await.body.as_str().unwrap().to_owned();
    let blocks = page.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next());
    let commands: Vec<_> = blocks.filter(|block| block.starts_with("curl ")).collect();
    assert_eq!(commands.len(), 6, "{commands:?}");

    for command in commands {
        let command = command.replace("&quot;", "\"").replace("USERNAME", &jane.username);
        // The page has curl ask for the password.
        let user = format!("-u {}", jane.username);
        let command = command.replace(&user, &format!("-u '{}:{}'", jane.username, jane.password));
        assert!(command.contains(base_url()), "{command}");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command.replace("curl ", "curl --silent --show-error --fail "));
        let output = shell.env("TOKEN", &jane.token).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn the_viewer_is_the_pinned_one_with_its_licence() {
    let package = PathBuf::from(tool("ROLLCALL_DOCS_BROWSER")).join("swagger-ui-dist");
    let pinned = |name: &str| fs::read_to_string(package.join(name)).unwrap();
    let served = async |name: &str| {
        let response = send("GET", &format!("/docs/files/{name}"), &[], None).await;
        response.body.as_str().unwrap().to_owned()
    };

    assert!(served("swagger-ui-bundle.js").await == pinned("swagger-ui-bundle.js"));
    let licence = served("swagger-ui-bundle.js.LICENSE.txt").await;
    for part in ["NOTICE", "LICENSE", "swagger-ui-bundle.js.LICENSE.txt"] {
        assert!(licence.contains(pinned(part).trim()), "{part}");
    }
}

#[tokio::test]
async fn documents_come_compressed_through_the_gateway_and_once_if_they_do_not_change() {
    let url = format!("{}/openapi/hub.json", base_url());
    let get = async |headers: &[(&str, &str)]| {
        let mut request = reqwest::Client::new().get(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };

    let plain = get(&[]).await;
    let gzip = get(&[("accept-encoding", "gzip")]).await;
    let tag = gzip.headers()["etag"].to_str().unwrap().to_owned();
    let known = get(&[("accept-encoding", "gzip"), ("if-none-match", &tag)]).await;
    let authorization = [("authorization", user(0, "token"))];

    assert_eq!(gzip.headers()["content-encoding"], "gzip");
    assert_eq!(known.status(), 304);
    let (plain, gzip) = (plain.bytes().await.unwrap(), gzip.bytes().await.unwrap());
    assert!(gzip.starts_with(&[0x1f, 0x8b]) && gzip.len() * 4 < plain.len(), "{}", gzip.len());
    assert_eq!(get(&authorization).await.bytes().await.unwrap(), plain, "nobody has to sign in");
}
