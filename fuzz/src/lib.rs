//! What the fuzzer needs beside the properties, which are in `testkit::fuzz`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod event;
