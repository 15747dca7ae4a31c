//! Chromium, as the tests drive it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::service::base_url;

/// A command that the client does not know: its path below that of the session, and its parameters.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

/// Chromium, and what drives it; both end with the test.
pub(crate) struct Browser {
    driver: Child,
    pub(crate) client: Client,
    _profile: tempfile::TempDir,
}

/// `ChromeDriver` and its port; nothing if it ended without one.
fn started_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.find_map(|line| {
        let line = line.unwrap();
        let port = line.split("successfully on port ").nth(1)?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    let Some(port) = port else {
        driver.wait().unwrap();
        return None;
    };
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

impl Browser {
    pub(crate) async fn start() -> Self {
        // It ends at once if another program takes the port that it has found free.
        let (driver, port) = (0..5).find_map(|_| started_driver()).unwrap();
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        Self { driver, client, _profile: profile }
    }

    /// Fills the form and signs in.
    pub(crate) async fn sign_in(&self, username: &str, password: &str) {
        for (field, text) in [("#username", username), ("#password", password)] {
            let field = self.client.wait().for_element(Locator::Css(field)).await.unwrap();
            field.clear().await.unwrap();
            field.send_keys(text).await.unwrap();
        }
        self.click_button("Sign in").await;
    }

    /// Signs in, and allows a client's request unless that was done before.
    pub(crate) async fn sign_in_and_allow(&self, username: &str, password: &str) {
        self.sign_in(username, password).await;
        let either = "//h1[starts-with(., 'Allow ') or .='Back with a code']";
        let heading = self.client.wait().for_element(Locator::XPath(either)).await.unwrap();
        if heading.text().await.unwrap().starts_with("Allow ") {
            self.press("allow").await;
        }
    }

    pub(crate) async fn press(&self, button: &str) {
        self.click(&format!("button[value={button}]")).await;
    }

    /// Presses the button with this text.
    pub(crate) async fn click_button(&self, text: &str) {
        let button = format!("//button[normalize-space(.)='{text}']");
        let found = self.client.wait().for_element(Locator::XPath(&button)).await.unwrap();
        found.click().await.unwrap();
    }

    /// Opens a page of the service.
    pub(crate) async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", base_url())).await.unwrap();
    }

    /// What a script in the page returns.
    pub(crate) async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// Presses the element that this selector finds.
    pub(crate) async fn click(&self, selector: &str) {
        let found = self.client.wait().for_element(Locator::Css(selector)).await.unwrap();
        found.click().await.unwrap();
    }

    /// Calls a method of Chrome's `DevTools` protocol.
    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": method, "params": parameters });
        self.client.issue_cmd(Own("goog/cdp/execute", body)).await.unwrap()
    }

    /// Gives the browser a device that keeps passkeys, and verifies who uses it (WebAuthn, section
    /// 11).
    pub(crate) async fn keep_passkeys(&self) {
        let device = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        self.client.issue_cmd(Own("webauthn/authenticator", device)).await.unwrap();
    }

    /// What the console says since it was last asked.
    pub(crate) async fn console(&self) -> Vec<String> {
        let lines = self.client.issue_cmd(Own("se/log", json!({ "type": "browser" }))).await;
        let lines = lines.unwrap().as_array().unwrap().clone();
        lines.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the page shows an element with this text. While one page follows another, an
    /// element of the first may be gone before it can be read, so the browser itself looks for both
    /// at once.
    pub(crate) async fn shows(&self, element: &str, text: &str) {
        let both = format!("//{element}[normalize-space(.)='{text}']");
        self.client.wait().for_element(Locator::XPath(&both)).await.unwrap();
    }

    pub(crate) async fn text(&self, element: &str) -> String {
        self.client.wait().for_element(Locator::Css(element)).await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn url(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    pub(crate) async fn end(mut self) {
        self.client.clone().close().await.unwrap();
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
    }
}
