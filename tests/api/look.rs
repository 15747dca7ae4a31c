//! A colour and a logo of the operator's own, on every page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use shared::Settings;
use shared::look::Look;
use testkit::{ApiResponse, Service, TestApp};

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 8\">\
                   <title>Acme</title><linearGradient id=\"content\"><stop stop-color=\"#0b6e4f\"/>\
                   </linearGradient><path d=\"M0 0h24v8z\" fill=\"url(#content)\"/></svg>";

/// A logo as a stack is given it.
fn logo(svg: &str) -> String {
    let digest = Sha256::digest(svg);
    let digits = u32::from_be_bytes(digest[..4].try_into().unwrap());
    format!("{digits:08x}.{}", STANDARD.encode(svg))
}

/// The look that adds most to each page: nothing in a logo grows there as ids do.
pub(crate) fn largest() -> Look {
    let svg = |shapes: u8| {
        let shapes = (0..shapes).fold(String::new(), |all, id| format!("{all}<g id=\"{id:x}\"/>"));
        format!("<svg viewBox=\"0 0 8 8\" fill=\"red\">{shapes}</svg>")
    };
    let logos = (1..).map_while(|shapes| logo(&svg(shapes)).parse().ok());
    Look::new(Some("#0b6e4f".parse().unwrap()), Some(logos.last().unwrap()))
}

/// The pages of each function that has any, with one that shows an error and one of a user.
async fn pages(app: &TestApp) -> Vec<(String, ApiResponse)> {
    let client = app.new_client("https://client.example.com/callback", true).await;
    let jane = app.person("janedoe").await;
    let cookie = app.session(&jane.credentials()).await;
    let mut pages = Vec::new();
    for path in [
        "/account/sign-in?again=true",
        "/account/nothing",
        "/account",
        &client.authorize_path("profile_read"),
        "/api/v1.1/o/authorize/",
        "/",
        "/docs/api",
        "/docs/nothing",
    ] {
        let page = app.send("GET", path, &[("cookie", &cookie)], None).await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        pages.push((path.to_owned(), page));
    }
    pages
}

#[tokio::test]
async fn every_page_has_the_colour_and_the_logo_and_a_policy_that_knows_their_style() {
    let mut app = TestApp::start().await;
    let look = Look::new(Some("#0B6E4F".parse().unwrap()), Some(logo(SVG).parse().unwrap()));
    let service_name = "Acme & Co".parse().unwrap();
    app.configure(Settings { look, service_name, ..Settings::default() });

    for (path, response) in pages(&app).await {
        let page = response.body.as_str().unwrap();
        let policy = response.header("content-security-policy").unwrap();
        let styles: Vec<_> = page
            .split("<style>")
            .skip(1)
            .map(|rest| rest.split_once("</style>").unwrap().0)
            .collect();
        for style in &styles {
            let hash = STANDARD.encode(Sha256::digest(style));
            assert!(policy.contains(&format!(" 'sha256-{hash}'")), "{path}: {policy} {style}");
        }
        let [.., own] = &styles[..] else { panic!("{path}: {page}") };
        let colours = ":root{--accent:#0b6e4f}\
                       @media (prefers-color-scheme:dark){:root{--accent:#4f9680}}";
        assert!(own.starts_with(colours), "{path}: {own}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        let shown = "<span class=\"logo\"><svg aria-hidden=\"true\" viewBox=\"0 0 24 8\">\
                     <linearGradient id=\"logo-content\"><stop stop-color=\"#0b6e4f\"/>\
                     </linearGradient><path d=\"M0 0h24v8z\" fill=\"url(#logo-content)\"/></svg>\
                     <span>Acme &amp; Co</span></span>";
        assert_eq!(page.matches(shown).count(), 1, "{path}: {page}");
        assert!(page.contains("· Acme &amp; Co</title>"), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_page_without_them_has_one_style_and_the_name() {
    let app = TestApp::start().await;

    for (path, response) in pages(&app).await {
        let page = response.body.as_str().unwrap();
        let policy = response.header("content-security-policy").unwrap();
        let styles = page.matches("<style>").count();
        let known = policy.split(';').filter(|part| part.trim_start().starts_with("style-src"));
        let known: usize = known.map(|part| part.matches(" 'sha256-").count()).sum();
        assert_eq!(styles, known, "{path}: {policy}");
        assert!(styles < 2 && !page.contains("class=\"logo\""), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_logo_with_colours_of_its_own_has_a_light_ground_in_the_dark() {
    let mut app = TestApp::start().await;
    let plain = "<svg viewBox=\"0 0 24 8\"><path d=\"M0 0h24v8z\" fill=\"currentColor\"/></svg>";
    for (svg, has_ground) in [(SVG, true), (plain, false)] {
        let look = Look::new(None, Some(logo(svg).parse().unwrap()));
        app.configure(Settings { look, ..Settings::default() });
        let response = app.send("GET", "/account/sign-in", &[], None).await;
        let page = response.body.as_str().unwrap();

        let ground = "@media(prefers-color-scheme:dark){.logo svg{background:#fff;";
        assert_eq!(page.contains(ground), has_ground, "{page}");
    }
}

#[tokio::test]
async fn either_is_there_without_the_other() {
    let mut app = TestApp::start().await;
    let color = "#0b6e4f".parse().unwrap();
    for (look, has_color, has_logo) in [
        (Look::new(Some(color), None), true, false),
        (Look::new(None, Some(logo(SVG).parse().unwrap())), false, true),
        (Look::new(None, None), false, false),
    ] {
        app.configure(Settings { look, ..Settings::default() });
        let response = app.send("GET", "/account/sign-in", &[], None).await;
        let page = response.body.as_str().unwrap();

        assert_eq!(page.contains("{--accent:"), has_color, "{page}");
        assert_eq!(page.contains("<svg"), has_logo, "{page}");
        assert_eq!(page.matches("<style>").count(), if has_color || has_logo { 2 } else { 1 });
    }
}
