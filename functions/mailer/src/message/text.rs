//! The plain text part.

use super::content::Content;

/// Lines are at most so wide, unless a single word is wider.
const WIDTH: usize = 72;

/// The text part. A URL stands on a line of its own, however long it is.
pub(super) fn render(content: &Content) -> String {
    let Content { greeting, opening, facts, action, advice, footer, .. } = content;
    let mut blocks = vec![wrapped(greeting), wrapped(opening)];
    let facts = facts.iter().map(|(label, value)| format!("{label}: {value}"));
    blocks.push(facts.collect::<Vec<_>>().join("\n"));
    if let Some(link) = action {
        blocks.push(format!("{}:", link.label));
        blocks.push(link.url.clone());
    }
    blocks.extend(advice.iter().map(|paragraph| wrapped(paragraph)));
    blocks.push(format!("--\n{}", wrapped(footer)));
    blocks.join("\n\n") + "\n"
}

fn wrapped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split(' ') {
        let width = word.chars().count();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_and_long_words_are_not_broken() {
        let long = "x".repeat(90);

        let text = wrapped(&format!("{}end {long} after", "word ".repeat(14)));

        assert_eq!(text, format!("{}\nend\n{long}\nafter", "word ".repeat(14).trim_end()));
    }
}
