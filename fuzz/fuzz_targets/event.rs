//! Whole events of API Gateway.

#![no_main]

use std::panic::take_hook;

use fuzz::event::mutated;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

// A panic inside a function becomes a 500, which the property finds; it must not end the process
// before.
fuzz_target!(init: drop(take_hook()), |input: &[u8]| testkit::fuzz::event(input));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match mutated(&data[..size], max_size, seed) {
        Some(text) => {
            data[..text.len()].copy_from_slice(text.as_bytes());
            text.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});
