//! Writes the documents.

fn main() -> anyhow::Result<()> {
    openapi::documents().iter().try_for_each(openapi::Document::write)
}
