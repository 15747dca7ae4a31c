//! The logo: an SVG that is a part of each page, and so has nothing that could do anything there.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// All variables of a function have 4 KB, and base64 takes a third more than this.
const MAX_BYTES: usize = 1500;
/// How much of what is refused an error shows.
const SHOWN_CHARACTERS: usize = 24;

const NAMESPACE: &str = "http://www.w3.org/2000/svg";
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// `title` may be there too, and is left out: the service has a name.
const ELEMENTS: [&str; 13] = [
    "circle",
    "defs",
    "ellipse",
    "g",
    "line",
    "linearGradient",
    "path",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "svg",
];

/// What says where a shape is and what it is painted with. Nothing runs, is loaded or leads anywhere.
const ATTRIBUTES: [&str; 40] = [
    "cx",
    "cy",
    "d",
    "fill",
    "fill-opacity",
    "fill-rule",
    "fr",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "id",
    "offset",
    "opacity",
    "points",
    "preserveAspectRatio",
    "r",
    "rx",
    "ry",
    "spreadMethod",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "transform",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// An SVG, given as the first eight digits of its SHA-256, a dot, and its base64. A version's
/// description has room for the digits alone, and they change with the logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo(String);

/// The error of a text that is no [`Logo`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLogo {
    /// It is not in the form in which a logo is given.
    #[error("must be the first eight digits of an SVG's SHA-256, a dot, and the SVG in base64")]
    Form,
    /// The SVG was changed and the digits were not.
    #[error("must begin with the digits of its SVG, {0}")]
    Digits(String),
    /// It has too many bytes.
    #[error("must be an SVG of at most {} bytes", MAX_BYTES)]
    TooLong,
    /// It has one size.
    #[error("must be an SVG with a viewBox, by which it can be shown in any size")]
    NoViewBox,
    /// Something in it is on no list, or is not where it belongs.
    #[error("must be an SVG of shapes and gradients with simple attributes, and has {0}")]
    Refused(String),
}

impl Logo {
    pub(super) fn into_svg(self) -> String {
        self.0
    }

    /// Whether it is painted in any colour but that of text.
    pub(super) fn has_colors(&self) -> bool {
        let is_color = |value: &str| {
            let value = value.trim().to_ascii_lowercase();
            value != "none" && value != "currentcolor"
        };
        ["fill", "stroke", "stop-color"].iter().any(|name| {
            let beginning = format!(" {name}=\"");
            let values = self.0.split(&beginning).skip(1);
            values.filter_map(|rest| rest.split('"').next()).any(is_color)
        })
    }
}

impl FromStr for Logo {
    type Err = InvalidLogo;

    fn from_str(text: &str) -> Result<Self, InvalidLogo> {
        let (digits, encoded) = text.split_once('.').ok_or(InvalidLogo::Form)?;
        let svg = STANDARD.decode(encoded).map_err(|_| InvalidLogo::Form)?;
        if svg.len() > MAX_BYTES {
            return Err(InvalidLogo::TooLong);
        }
        let [one, two, three, four, ..]: [u8; 32] = Sha256::digest(&svg).into();
        let own = format!("{:08x}", u32::from_be_bytes([one, two, three, four]));
        if digits != own {
            return Err(InvalidLogo::Digits(own));
        }
        let svg = String::from_utf8(svg).map_err(|_| InvalidLogo::Form)?;
        rewritten(&svg).map(Self)
    }
}

/// The SVG, written anew from what was understood of it.
fn rewritten(svg: &str) -> Result<String, InvalidLogo> {
    let mut reader = Reader { rest: svg.trim_matches(SPACE), written: String::new() };
    reader.element(true)?;
    if !reader.rest.is_empty() {
        return Err(refused(reader.rest));
    }
    let root = reader.written.split('>').next();
    if root.is_none_or(|root| !root.contains(" viewBox=")) {
        return Err(InvalidLogo::NoViewBox);
    }
    Ok(reader.written)
}

fn refused(rest: &str) -> InvalidLogo {
    let shown: String = rest.chars().take(SHOWN_CHARACTERS).collect();
    InvalidLogo::Refused(if shown.is_empty() { "no end".to_owned() } else { format!("{shown:?}") })
}

