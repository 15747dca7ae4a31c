//! Pages of `docs/` as HTML.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::{Result, read};

/// The pages that users of the API need.
const PAGES: [&str; 4] = ["api", "clients", "security", "tour"];

/// The code that names the pages.
pub(crate) fn pages(folder: &Path, out: &Path) -> Result<String> {
    let mut code = "pub(crate) static PAGES: &[Page] = &[\n".to_owned();
    for name in PAGES {
        let page = Page::parse(&read(&folder.join(name).with_extension("md"))?);
        fs::write(out.join(name).with_extension("html"), page.body)?;
        writeln!(
            code,
            "Page {{ name: {name:?}, title: {:?}, sections: &{:?}, body: \
             include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.html\")) }},",
            page.title, page.sections
        )?;
    }
    Ok(code + "];\n")
}

/// A text as HTML.
pub(crate) fn fragment(text: &str) -> String {
    let mut body = String::new();
    html::push_html(&mut body, Parser::new(text));
    body
}

struct Page {
    title: String,
    /// The sections' anchors and titles.
    sections: Vec<(String, String)>,
    body: String,
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut events: Vec<_> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
        let headings: Vec<_> = events
            .iter()
            .enumerate()
            .filter_map(|(place, event)| match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    Some((place, *level, heading(&events[place + 1..])))
                }
                _ => None,
            })
            .collect();
        let (mut title, mut sections) = (String::new(), Vec::new());
        let mut anchors = HashMap::new();
        for (place, level, text) in headings {
            let anchor = unique(anchor(&text), &mut anchors);
            if let Event::Start(Tag::Heading { id, .. }) = &mut events[place] {
                *id = Some(anchor.clone().into());
            }
            match level {
                HeadingLevel::H1 => title = text,
                HeadingLevel::H2 => sections.push((anchor, text)),
                _ => {}
            }
        }
        let mut unserved = Vec::new();
        let events = events.into_iter().flat_map(|event| rewritten(event, &mut unserved));
        let mut body = String::new();
        html::push_html(&mut body, events);
        // A heading without a text is none, and what scrolls can be reached by keyboard.
        let body = body.replace("<th></th>", "<td></td>").replace("<pre>", "<pre tabindex=\"0\">");
        Self { title, sections, body }
    }
}

/// The text of a heading, of which these are the events after its start.
fn heading(events: &[Event<'_>]) -> String {
    let own = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    own.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    })
    .collect()
}

/// The anchor that the repository's pages use for a heading.
fn anchor(text: &str) -> String {
    let kept = text.chars().filter(|own| own.is_alphanumeric() || [' ', '-', '_'].contains(own));
    kept.flat_map(char::to_lowercase).map(|own| if own == ' ' { '-' } else { own }).collect()
}

/// The second of two equal anchors ends in `-1`.
fn unique(anchor: String, seen: &mut HashMap<String, usize>) -> String {
    let count = seen.entry(anchor.clone()).or_default();
    *count += 1;
    if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
}

/// An event as it is shown: a link to a page that is not served is no link, but names the file.
fn rewritten<'e>(event: Event<'e>, unserved: &mut Vec<bool>) -> Vec<Event<'e>> {
    match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let target = target(&dest_url);
            unserved.push(target.is_none());
            match target {
                Some(target) => {
                    let dest_url = CowStr::from(target);
                    vec![Event::Start(Tag::Link { link_type, dest_url, title, id })]
                }
                None => vec![Event::InlineHtml(
                    format!("<span class=\"file\" title=\"In the source code: {dest_url}\">")
                        .into(),
                )],
            }
        }
        Event::End(TagEnd::Link) if unserved.pop() == Some(true) => {
            vec![Event::InlineHtml("</span>".into())]
        }
        Event::Start(table @ Tag::Table(_)) => vec![
            Event::Html(
                "<div class=\"wide\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">".into(),
            ),
            Event::Start(table),
        ],
        Event::End(TagEnd::Table) => {
            vec![Event::End(TagEnd::Table), Event::Html("</div>\n".into())]
        }
        // The page has its title already.
        event => vec![event],
    }
}

/// Where a link of a page leads to here.
fn target(link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with('#') {
        return Some(link.to_owned());
    }
    if link == "../openapi" {
        return Some("/docs#reference".to_owned());
    }
    let (file, anchor) = link
        .split_once('#')
        .map_or((link, String::new()), |(file, anchor)| (file, format!("#{anchor}")));
    let name = file.strip_suffix(".md").filter(|name| PAGES.contains(name))?;
    Some(format!("/docs/{name}{anchor}"))
}
