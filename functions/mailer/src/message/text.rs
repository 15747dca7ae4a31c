//! The plain text part.

use super::content::Content;
use super::untrusted::{FSI, PDI, pieces};

/// Lines are at most so wide, unless a single word is wider.
const WIDTH: usize = 72;

/// The text part. A URL stands on a line of its own, however long it is.
pub(super) fn render(content: &Content) -> String {
    let Content { greeting, opening, facts, action, advice, footer, .. } = content;
    let mut blocks = vec![wrapped(greeting), wrapped(opening)];
    let facts = facts.iter().map(|(label, value)| format!("{label}: {}", line(value)));
    blocks.push(facts.collect::<Vec<_>>().join("\n"));
    if let Some(link) = action {
        blocks.push(format!("{}:", link.label));
        blocks.push(link.url.clone());
    }
    blocks.extend(advice.iter().map(|paragraph| wrapped(paragraph)));
    blocks.push(format!("--\n{}", wrapped(footer)));
    blocks.join("\n\n") + "\n"
}

/// A sentence, with its isolates only if there is text from right to left: elsewhere they make no
/// difference, and some clients show a box for them.
pub(super) fn line(sentence: &str) -> String {
    if sentence.contains(is_right_to_left) {
        sentence.to_owned()
    } else {
        pieces(sentence).map(|(piece, _)| piece).collect()
    }
}

fn wrapped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in line(paragraph).split(' ') {
        let width = word.chars().filter(|letter| ![FSI, PDI].contains(letter)).count();
        if column > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_and_long_words_are_not_broken() {
        let long = "x".repeat(90);

        let text = wrapped(&format!("{}end {long} after", "word ".repeat(14)));

        assert_eq!(text, format!("{}\nend\n{long}\nafter", "word ".repeat(14).trim_end()));
    }

    #[test]
    fn text_is_isolated_where_something_runs_from_right_to_left() {
        assert_eq!(line(&format!("Hello {FSI}Jane{PDI},")), "Hello Jane,");
        let hebrew = format!("Hello {FSI}דנה{PDI},");
        assert_eq!(line(&hebrew), hebrew);
    }
}