/// Knows of XML what simple SVG has, and refuses all else. Browsers read pages as HTML, not as XML:
/// whatever the two read differently is refused with it.
struct Reader<'a> {
    rest: &'a str,
    written: String,
}

impl<'a> Reader<'a> {
    /// An element with all that is in it. The root, and nothing else, is an `svg`.
    fn element(&mut self, is_root: bool) -> Result<(), InvalidLogo> {
        let start = self.rest;
        let name = if self.take("<") { self.name() } else { "" };
        if !ELEMENTS.contains(&name) || is_root != (name == "svg") {
            return Err(refused(start));
        }
        self.written.extend(["<", name]);
        if is_root {
            self.written.push_str(" aria-hidden=\"true\"");
        }
        loop {
            let has_space = self.take_space();
            if self.take("/>") {
                self.written.push_str("/>");
                return Ok(());
            }
            if self.take(">") {
                self.written.push('>');
                return self.content(name);
            }
            if !has_space {
                return Err(refused(self.rest));
            }
            self.attribute()?;
        }
    }

    /// What is in an element of this name, and its end.
    fn content(&mut self, name: &str) -> Result<(), InvalidLogo> {
        loop {
            self.take_space();
            let start = self.rest;
            if self.take("<title>") {
                let title = self.rest.split_once("</title>");
                let title = title.filter(|(text, _)| !text.contains(['<', '&']));
                self.rest = title.ok_or_else(|| refused(start))?.1;
            } else if !self.take("</") {
                self.element(false)?;
            } else if self.name() == name && self.take(">") {
                self.written.extend(["</", name, ">"]);
                return Ok(());
            } else {
                return Err(refused(start));
            }
        }
    }

    /// An attribute, which its element has once. An id gets a beginning of its own, so that it is
    /// none of the page's.
    fn attribute(&mut self) -> Result<(), InvalidLogo> {
        let start = self.rest;
        let name = self.name();
        let quoted = if self.take("=\"") { self.rest.split_once('"') } else { None };
        let (value, rest) = quoted.ok_or_else(|| refused(start))?;
        self.rest = rest;
        if name == "xmlns" && value == NAMESPACE {
            return Ok(());
        }
        let reference = value.strip_prefix("url(#").and_then(|own| own.strip_suffix(')'));
        let value = match (name, reference) {
            ("id", _) => is_id(value).then(|| format!("logo-{value}")),
            (_, Some(id)) => is_id(id).then(|| format!("url(#logo-{id})")),
            _ => is_plain(value).then(|| value.to_owned()),
        };
        let beginning = format!(" {name}=\"");
        let element = self.written.rsplit('<').next().unwrap_or_default();
        let is_taken = ATTRIBUTES.contains(&name) && !element.contains(&beginning);
        let value = value.filter(|_| is_taken).ok_or_else(|| refused(start))?;
        self.written.extend([beginning.as_str(), value.as_str(), "\""]);
        Ok(())
    }

    fn name(&mut self) -> &'a str {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let all = self.rest;
        self.rest = all.trim_start_matches(is_part);
        all.strip_suffix(self.rest).unwrap_or_default()
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_space(&mut self) -> bool {
        let all = self.rest;
        self.rest = all.trim_start_matches(SPACE);
        self.rest.len() < all.len()
    }
}

fn is_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    !text.is_empty() && bytes.all(|own| own.is_ascii_alphanumeric() || b"-_".contains(&own))
}

