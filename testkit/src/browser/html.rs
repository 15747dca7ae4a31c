//! The text of a page as a tree. Browsers repair what is not well-formed; here it is a failure.

/// An element with what is in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Element(Element),
}

/// Elements without an end.
const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];
/// Elements that hold no others.
const RAW: [&str; 2] = ["script", "style"];
/// What is not shown.
const UNSEEN: [&str; 3] = ["head", "script", "style"];
/// Elements between which no space is shown.
const INLINE: [&str; 10] = ["a", "b", "bdi", "code", "em", "i", "small", "span", "strong", "time"];

impl Element {
    /// The root of a page, `html`. Panics if the text is not well-formed.
    pub(super) fn parse(text: &str) -> Self {
        let rest = text.strip_prefix("<!DOCTYPE html>");
        let rest = rest.unwrap_or_else(|| panic!("this is no page: {text}"));
        let (root, rest) = element(rest);
        assert_eq!(rest, "", "something comes after the page");
        root
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Its attributes.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// It and all elements in it, in their order.
    pub(super) fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            if let Node::Element(child) = child {
                all.extend(child.all());
            }
        }
        all
    }

    /// All elements in it with one of these names.
    pub(super) fn named<'e>(&'e self, names: &[&str]) -> impl Iterator<Item = &'e Self> {
        self.all().into_iter().filter(move |own| names.contains(&own.name.as_str()))
    }

    /// What is shown of it, with one space where there are any.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn add_text(&self, text: &mut String) {
        if UNSEEN.contains(&self.name.as_str()) {
            return;
        }
        let space = if INLINE.contains(&self.name.as_str()) { "" } else { " " };
        text.push_str(space);
        for child in &self.children {
            match child {
                Node::Text(own) => text.push_str(own),
                Node::Element(own) => own.add_text(text),
            }
        }
        text.push_str(space);
    }
}

/// The element at the start of the text, and the rest.
fn element(text: &str) -> (Element, &str) {
    let rest = text.strip_prefix('<').unwrap_or_else(|| panic!("no element: {text}"));
    let (name, mut rest) = split_at(rest, |letter| !letter.is_ascii_alphanumeric());
    assert!(!name.is_empty(), "an element without a name: {text}");
    let mut own = Element { name: name.to_owned(), ..Element::default() };
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix("/>") {
            return (own, rest);
        }
        if let Some(content) = rest.strip_prefix('>') {
            rest = content;
            break;
        }
        let (name, after) = split_at(rest, |letter| " =/>".contains(letter));
        assert!(!name.is_empty() && own.attribute(name).is_none(), "attribute {name}: {text}");
        let value = after.strip_prefix("=\"").map(|after| after.split_once('"').expect("its end"));
        let (value, after) = value.unwrap_or(("", after));
        own.attributes.push((name.to_owned(), unescaped(value)));
        rest = after;
    }
    if VOID.contains(&own.name.as_str()) {
        return (own, rest);
    }
    let end = format!("</{}>", own.name);
    if RAW.contains(&own.name.as_str()) {
        let (content, rest) = rest.split_once(&end).expect("the end of the text");
        own.children.push(Node::Text(content.to_owned()));
        return (own, rest);
    }
    loop {
        if let Some(rest) = rest.strip_prefix(&end) {
            return (own, rest);
        }
        assert!(!rest.is_empty() && !rest.starts_with("</"), "<{}> does not end: {rest}", own.name);
        if rest.starts_with('<') {
            let (child, after) = element(rest);
            own.children.push(Node::Element(child));
            rest = after;
        } else {
            let (child, after) = split_at(rest, |letter| letter == '<');
            own.children.push(Node::Text(unescaped(child)));
            rest = after;
        }
    }
}

fn split_at(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

/// The text with the characters that its references stand for.
fn unescaped(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(';').unwrap_or_else(|| panic!("a bare &: {text}"));
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            name => panic!("&{name}; in {text}"),
        });
        plain.push_str(rest);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_as_a_browser_does() {
        let root = Element::parse(
            "<!DOCTYPE html><html lang=\"en\"><head><title>A &amp; b</title></head>\
             <body><p>Signed in as <strong>jane</strong>.</p><input name=\"x\" value=\"&quot;\" \
             required><table><tr><td>1</td><td>2</td></tr></table></body></html>",
        );

        assert_eq!(root.text(), "Signed in as jane. 1 2");
        let input = root.named(&["input"]).next().unwrap();
        assert_eq!(
            input.attributes().collect::<Vec<_>>(),
            [("name", "x"), ("value", "\""), ("required", "")]
        );
    }

    #[test]
    #[should_panic(expected = "<p> does not end")]
    fn what_does_not_end_is_no_page() {
        Element::parse("<!DOCTYPE html><html><p><b>x</b></html>");
    }
}
