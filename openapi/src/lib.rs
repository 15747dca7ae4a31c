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
pub use document::{Document, MORE_MEDIA_TYPES};
pub use errors::response as error_response;
pub use schema::{ALL_TYPES, CHOICE, ONLY_VALUE, TIME_PATTERN};

fn apis() -> [document::Api; 5] {
    [quave::api(), golem::api(), e24::api(), hub::api(), rollcall::api()]
}

/// All documents.
pub fn documents() -> Vec<Document> {
    apis().into_iter().map(document::Api::document).collect()
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
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_operation_is_described_once_and_nothing_else_is() {
        for api in apis() {
            let mut described: Vec<_> = api.descriptions.iter().map(|own| own.name).collect();
            let mut operations: Vec<_> =
                api.groups.iter().copied().flatten().map(|own| own.name).collect();
            described.sort_unstable();
            operations.sort_unstable();
            assert_eq!(described, operations);
        }
    }

    /// The fields without a description; one that refers to a schema has that one's.
    fn undescribed(value: &Value) -> Vec<String> {
        let (Value::Object(_) | Value::Array(_)) = value else { return Vec::new() };
        let properties = value["properties"].as_object().into_iter().flatten();
        let own = properties
            .filter(|(_, field)| field.get("description").or(field.get("$ref")).is_none())
            .map(|(name, _)| name.clone());
        let below = value.as_object().into_iter().flat_map(serde_json::Map::values);
        let below = below.chain(value.as_array().into_iter().flatten());
        own.chain(below.flat_map(undescribed)).collect()
    }

    /// Every schema of this value, itself included, that may be of this type.
    fn of_type<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
        let own = &value["type"];
        let is_of_type =
            own == name || own.as_array().is_some_and(|types| types.iter().any(|own| own == name));
        let below = value.as_object().into_iter().flat_map(serde_json::Map::values);
        let below = below.chain(value.as_array().into_iter().flatten());
        let below = below.flat_map(|value| of_type(value, name));
        Some(value).filter(|_| is_of_type).into_iter().chain(below).collect()
    }

    #[test]
    fn every_integer_says_how_many_bits_it_needs() {
        for document in documents() {
            let document = document.value();
            for integer in of_type(&document, "integer") {
                let fits = integer["maximum"].as_i64().is_some_and(|max| max <= i32::MAX.into());
                let format = if fits { "int32" } else { "int64" };
                assert_eq!(integer["format"], format, "{integer}");
            }
        }
    }

    #[test]
    fn only_texts_are_constants_and_enums() {
        for document in documents() {
            let document = document.value();
            for name in ["boolean", "integer", "number", "object", "array"] {
                for schema in of_type(&document, name) {
                    assert_eq!(schema.get("const").or(schema.get("enum")), None, "{schema}");
                }
            }
        }
    }

    /// Every member of this name in a value.
    fn members<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
        let own = value.get(name);
        let below = value.as_object().into_iter().flat_map(serde_json::Map::values);
        let below = below.chain(value.as_array().into_iter().flatten());
        own.into_iter().chain(below.flat_map(|value| members(value, name))).collect()
    }

    #[test]
    fn a_body_has_one_media_type_and_the_schema_of_a_component() {
        for document in documents() {
            let document = document.value();
            for body in members(&document, "requestBody") {
                let content = body["content"].as_object().unwrap();
                assert_eq!(content.len(), 1, "{body}");
                let mut references = content.values().map(|content| content["schema"].get("$ref"));
                assert!(references.all(|own| own.is_some()), "{body}");
            }
        }
    }

    #[test]
    fn no_schema_is_named_like_the_function_by_which_go_makes_another() {
        for document in documents() {
            let document = document.value();
            let schemas = document["components"]["schemas"].as_object().unwrap();
            let of_go: Vec<_> = schemas.keys().filter(|name| name.starts_with("New")).collect();
            assert_eq!(of_go, Vec::<&String>::new());
        }
    }

    #[test]
    fn nothing_is_a_choice_of_types_which_not_all_generated_clients_read() {
        for document in documents() {
            let document = document.value();
            for types in members(&document, "type").into_iter().filter_map(Value::as_array) {
                assert_eq!((types.len(), &types[1]), (2, &Value::from("null")), "{types:?}");
            }
            for choice in ["anyOf", "oneOf"] {
                assert_eq!(members(&document, choice), Vec::<&Value>::new());
            }
        }
    }

    #[test]
    fn every_pattern_is_in_ascii_and_has_only_escapes_that_all_engines_read() {
        let is_read = |escape: &str| {
            let code = escape.strip_prefix('x').and_then(|code| code.get(..2));
            let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
            code.map_or(escape.starts_with(['s', 'd', '.', '?', '[', ']']), |code| code.is_ascii())
        };
        for document in documents() {
            let document = document.value();
            for pattern in members(&document, "pattern") {
                let text = pattern.as_str().unwrap();
                assert!(text.is_ascii(), "{text}");
                assert!(text.split('\\').skip(1).all(is_read), "{text}");
            }
        }
    }

    /// Every schema of this value, itself included, with this member.
    fn with_member<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
        let below = value.as_object().into_iter().flat_map(serde_json::Map::values);
        let below = below.chain(value.as_array().into_iter().flatten());
        let below = below.flat_map(|value| with_member(value, name));
        Some(value).filter(|value| value.get(name).is_some()).into_iter().chain(below).collect()
    }

    #[test]
    fn no_time_has_a_pattern_that_generated_clients_would_compare_with_their_own() {
        for document in documents() {
            let document = document.value();
            for schema in with_member(&document, "pattern") {
                assert_ne!(schema["format"], "date-time", "{schema}");
            }
            for schema in with_member(&document, TIME_PATTERN) {
                assert_eq!(schema["format"], "date-time", "{schema}");
            }
        }
    }

    #[test]
    fn every_field_has_a_description_and_every_success_with_a_body_an_example() {
        for document in documents() {
            let document = document.value();
            assert_eq!(undescribed(&document), Vec::<String>::new());
            let paths = document["paths"].as_object().unwrap().values();
            let operations = paths.flat_map(|path| path.as_object().unwrap().values());
            for operation in operations {
                let responses = operation["responses"].as_object().unwrap().values();
                let contents = responses.filter_map(|response| response["content"].as_object());
                for (media_type, content) in contents.flatten() {
                    let has_example = content.get("example").is_some();
                    assert!(has_example || media_type == "text/html", "{operation}");
                }
            }
        }
    }

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
