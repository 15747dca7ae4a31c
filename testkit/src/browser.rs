//! A browser in this process: it keeps cookies, follows redirects, and reads pages and their forms.
//!
//! Every page that any test receives is checked as one that everybody can use.

mod html;

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;

use crate::{ApiResponse, DOMAIN, Service, TestApp, form};
use html::Element;

/// How often a browser is sent on before it gives up.
const MAX_REDIRECTS: usize = 5;

/// What the browser says that it is.
pub const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0";

/// A browser with its cookies. Its tabs are the pages that a test keeps.
#[derive(Clone)]
pub struct Browser<'a> {
    app: &'a TestApp,
    /// Where the service is, without a path.
    origin: String,
    /// Where the browser is.
    pub address: String,
    /// What it says that it is.
    pub user_agent: String,
    /// Its cookies for the service.
    pub cookies: BTreeMap<String, String>,
}

impl TestApp {
    /// A new browser, without cookies.
    pub fn browser(&self) -> Browser<'_> {
        let public_url = self.settings().public_url.as_ref().map(ToString::to_string);
        Browser {
            app: self,
            origin: public_url.unwrap_or_else(|| format!("https://{DOMAIN}")),
            address: "127.0.0.1".to_owned(),
            user_agent: USER_AGENT.to_owned(),
            cookies: BTreeMap::new(),
        }
    }
}

impl Browser<'_> {
    /// Opens a page, follows where it leads, and returns what is shown in the end.
    pub async fn open(&mut self, path: &str) -> Page {
        let shown = self.send("GET", path, &[("sec-fetch-site", "none")], None).await;
        self.follow(shown).await
    }

    /// Sends the form of a page whose action is this with its fields as they are shown, but for
    /// these, and follows where it leads. A checkbox is unchecked by an empty text.
    pub async fn submit(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let sent = page.form(action, fields).filled_in(fields);
        let sent: Vec<_> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.post(action, &sent).await
    }

    /// Sends these fields alone, and follows where it leads.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let shown = self.post_without_following(path, fields).await;
        self.follow(shown).await
    }

    /// Sends these fields alone.
    pub async fn post_without_following(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let origin = self.origin.clone();
        let headers = [
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send("POST", path, &headers, Some(&form(fields))).await
    }

    /// Signs in by the page for that, signed in or not; what is shown then.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Page {
        let page = self.open("/account/sign-in?again=true").await;
        let fields = [("username", name), ("password", password)];
        let shown = self.submit(&page, "/account/sign-in", &fields).await;
        assert!(self.session().is_some(), "{name} is not signed in: {}", shown.text());
        shown
    }

    /// The session that it has.
    pub fn session(&self) -> Option<&str> {
        let cookie = self.cookies.get("__Host-session").or_else(|| self.cookies.get("session"));
        cookie.map(String::as_str)
    }

    /// Sends a request with the cookies and takes those of the response, which leads nowhere.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Page {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let own = [("user-agent", self.user_agent.as_str()), ("cookie", cookies.as_str())];
        let own = &own[..if cookies.is_empty() { 1 } else { 2 }];
        let headers = [own, headers].concat();
        let client = self.app.at(self.address.as_str());
        // As API Gateway hands it on.
        let (decoded, query) = path.split_once('?').unwrap_or((path, ""));
        let decoded = percent_decode_str(decoded).decode_utf8_lossy();
        let called = if query.is_empty() { decoded.into() } else { format!("{decoded}?{query}") };
        let response = client.send(method, &called, &headers, body).await;
        for (_, cookie) in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            self.take(cookie);
        }
        Page::new(path, response)
    }

    /// Keeps a cookie, or forgets it.
    fn take(&mut self, cookie: &str) {
        let mut parts = cookie.split("; ");
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a pair");
        let attributes: BTreeSet<&str> = parts.collect();
        let is_prefixed = name.starts_with("__Host-");
        assert!(
            !is_prefixed || ["Secure", "Path=/"].iter().all(|own| attributes.contains(own)),
            "no browser takes this: {cookie}"
        );
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// What is shown where a response leads, unless that is somewhere else.
    async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..MAX_REDIRECTS {
            let own = page
                .location()
                .filter(|_| page.status == 303)
                .map(|location| location.strip_prefix(&self.origin).unwrap_or(location).to_owned());
            let Some(path) = own.filter(|path| path.starts_with('/')) else { return page };
            page = self.send("GET", &path, &[("sec-fetch-site", "same-origin")], None).await;
        }
        panic!("{} leads to nothing but other pages", page.path)
    }
}

/// A response as a person sees it.
pub struct Page {
    /// The path that it was got from, with the query.
    pub path: String,
    /// The status.
    pub status: u16,
    /// The whole response.
    pub response: ApiResponse,
    root: Option<Element>,
}

/// A form of a page.
#[derive(Debug)]
pub struct PageForm {
    /// Where it is sent.
    pub action: String,
    /// What its button says.
    pub button: String,
    fields: Vec<PageField>,
}

#[derive(Debug)]
struct PageField {
    name: String,
    /// Nothing of a checkbox that is not checked.
    value: Option<String>,
    is_checkbox: bool,
    /// What can be chosen, if not everything.
    choices: Option<Vec<String>>,
}

