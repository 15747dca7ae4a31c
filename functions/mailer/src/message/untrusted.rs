//! Texts of other people within our sentences: they change neither the order of words, nor do mail
//! clients make links of them.

use shared::ServiceName;
use shared::model::EmailAddress;

/// First strong isolate: begins a text whose direction is its own.
const FSI: char = '\u{2068}';
/// Pop directional isolate: ends it.
const PDI: char = '\u{2069}';

/// Names are cut to so many characters.
const MAX_NAME_CHARS: usize = 40;
/// Fewer digits are no telephone number to a mail client.
const MIN_PHONE_DIGITS: usize = 7;

/// Characters of URLs, addresses and paths that names do not need, with the forms that Unicode
/// counts as the same.
const LINK_MARKS: [char; 11] = ['@', '＠', '﹫', ':', '：', '﹕', '/', '／', '\\', '＼', '﹨'];
/// What separates the labels of a domain (IDNA), and what looks the same.
const DOTS: [char; 6] = ['.', '。', '．', '｡', '․', '﹒'];

/// A person's name, unless a mail client may make a link of it.
///
/// Clients link whatever looks like a domain, a URL, an address or a telephone number, even in
/// HTML, and no invisible character between its letters prevents that in all of them. So such a
/// name is left out, or the service would mail links that somebody else chose.
pub(super) fn name(name: &str) -> Option<String> {
    let name = plain(name);
    if name.is_empty() || is_linked(&name) {
        return None;
    }
    let mut shown: String = name.chars().take(MAX_NAME_CHARS).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    Some(isolated(&shown))
}

/// An e-mail address. That clients link it is no harm, unless it is a URL as well: then only its
/// domain is shown.
pub(super) fn address(address: &EmailAddress) -> String {
    let shown = plain(address.as_entered());
    match shown.rsplit_once('@') {
        Some((local, domain)) if local.contains(LINK_MARKS) || local.contains('"') => {
            isolated(&format!("…@{domain}"))
        }
        _ => isolated(&shown),
    }
}

/// The name of the service. The operator chose it, so it may be a domain.
pub(super) fn service(name: &ServiceName) -> String {
    isolated(&plain(name.as_str()))
}

/// A text whose direction does not reorder the words around it. It stands between characters, in
/// HTML too, where most clients drop `bdi`; and only if it needs them, since some show boxes for
/// them.
fn isolated(text: &str) -> String {
    if text.contains(is_right_to_left) { format!("{FSI}{text}{PDI}") } else { text.to_owned() }
}

/// On one line, without what ends an isolate or reorders the text in it.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !is_direction_mark(*letter)).collect();
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

const fn is_direction_mark(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether it is in a block of scripts that are written from right to left.
const fn is_right_to_left(letter: char) -> bool {
    matches!(
        letter,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

/// Whether a mail client may make a link of it or of a part.
fn is_linked(text: &str) -> bool {
    let digits = text.chars().filter(|letter| letter.is_numeric()).count();
    digits >= MIN_PHONE_DIGITS
        || text.contains(LINK_MARKS)
        || text.to_lowercase().contains("www")
        || text.split(' ').any(has_domain)
}

/// Whether a word has a dot with a label behind it. One letter is none, so that initials can be
/// shown.
fn has_domain(word: &str) -> bool {
    word.split(DOTS).skip(1).any(|label| {
        let mut letters = label.chars();
        letters.next().is_some_and(|first| first.is_numeric() || letters.next().is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_client_may_link_is_not_shown() {
        for text in [
            "Click https://evil.example now",
            "evil.example",
            "Visit EVIL.EXAMPLE/x",
            "evil。example",
            "evil．example",
            "evil\u{2024}example",
            "www",
            "wWw.x",
            "jane@evil.example",
            "jane＠evil",
            "mailto:jane",
            "ftp：//x",
            "\\\\evil\\share",
            "1.1.1.1",
            "Call +1 900 555 01",
            "٠١٢٣٤٥٦",
            "evil.e\u{200c}xample",
            " \r\n ",
            "\u{202e}\u{2069}",
        ] {
            assert_eq!(name(text), None, "{text:?}");
        }
    }

    #[test]
    fn other_names_are_shown() {
        for text in [
            "Jane",
            "jane2026",
            "Dr. Jane Doe, Jr.",
            "J.R.R. Tolkien",
            "Żółć O'Neill-Müller",
            "李小龍",
            "<script>alert(1)",
            "👩\u{200d}🚀",
        ] {
            assert_eq!(name(text), Some(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let shown = name(&"ż".repeat(60)).unwrap();

        assert_eq!(shown, "ż".repeat(40) + "…");
    }

    #[test]
    fn a_name_neither_ends_its_isolate_nor_its_line() {
        let shown = name("Eve\r\nBcc x\u{2069}\u{202e}y\u{2028}z\u{85}\u{7}!").unwrap();

        assert_eq!(shown, "Eve Bcc xy z !");
    }

    #[test]
    fn an_address_that_is_a_url_as_well_shows_its_domain_alone() {
        for (entered, shown) in [
            ("Jane.Doe+x@Example.com", "Jane.Doe+x@Example.com"),
            ("evil.example/x@example.com", "…@example.com"),
            (r#""https://evil.example"@example.com"#, "…@example.com"),
            (r#""evil.example now"@example.com"#, "…@example.com"),
            ("用户@例子.公司", "用户@例子.公司"),
        ] {
            assert_eq!(address(&entered.parse().unwrap()), shown);
        }
    }

    #[test]
    fn a_text_from_right_to_left_is_isolated() {
        for text in ["ישראל ישראלי", "محمد", "Jane (דנה)"] {
            assert_eq!(name(text), Some(format!("\u{2068}{text}\u{2069}")));
        }
        let entered = "דנה@example.com";
        assert_eq!(address(&entered.parse().unwrap()), format!("\u{2068}{entered}\u{2069}"));
        assert_eq!(service(&"חשבונות".parse().unwrap()), "\u{2068}חשבונות\u{2069}");
    }
}
