//! The commands in the documentation.

use std::fs;
use std::path::PathBuf;

use crate::workspace;

/// The lines of the README, CONTRIBUTING, docs/ and the template's outputs that run a program, each
/// with the name of its page; without what a shell does with the rest of the line.
///
/// # Panics
/// If a page cannot be read.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn commands(program: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page").replace("\\\n", " ");
        let is_template = page.ends_with("template.yaml");
        // Between the fences of a page; everywhere in the template.
        let blocks = text.split("\n```").enumerate();
        let blocks = blocks.filter(|(place, _)| is_template || place % 2 == 1);
        let lines = blocks.flat_map(|(_, block)| block.lines());
        let commands = lines.filter_map(|line| command(line, program));
        let name = page.display().to_string();
        found.extend(commands.map(|command| (name.clone(), command)));
    }
    found
}

/// The same for commands between backticks inside a paragraph.
///
/// # Panics
/// If a page cannot be read.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn inline_commands(program: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let spans = text.split('`').skip(1).step_by(2);
        let commands =
            spans.filter(|span| *span == program || span.starts_with(&format!("{program} ")));
        found.extend(commands.map(|span| (page.display().to_string(), span.to_owned())));
    }
    found
}

fn command(line: &str, program: &str) -> Option<String> {
    let rest = line.trim().trim_start_matches("$ ").strip_prefix(program)?.strip_prefix(' ')?;
    let end = rest.find(['#', '|', '>', '<', '&', ';']).unwrap_or(rest.len());
    Some(format!("{program} {}", rest[..end].trim_end()))
}

/// The README, CONTRIBUTING, docs/ and the template.
///
/// # Panics
/// If docs/ cannot be read.
#[expect(clippy::expect_used, reason = "for tests")]
pub fn pages() -> Vec<PathBuf> {
    let root = workspace::root();
    let docs = fs::read_dir(root.join("docs")).expect("docs/");
    let docs = docs.map(|entry| entry.expect("a page").path());
    let docs = docs.filter(|page| page.extension().is_some_and(|ending| ending == "md"));
    let top = ["README.md", "CONTRIBUTING.md", "template.yaml"].map(|page| root.join(page));
    top.into_iter().chain(docs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_where_the_shell_takes_over() {
        for (line, found) in [
            ("$ cargo xtask dev --data x   # keeps", Some("cargo xtask dev --data x")),
            ("cargo xtask dev | tee log", Some("cargo xtask dev")),
            ("cargo xtaskdev", None),
            ("run cargo xtask dev", None),
        ] {
            assert_eq!(command(line, "cargo xtask").as_deref(), found, "{line}");
        }
    }
}
