//! The OpenAPI documents, one per dialect: `cargo xtask openapi` writes them beside this crate.
//!
//! Methods, paths, scopes and the status of a success come from the groups' own tables, limits from
//! [`shared::limits`], examples from `events/`. The rest is described here, by dialect. Nothing of
//! this is in a function. That it is true is held by the tests: their client checks every request
//! and response against the documents, and what no test ever received fails.

#![expect(clippy::panic, reason = "an operation that nothing describes has no document")]

mod description;
mod document;
mod e24;
mod errors;
mod example;
mod golem;
mod hub;
mod oauth;
mod quave;
mod rollcall;
mod schema;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

pub use description::header_components;
pub use document::Document;
pub use errors::response as error_response;

/// All documents.
pub fn documents() -> Vec<Document> {
    let apis = [quave::api(), golem::api(), e24::api(), hub::api(), rollcall::api()];
    apis.into_iter().map(document::Api::document).collect()
}

impl Document {
    /// The file that has it.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(self.name).with_extension("yaml")
    }

    /// The content of its file.
    pub fn text(&self) -> Result<String> {
        let yaml = yaml_serde::to_string(self).context("cannot write a document")?;
        Ok(format!("# `cargo xtask openapi` writes this file.\n{yaml}"))
    }

    /// Writes its file.
    pub fn write(&self) -> Result<()> {
        let file = self.file();
        fs::write(&file, self.text()?).with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_documents_are_those_of_the_code() {
        for document in documents() {
            let committed = fs::read_to_string(document.file()).unwrap_or_default();
            assert!(
                committed == document.text().unwrap(),
                "openapi/{}.yaml is behind the code; `cargo xtask openapi` writes it",
                document.name
            );
        }
    }
}