impl Page {
    fn new(path: &str, response: ApiResponse) -> Self {
        let root = response.body.as_str().filter(|_| is_page(&response)).map(Element::parse);
        Self { path: path.to_owned(), status: response.status, response, root }
    }

    fn root(&self) -> &Element {
        self.root
            .as_ref()
            .unwrap_or_else(|| panic!("{} is no page: {:?}", self.path, self.response))
    }

    /// Where it leads.
    pub fn location(&self) -> Option<&str> {
        self.response.header("location")
    }

    /// What is shown, with one space where there are any.
    pub fn text(&self) -> String {
        self.root().text()
    }

    /// Whether this is shown.
    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The heading.
    pub fn heading(&self) -> String {
        self.root().named(&["h1"]).map(Element::text).collect()
    }

    /// The targets of its links.
    pub fn links(&self) -> Vec<&str> {
        self.root().named(&["a"]).filter_map(|link| link.attribute("href")).collect()
    }

    /// What the first field of this name holds: nothing if it is an unchecked box.
    pub fn value(&self, field: &str) -> String {
        let fields = self.forms().into_iter().flat_map(|form| form.fields);
        let found = fields.into_iter().find(|own| own.name == field);
        found
            .unwrap_or_else(|| panic!("no field {field}: {}", self.text()))
            .value
            .unwrap_or_default()
    }

    /// Its forms.
    pub fn forms(&self) -> Vec<PageForm> {
        self.root().named(&["form"]).map(|form| PageForm::new(form, &self.path)).collect()
    }

    /// The first form whose action is this that has all these fields.
    pub fn form(&self, action: &str, fields: &[(&str, &str)]) -> PageForm {
        let mut forms = self.forms().into_iter().filter(|form| form.action == action);
        let has = |form: &PageForm, name: &str| form.fields.iter().any(|own| own.name == name);
        let found = forms.find(|form| fields.iter().all(|(name, _)| has(form, name)));
        found.unwrap_or_else(|| {
            panic!("no form for {action} with {fields:?} on {}: {:#?}", self.path, self.forms())
        })
    }
}

impl PageForm {
    fn new(form: &Element, path: &str) -> Self {
        let fields = form.named(&["input", "select", "textarea"]).map(PageField::new);
        Self {
            action: form.attribute("action").unwrap_or(path).to_owned(),
            button: form.named(&["button"]).map(Element::text).collect(),
            fields: fields.collect(),
        }
    }

    /// What a browser sends that leaves all fields as they are shown.
    pub fn as_shown(&self) -> Vec<(String, String)> {
        self.filled_in(&[])
    }

    /// What a browser sends after these were entered.
    fn filled_in(&self, entered: &[(&str, &str)]) -> Vec<(String, String)> {
        let is_entered = |own: &&PageField| !entered.iter().any(|(name, _)| own.name == *name);
        let shown = self.fields.iter().filter(is_entered);
        let shown = shown.filter_map(|own| Some((own.name.clone(), own.value.clone()?)));
        let entered = entered.iter().filter(|(name, value)| {
            let mut own = self.fields.iter().filter(|own| own.name == *name);
            own.any(|own| own.takes(value))
        });
        let entered = entered.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        shown.chain(entered).collect()
    }
}

impl PageField {
    fn new(field: &Element) -> Self {
        let attribute = |name: &str| field.attribute(name).map(str::to_owned);
        let is_checkbox = attribute("type").as_deref() == Some("checkbox");
        let options: Vec<_> = field.named(&["option"]).collect();
        let value = |option: &Element| option.attribute("value").unwrap_or_default().to_owned();
        let selected = options.iter().find(|own| own.attribute("selected").is_some());
        let shown = match field.name.as_str() {
            "select" => selected.or(options.first()).map(|own| value(own)),
            "textarea" => Some(field.text()),
            _ if is_checkbox => attribute("checked").and_then(|_| attribute("value")),
            _ => Some(attribute("value").unwrap_or_default()),
        };
        Self {
            name: attribute("name").expect("a field's name"),
            value: shown,
            is_checkbox,
            choices: (field.name == "select")
                .then(|| options.iter().map(|own| value(own)).collect()),
        }
    }

    /// Whether the text is sent; panics if nobody can enter it.
    fn takes(&self, text: &str) -> bool {
        let can_choose = self.choices.as_ref().is_none_or(|all| all.iter().any(|own| own == text));
        assert!(can_choose, "{text} is none of {:?}", self.choices);
        !(self.is_checkbox && text.is_empty())
    }
}

/// Whether a response is a page.
fn is_page(response: &ApiResponse) -> bool {
    response.header("content-type") == Some("text/html; charset=utf-8")
}

/// The most bytes of a page with its style, as docs/pages.md promises.
const MAX_PAGE: usize = 60 * 1024;