/// Whether it is numbers, words and functions. None of these loads anything but `url`.
fn is_plain(text: &str) -> bool {
    let is_plain = |own: u8| own.is_ascii_alphanumeric() || b" \t\r\n#%()+,-._".contains(&own);
    text.bytes().all(is_plain) && !text.to_ascii_lowercase().contains("url(")
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\">";

    fn given(svg: &str) -> String {
        let digest: [u8; 32] = Sha256::digest(svg).into();
        let digits: String =
            digest[..4].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        format!("{digits}.{}", STANDARD.encode(svg))
    }

    fn read(svg: &str) -> Result<String, InvalidLogo> {
        given(svg).parse::<Logo>().map(Logo::into_svg)
    }

    #[test]
    fn a_logo_has_colours_if_something_is_painted_neither_as_text_nor_not_at_all() {
        for (content, expected) in [
            ("<path d=\"M0 0h8v8z\"/>", false),
            ("<path fill=\"currentColor\" stroke=\"none\" fill-opacity=\".5\"/>", false),
            ("<g fill=\"none\"><path fill=\"#1b1f24\"/></g>", true),
            ("<path stroke=\"navy\"/>", true),
            ("<linearGradient id=\"a\"/><path fill=\"url(#a)\"/>", true),
        ] {
            let logo: Logo = given(&format!("{START}{content}</svg>")).parse().unwrap();
            assert_eq!(logo.has_colors(), expected, "{content}");
        }
    }

    #[test]
    fn a_logo_of_shapes_and_gradients_is_taken_without_its_title_and_with_ids_of_its_own() {
        let svg = "\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"96\" viewBox=\"0 0 24 8\" >\n\
                   <title>Acme — all of it</title>\n<defs>\
                   <linearGradient id=\"a\" x1=\"0\" gradientUnits=\"userSpaceOnUse\">\
                   <stop offset=\"50%\" stop-color=\"#F00\" /></linearGradient></defs>\
                   <g fill=\"none\" stroke=\"currentColor\" transform=\"rotate(45 4,4)\">\
                   <path d=\"M0-1.5e1h8z\"/><circle cx=\"4\" cy=\"4\" r=\".5\" fill=\"url(#a)\"/>\
                   <rect fill=\"burlywood\" stroke-width=\"2\" width=\"1\" height=\"1\"></rect>\
                   </g></svg>\n";

        assert_eq!(
            read(svg).unwrap(),
            "<svg aria-hidden=\"true\" width=\"96\" viewBox=\"0 0 24 8\"><defs>\
             <linearGradient id=\"logo-a\" x1=\"0\" gradientUnits=\"userSpaceOnUse\">\
             <stop offset=\"50%\" stop-color=\"#F00\"/></linearGradient></defs>\
             <g fill=\"none\" stroke=\"currentColor\" transform=\"rotate(45 4,4)\">\
             <path d=\"M0-1.5e1h8z\"/><circle cx=\"4\" cy=\"4\" r=\".5\" fill=\"url(#logo-a)\"/>\
             <rect fill=\"burlywood\" stroke-width=\"2\" width=\"1\" height=\"1\"></rect></g></svg>"
        );
    }

    #[test]
    fn an_element_that_is_on_no_list_is_refused_and_named() {
        for content in [
            "<script>alert(1)</script>",
            "<script/>",
            "<SCRIPT>alert(1)</SCRIPT>",
            "<sCript>alert(1)</sCript>",
            "<Path d=\"M0 0\"/>",
            "<svg:script>alert(1)</svg:script>",
            "<foreignObject><p>x</p></foreignObject>",
            "<image href=\"https://example.com/x.png\"/>",
            "<use href=\"#a\"/>",
            "<a href=\"javascript:alert(1)\"><path d=\"M0 0\"/></a>",
            "<animate attributeName=\"href\" values=\"javascript:alert(1)\"/>",
            "<set attributeName=\"onload\" to=\"alert(1)\"/>",
            "<style>*{display:none}</style>",
            "<text>Acme</text>",
            "<unknown/>",
            "<svg viewBox=\"0 0 1 1\"/>",
            "<!-- comment -->",
            "<![CDATA[<script>alert(1)</script>]]>",
            "<?php x ?>",
            "text",
            "&lt;",
            "</g>",
            "</svg",
            "<g>",
            "<g></path>",
            "<g><path></g></path>",
            "< g/>",
            "<>",
            "<title>a<script>alert(1)</script></title>",
            "<title>&amp;</title>",
            "<title>a",
            "<title onload=\"alert(1)\">a</title>",
            "<g/ ><script/>",
        ] {
            let error = read(&format!("{START}{content}</svg>")).unwrap_err();
            assert!(matches!(error, InvalidLogo::Refused(_)), "{content}: {error}");
        }
        let error = read(&format!("{START}<script>alert(1)</script></svg>")).unwrap_err();
        assert!(error.to_string().ends_with("and has \"<script>alert(1)</script\""), "{error}");
    }

    #[test]
    fn an_attribute_or_a_value_that_could_do_anything_is_refused() {
        for attribute in [
            "onload=\"alert(1)\"",
            "ONLOAD=\"alert(1)\"",
            "onclick=\"alert(1)\"",
            "style=\"fill:red\"",
            "class=\"first\"",
            "href=\"#a\"",
            "xlink:href=\"#a\"",
            "xlink:href=\"javascript:alert(1)\"",
            "xmlns:xlink=\"http://www.w3.org/1999/xlink\"",
            "xmlns=\"http://www.w3.org/1999/xhtml\"",
            "viewbox=\"0 0 8 8\"",
            "filter=\"url(#a)\"",
            "fill=\"url(https://example.com/x#a)\"",
            "fill=\"url(x)\"",
            "fill=\"URL(#a)\"",
            "fill=\" url(#a)\"",
            "fill=\"url(#a) url(x)\"",
            "fill=\"url(#a&quot;)\"",
            "fill=\"u\\72l(x)\"",
            "fill=\"javascript:alert(1)\"",
            "fill=\"red;background:blue\"",
            "fill=\"&#106;\"",
            "fill=\"&entity;\"",
            "fill=\"<\"",
            "fill=\"ü\"",
            "fill='red'",
            "fill=red",
            "fill = \"red\"",
            "fill",
            "fill=\"red",
            "fill=\"red\"stroke=\"red\"",
            "fill=\"red\" stroke=\"red\" fill=\"blue\"",
            "id=\"a\" id=\"b\"",
            "id=\"\"",
            "id=\"a b\"",
            "id=\"a:b\"",
            "/onload=\"alert(1)\"",
            "\u{a0}fill=\"red\"",
            "\u{c}fill=\"red\"",
        ] {
            let error = read(&format!("{START}<g {attribute}/></svg>")).unwrap_err();
            assert!(matches!(error, InvalidLogo::Refused(_)), "{attribute}: {error}");
        }
    }

    #[test]
    fn whatever_is_not_one_svg_and_nothing_else_is_refused() {
        for svg in [
            "",
            "Acme",
            "<g/>",
            "<SVG viewBox=\"0 0 8 8\"/>",
            "<html><script>alert(1)</script></html>",
            "<?xml version=\"1.0\"?><svg viewBox=\"0 0 8 8\"/>",
            "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg viewBox=\"0 0 8 8\"/>",
            "\u{feff}<svg viewBox=\"0 0 8 8\"/>",
            "<svg viewBox=\"0 0 8 8\"/><script/>",
            "<svg viewBox=\"0 0 8 8\"></svg><svg viewBox=\"0 0 8 8\"/>",
            "<svg viewBox=\"0 0 8 8\" onload=\"alert(1)\"/>",
            "<svg viewBox=\"0 0 8 8\">\0</svg>",
        ] {
            let error = read(svg).unwrap_err();
            assert!(matches!(error, InvalidLogo::Refused(_)), "{svg}: {error}");
        }
    }

    #[test]
    fn a_logo_has_a_view_box_few_bytes_and_the_digits_of_its_own() {
        let small = format!("{START}</svg>");
        let padding = MAX_BYTES - small.len();

        assert!(read(&format!("{START}{}</svg>", " ".repeat(padding))).is_ok());
        let long = read(&format!("{START}{}</svg>", " ".repeat(padding + 1)));
        assert_eq!(long, Err(InvalidLogo::TooLong));
        assert_eq!(read("<svg><g/></svg>"), Err(InvalidLogo::NoViewBox));
        assert_eq!(read("<svg><g viewBox=\"0 0 8 8\"/></svg>"), Err(InvalidLogo::NoViewBox));
        let given = given(&small);
        let (digits, encoded) = given.split_once('.').unwrap();
        let other = format!("01234567.{encoded}").parse::<Logo>();
        assert_eq!(other, Err(InvalidLogo::Digits(digits.to_owned())));
        for text in [encoded, &small, &format!("{digits}.{small}"), &format!("{digits}.{encoded}=")]
        {
            assert!(text.parse::<Logo>().is_err(), "{text}");
        }
    }
}
