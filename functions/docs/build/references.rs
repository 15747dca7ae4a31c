//! The OpenAPI documents, and what the pages around them say of them.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::files::{file, gzip};
use crate::markdown::fragment;
use crate::{Result, read};

/// The documents, in the order in which they are listed.
const DOCUMENTS: [&str; 5] = ["quave", "golem", "e24", "hub", "rollcall"];

/// The code that names the documents, each as YAML and as JSON, and what they are about.
pub(crate) fn references(folder: &Path, out: &Path) -> Result<String> {
    let mut documents = "pub(crate) static DOCUMENTS: &[File] = &[\n".to_owned();
    let mut references = "pub(crate) static REFERENCES: &[Reference] = &[\n".to_owned();
    for name in DOCUMENTS {
        let yaml = read(&folder.join(name).with_extension("yaml"))?;
        let document: Value = yaml_serde::from_str(&yaml)?;
        let json = gzip(document.to_string().as_bytes())?;
        let yaml = gzip(yaml.as_bytes())?;
        documents += &file(&format!("{name}.yaml"), "application/yaml", &yaml, out)?;
        documents += &file(&format!("{name}.json"), "application/json", &json, out)?;
        let info = &document["info"];
        // Its first paragraph is about this document, the others are in all.
        let about = text(&info["description"])?;
        let (description, rules) = about.split_once("\n\n").unwrap_or((about, ""));
        writeln!(
            references,
            "Reference {{ name: {name:?}, title: {:?}, description: {:?}, rules: {:?}, \
             tokens: &{:?}, pairs: &{:?}, operations: &{:?} }},",
            text(&info["title"])?,
            fragment(description),
            fragment(rules),
            schemes(&document, "bearer")?,
            schemes(&document, "basic")?,
            operations(&document)?,
        )?;
    }
    Ok(format!("{documents}];\n{references}];\n"))
}

/// The security schemes of a kind, with their descriptions. That for users comes first.
fn schemes<'d>(document: &'d Value, kind: &str) -> Result<Vec<(&'d str, String)>> {
    let schemes = document["components"]["securitySchemes"].as_object().ok_or("no schemes")?;
    let own = schemes.iter().filter(|(_, scheme)| scheme["scheme"] == kind).rev();
    own.map(|(name, scheme)| Ok((name.as_str(), fragment(text(&scheme["description"])?)))).collect()
}

/// Method, path and summary of each operation.
fn operations(document: &Value) -> Result<Vec<(String, &str, &str)>> {
    let paths = document["paths"].as_object().ok_or("no paths")?;
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (method, path.as_str(), operation))
    });
    operations
        .map(|(method, path, operation)| {
            Ok((method.to_uppercase(), path, text(&operation["summary"])?))
        })
        .collect()
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| format!("{value} is no text").into())
}
