//! The page that `--write` updates, between markers.

use std::fs;

use anyhow::{Context, Result};

use devkit::workspace;

const PATH: &str = "docs/performance-data.md";

/// Marks of the sections.
pub(crate) const MEASURED: &str = "measured";
pub(crate) const SCALE: &str = "scale";

/// Puts a section between the lines `<!-- mark: begin -->` and `<!-- mark: end -->`.
pub(crate) fn write(mark: &str, section: &str) -> Result<()> {
    let path = workspace::root().join(PATH);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {PATH}"))?;
    fs::write(&path, with_section(&text, mark, section)?)?;
    Ok(())
}

fn with_section(text: &str, mark: &str, section: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {mark}: begin -->"), format!("<!-- {mark}: end -->"));
    let parts = text.split_once(&begin).zip(text.split_once(&end));
    let ((before, _), (_, after)) =
        parts.with_context(|| format!("{PATH} lacks `{begin}` or `{end}`"))?;
    Ok(format!("{before}{begin}\n\n{section}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_place_for_every_section() {
        let page = fs::read_to_string(workspace::root().join(PATH)).unwrap();

        for mark in [MEASURED, SCALE] {
            assert!(with_section(&page, mark, "new").is_ok(), "{mark}");
        }
    }

    #[test]
    fn a_section_is_written_between_its_marks_and_nowhere_else() {
        let document = "before\n<!-- one: begin -->\nold\n<!-- one: end -->\nbetween\n<!-- two: begin -->\nkept\n<!-- two: end -->\nafter\n";

        let written = with_section(document, "one", "new").unwrap();

        assert_eq!(written, document.replace("\nold\n", "\n\nnew\n"));
        assert!(with_section("no marks", "one", "new").is_err());
    }
}
