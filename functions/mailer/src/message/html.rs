//! The HTML part. It loads nothing, and is readable without any style.
//!
//! Styles are inline, since some clients drop `style` elements. The one such element has what
//! cannot be inline: the colours of the dark mode. There are no tables: what Outlook for Windows
//! ignores without them is the width and the padding.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::content::{Content, Link};

/// ` !important` is what overrides an inline style. The last rule keeps Apple's clients from
/// colouring the dates that they make links of.
const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
@media (prefers-color-scheme:dark){\
.back{background-color:#14171c !important;color:#e8eaed !important}\
.card{background-color:#1d2127 !important;border-color:#3c434d !important}\
.quiet{color:#a9b1bc !important}\
.button{background-color:#9dbcf5 !important;border-color:#9dbcf5 !important;color:#14171c !important}\
}\
a[x-apple-data-detectors]{color:inherit !important;text-decoration:none !important}";

const BODY: &str = "margin:0;padding:0;background-color:#f4f5f7";
/// Outlook for Windows shows another font where it does not know the first one.
const BACK: &str = "padding:24px 12px;background-color:#f4f5f7;color:#1b1f24;\
                    font-family:'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif;\
                    font-size:16px;line-height:1.5;\
                    word-break:break-word;overflow-wrap:anywhere";
const COLUMN: &str = "max-width:560px;margin:0 auto";
const CARD: &str =
    "padding:24px;background-color:#ffffff;border:1px solid #c9ced6;border-radius:8px";
const SERVICE: &str = "margin:0 0 12px;font-weight:bold";
const HEADING: &str = "margin:0 0 20px;font-size:22px;line-height:1.25;font-weight:bold";
const PARAGRAPH: &str = "margin:0 0 16px";
const FACTS: &str = "margin:0 0 20px;color:#515a66";
const BUTTON: &str = "display:inline-block;padding:10px 22px;background-color:#1f4fa3;\
                      border:1px solid #1f4fa3;border-radius:4px;color:#ffffff;\
                      font-weight:bold;text-decoration:none";
const URL: &str = "margin:0 0 20px;font-size:14px;color:#515a66";
const URL_LINK: &str = "color:#515a66;text-decoration:none;word-break:break-all";
const FOOTER: &str = "margin:16px 0 0;font-size:14px;color:#515a66";

/// The HTML part.
pub(super) fn render(content: &Content) -> String {
    let document = html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                meta name="format-detection"
                    content="telephone=no, date=no, address=no, email=no, url=no";
                meta name="x-apple-disable-message-reformatting";
                title { (content.subject) }
                style { (PreEscaped(STYLE)) }
            }
            body.back style=(BODY) {
                // Clients that show mails within a page drop the elements around this one.
                div.back lang="en" dir="ltr" style=(BACK) { (column(content)) }
            }
        }
    };
    document.into_string()
}

fn column(content: &Content) -> Markup {
    html! {
        div style=(COLUMN) {
            p style=(SERVICE) { (content.service) }
            div.card style=(CARD) { (card(content)) }
            p.quiet style=(FOOTER) { (content.footer) }
        }
    }
}

fn card(content: &Content) -> Markup {
    let last = content.advice.len().saturating_sub(1);
    html! {
        h1 style=(HEADING) { (content.heading) }
        p style=(PARAGRAPH) { (content.greeting) }
        p style=(PARAGRAPH) { (content.opening) }
        p.quiet style=(FACTS) {
            @for (index, (label, value)) in content.facts.iter().enumerate() {
                @if index > 0 { br; }
                (label) ": " strong { (value) }
            }
        }
        @if let Some(link) = &content.action { (action(link)) }
        @for (index, paragraph) in content.advice.iter().enumerate() {
            p style=(if index == last { "margin:0" } else { PARAGRAPH }) { (paragraph) }
        }
    }
}

/// The button, and its URL: for those who look where it leads, and for clients that show no links.
fn action(link: &Link) -> Markup {
    html! {
        p style=(PARAGRAPH) { a.button href=(link.url) style=(BUTTON) { (link.label) } }
        p.quiet style=(URL) { a.quiet href=(link.url) style=(URL_LINK) { (link.url) } }
    }
}
