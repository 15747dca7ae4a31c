//! The kinds of items, as `docs/table.md` lists them: their names and the form of their keys.

use std::fs;
use std::sync::LazyLock;

use crate::workspace;

/// The page. Without it, no kind is known.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    fs::read_to_string(workspace::root().join("docs/table.md")).unwrap_or_default()
});
/// What the list of kinds begins with.
const HEADING: &str = "| item | `pk` | `sk` | holds |";

/// All kinds, in the order of the page.
pub(super) static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| kinds(&DOCUMENT));

/// A kind of item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// What such an item holds.
    pub(super) holds: &'static str,
    pk: Vec<Pattern>,
    sk: Vec<Pattern>,
}

/// `USER#<uuid>`: text, and names of values between angle brackets.
#[derive(Debug, PartialEq, Eq)]
struct Pattern(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(&'static str),
    Value(&'static str),
}

/// The named values of a key.
pub(super) type Values<'a> = Vec<(&'static str, &'a str)>;

/// The kind of the item with this key, and what the key says.
pub(super) fn find<'a>(pk: &'a str, sk: &'a str) -> Option<(&'static Kind, Values<'a>)> {
    // A value may have the character that separates two others, as an address may.
    [false, true].into_iter().find_map(|takes_rest| {
        KINDS.iter().find_map(|kind| Some((kind, kind.values(pk, sk, takes_rest)?)))
    })
}

impl Kind {
    fn values<'a>(&self, pk: &'a str, sk: &'a str, takes_rest: bool) -> Option<Values<'a>> {
        let pk = self.pk.iter().find_map(|pattern| pattern.values(pk, takes_rest))?;
        let sk = self.sk.iter().find_map(|pattern| pattern.values(sk, takes_rest))?;
        Some([pk, sk].concat())
    }
}

impl Pattern {
    fn new(text: &'static str) -> Self {
        let mut parts = Vec::new();
        for piece in text.split_inclusive('>') {
            let (own, value) = piece.split_once('<').unwrap_or((piece, ""));
            parts.extend((!own.is_empty()).then_some(Part::Text(own)));
            parts.extend(value.strip_suffix('>').map(Part::Value));
        }
        Self(parts)
    }

    fn values<'a>(&self, text: &'a str, takes_rest: bool) -> Option<Values<'a>> {
        let (mut values, mut rest) = (Vec::new(), text);
        for (number, part) in self.0.iter().enumerate() {
            match part {
                Part::Text(own) => rest = rest.strip_prefix(own)?,
                Part::Value(name) => {
                    let is_last = number + 1 == self.0.len();
                    let end = rest.find('#').filter(|_| !(is_last && takes_rest));
                    let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
                    values.push((*name, value));
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(values)
    }
}

fn kinds(document: &'static str) -> Vec<Kind> {
    let lines = document.lines().skip_while(|line| *line != HEADING).skip(2);
    lines.map_while(|line| line.strip_prefix("| ")).filter_map(kind).collect()
}

fn kind(row: &'static str) -> Option<Kind> {
    let mut cells = row.trim_end_matches(" |").splitn(4, " | ");
    let (name, pk, sk, holds) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let patterns = |cell: &'static str| {
        cell.split(", ").map(|own| Pattern::new(own.trim_matches('`'))).collect::<Vec<_>>()
    };
    Some(Kind { name, holds, pk: patterns(pk), sk: patterns(sk) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_document_has_its_own_kind() {
        for (pk, sk, name, values) in [
            ("USER#1-2", "USER", "user", vec![("uuid", "1-2")]),
            (
                "USER#1",
                "MEMBER#a",
                "membership, from the user",
                vec![("uuid", "1"), ("account", "a")],
            ),
            ("ACCOUNT#a", "ACCOUNT", "account", vec![("id", "a")]),
            ("USER#1", "EMAIL#a#b@c", "e-mail", vec![("uuid", "1"), ("normal form", "a#b@c")]),
            ("AUDIT#USER#1", "ENTRY#2", "entry of an audit log", vec![("uuid", "1"), ("id", "2")]),
            ("CLAIM#USERNAME#x", "CLAIM", "claim to a username", vec![("name", "x")]),
            (
                "CLEANUPS#0",
                "CLEANUP#USER#1#2",
                "cleanup task",
                vec![("digit", "0"), ("uuid", "1"), ("epoch", "2")],
            ),
        ] {
            let (kind, found) = find(pk, sk).unwrap();
            assert_eq!((kind.name, found), (name, values), "{pk} {sk}");
        }
        assert_eq!(find("USER#1", "OTHER"), None);
        assert!(KINDS.len() > 20, "{}", KINDS.len());
    }
}
