//! What must hold whatever a client sends: one property for every kind of bad input.
//!
//! The fuzzer (`fuzz/`, `cargo xtask fuzz`) looks for input that breaks one; the input that it
//! found interesting, and all that ever broke one, is run by an ordinary test.

mod authorization;
mod body;
mod email;
mod event;
mod request;
mod samples;
mod shape;
mod shared_state;
mod slug;
mod token;
mod x_date;

use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

pub use authorization::authorization;
pub use body::{form, json, multipart};
pub use email::email;
pub use event::{answered, event};
pub use slug::slug;
pub use token::token;
pub use x_date::x_date;

/// A property: it panics if the input breaks it.
pub type Property = fn(&[u8]);

/// Every property, by the name of its target.
pub const TARGETS: [(&str, Property); 9] = [
    ("authorization", authorization),
    ("email", email),
    ("event", event),
    ("form", form),
    ("json", json),
    ("multipart", multipart),
    ("slug", slug),
    ("token", token),
    ("x_date", x_date),
];

/// Where the input of a target is stored: what was written by hand, and what the fuzzer found.
pub fn folders(target: &str) -> Vec<PathBuf> {
    let fuzz = root().join("fuzz");
    let mut folders = vec![fuzz.join("seeds").join(target), fuzz.join("corpus").join(target)];
    if target == "event" {
        folders.push(root().join("events"));
    }
    folders
}

/// The input of a target, by file name.
pub fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> = folders(target).iter().flat_map(|folder| files(folder)).collect();
    files.sort();
    let read = |file: PathBuf| {
        let bytes = fs::read(&file).expect("a readable file");
        (file, bytes)
    };
    files.into_iter().map(read).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}
