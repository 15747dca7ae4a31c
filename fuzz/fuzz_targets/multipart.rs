//! Forms as `multipart/form-data`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| testkit::fuzz::multipart(input));
