//! The documented operations: one event per file in `events/`.

use std::fs;

use serde_json::Value;

use crate::root;

/// One operation and the event that asks for it.
pub(crate) struct Operation {
    /// Name of the file.
    pub(crate) name: String,
    /// The file as it is.
    pub(crate) text: String,
    /// The event in it.
    pub(crate) event: Value,
}

impl Operation {
    /// The path it asks for.
    pub(crate) fn path(&self) -> &str {
        self.event["rawPath"].as_str().unwrap()
    }

    /// The binary that its documentation's group is made of.
    pub(crate) fn binary(&self) -> &'static str {
        match self.name.as_str() {
            "not-found" => "not-found",
            "quave-get-current-account" | "quave-set-current-account" => "quave-current-account",
            name if name.starts_with("quave-") => "quave-accounts",
            name if name.starts_with("golem-") => "golem-accounts",
            name => panic!("{name} belongs to no group"),
        }
    }
}

/// All of them, by name.
pub(crate) fn operations() -> Vec<Operation> {
    let files = fs::read_dir(root().join("events")).unwrap().map(|file| file.unwrap().path());
    let mut operations: Vec<_> = files
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let event = serde_json::from_str(&text).unwrap();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            Operation { name, text, event }
        })
        .collect();
    operations.sort_by(|one, other| one.name.cmp(&other.name));
    operations
}
