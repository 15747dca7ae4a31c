//! What the tests received, noted for `cargo xtask test`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;

/// Names the folder of the notes, in which each process has a file of its own.
const FOLDER: &str = "ROLLCALL_RECEIVED";

static NOTES: LazyLock<Option<Mutex<Notes>>> = LazyLock::new(|| {
    let folder = std::env::var_os(FOLDER)?;
    fs::create_dir_all(&folder).expect("a folder for notes");
    let file = Path::new(&folder).join(std::process::id().to_string());
    Some(Mutex::new(Notes {
        file: File::create(file).expect("a file for notes"),
        written: BTreeSet::new(),
    }))
});

struct Notes {
    file: File,
    written: BTreeSet<String>,
}

/// Notes that an operation responded with this status, and with which fields.
pub(super) fn add(operation: &str, status: u16, body: &Value) {
    let Some(notes) = &*NOTES else { return };
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.add(format!("{operation} {status}"));
    for field in fields(body) {
        notes.add(format!("{operation} {status} {field}"));
    }
}

impl Notes {
    fn add(&mut self, line: String) {
        if !self.written.contains(&line) {
            writeln!(self.file, "{line}").expect("a note");
            self.written.insert(line);
        }
    }
}

/// The names of all fields, as in `users.[].id`.
fn fields(value: &Value) -> BTreeSet<String> {
    let below = |prefix: String, value: &Value| {
        fields(value).into_iter().map(move |field| format!("{prefix}{field}")).collect::<Vec<_>>()
    };
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(name, value)| {
                let inner = below(format!("{name}."), value);
                inner.into_iter().chain([name.clone()])
            })
            .collect(),
        Value::Array(values) => {
            values.iter().flat_map(|value| below("[].".to_owned(), value)).collect()
        }
        _ => BTreeSet::new(),
    }
}