/// Panics unless a response of these functions, if it is a page, is one that everybody can use.
pub(crate) fn check(response: &ApiResponse) {
    let Some(text) = response.body.as_str().filter(|_| is_page(response)) else { return };
    let wrong = problems(&Element::parse(text));
    assert!(wrong.is_empty(), "{wrong:#?} in {text}");
    let title = text.split("<title>").nth(1).and_then(|rest| rest.split('<').next());
    assert!(text.len() <= MAX_PAGE, "{title:?} has {} bytes", text.len());
}

/// What keeps somebody from using a page.
fn problems(root: &Element) -> Vec<String> {
    let mut wrong = Vec::new();
    let all = root.all();
    if root.attribute("lang").is_none_or(str::is_empty) {
        wrong.push("the language is missing".to_owned());
    }
    for name in ["title", "h1", "main"] {
        let found: Vec<_> = root.named(&[name]).collect();
        let is_empty = found.iter().any(|own| own.children.is_empty());
        if found.len() != 1 || is_empty {
            wrong.push(format!("{} of <{name}>, or it is empty", found.len()));
        }
    }
    let mut ids = BTreeSet::new();
    for id in all.iter().filter_map(|own| own.attribute("id")) {
        if !ids.insert(id) {
            wrong.push(format!("{id} is the id of two elements"));
        }
    }
    let labelled: BTreeSet<_> =
        root.named(&["label"]).filter_map(|label| label.attribute("for")).collect();
    for field in root.named(&["input", "select", "textarea"]) {
        let is_hidden = field.attribute("type") == Some("hidden");
        let has_label = field.attribute("id").is_some_and(|id| labelled.contains(id));
        if !is_hidden && !has_label && field.attribute("aria-label").is_none() {
            wrong.push(format!("no label: {field:?}"));
        }
    }
    for form in root.named(&["form"]).filter(|form| form.named(&["form"]).count() > 1) {
        wrong.push(format!("a form in a form: {form:?}"));
    }
    for own in root.named(&["a", "button", "summary", "th"]) {
        if own.text().is_empty() && own.attribute("aria-label").is_none() {
            wrong.push(format!("nothing says what this is: {own:?}"));
        }
    }
    for own in &all {
        for (name, value) in own.attributes() {
            let leads_to: Vec<_> = match name {
                "for" => vec![value],
                "aria-describedby" | "aria-labelledby" => value.split(' ').collect(),
                "href" => value.strip_prefix('#').into_iter().collect(),
                _ if name.starts_with("on") || name == "style" => {
                    wrong.push(format!("the policy keeps {name} from working"));
                    continue;
                }
                _ => continue,
            };
            let nowhere = leads_to.iter().filter(|id| !ids.contains(*id));
            wrong.extend(nowhere.map(|id| format!("{name} names {id}, which is not there")));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(content: &str) -> Element {
        Element::parse(&format!(
            "<!DOCTYPE html><html lang=\"en\"><head><title>x</title></head>\
             <body><main><h1>x</h1>{content}</main></body></html>"
        ))
    }

    #[test]
    fn what_keeps_somebody_from_using_a_page_is_found() {
        let label = "<label for=\"a\">A</label>";
        let input = "<input id=\"a\" name=\"a\">";
        for (content, count) in [
            (format!("{label}{input}"), 0),
            ("<input type=\"hidden\" name=\"a\" value=\"\">".to_owned(), 0),
            (input.to_owned(), 1),
            (label.to_owned(), 1),
            (format!("{label}{input}<p id=\"a\"></p>"), 1),
            ("<h1>again</h1>".to_owned(), 1),
            ("<button></button>".to_owned(), 1),
            ("<p aria-describedby=\"a b\" id=\"a\"></p>".to_owned(), 1),
            ("<a href=\"#a\">x</a>".to_owned(), 1),
            ("<p style=\"color: red\">x</p>".to_owned(), 1),
            ("<form><form></form></form>".to_owned(), 1),
        ] {
            let found = problems(&page(&content));
            assert_eq!(found.len(), count, "{content}: {found:?}");
        }
    }

    #[test]
    fn a_form_is_sent_as_it_is_shown_but_for_what_is_entered() {
        let root = page(
            "<form method=\"post\" action=\"/x\"><input type=\"hidden\" name=\"t\" value=\"1\">\
             <input id=\"a\" name=\"a\" value=\"old\"><label for=\"a\">A</label>\
             <input id=\"b\" type=\"checkbox\" name=\"b\" value=\"true\" checked><label for=\"b\">B\
             </label><input id=\"c\" type=\"checkbox\" name=\"c\" value=\"true\"><label for=\"c\">C\
             </label><select name=\"d\"><option value=\"1\">1</option><option value=\"2\" selected>\
             2</option></select><button>Go</button></form>",
        );
        let form = PageForm::new(root.named(&["form"]).next().unwrap(), "/");
        let sent = |entered: &[(&str, &str)]| {
            let mut sent = form.filled_in(entered);
            sent.sort();
            sent.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
        };

        assert_eq!((form.action.as_str(), form.button.as_str()), ("/x", "Go"));
        assert_eq!(sent(&[]), "a=old&b=true&d=2&t=1");
        assert_eq!(sent(&[("a", "new"), ("b", ""), ("d", "1")]), "a=new&d=1&t=1");
    }
}
