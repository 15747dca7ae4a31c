//! The cost of a password hash, and its time by the function's memory size.

use std::fmt::Write as _;

use anyhow::Result;

use super::Results;

/// The same request as [`BY_TOKEN`], with name and password in place of the token: the first one
/// hashes, and no later one.
pub(crate) const BY_PASSWORD: &str = "hub-get-user, by password";
/// See there.
pub(crate) const BY_TOKEN: &str = "hub-get-user";

/// From so many megabytes on a function has a whole core; below, a share in proportion (the Lambda
/// Developer Guide).
const WHOLE_CORE: f64 = 1769.0;
/// The memory sizes that are compared, in MB.
pub(crate) const SIZES: [f64; 5] = [128.0, 256.0, 512.0, 1024.0, WHOLE_CORE];

/// A function's share of a core, by its memory in MB.
pub(crate) fn share_of_a_core(megabytes: f64) -> f64 {
    (megabytes / WHOLE_CORE).min(1.0)
}

/// The difference between the two requests, and what follows from it for each memory size; nothing
/// if they were not measured.
pub(crate) fn section(results: &Results) -> Result<String> {
    let of = |operation: &str| results.all.iter().find(|one| one.operation == operation);
    let Some((hashing, plain)) = of(BY_PASSWORD).zip(of(BY_TOKEN)) else {
        return Ok(String::new());
    };
    let milliseconds = hashing.first_cpu_ms - plain.first_cpu_ms;
    let mut text = String::new();
    writeln!(
        text,
        "The first request by password takes {milliseconds:.1} ms of a core and {:.1} MiB more than one by token: the hash, and what it \
         takes to keep guesses out. It took {:.1} ms, the later ones {:.2} ms; by token {:.1} ms and {:.2} ms. Whatever the memory \
         size, that is {:.2} GB-seconds:\n",
        (hashing.peak_kib - plain.peak_kib) / 1024.0,
        hashing.first_ms,
        hashing.warm_p50_ms,
        plain.first_ms,
        plain.warm_p50_ms,
        milliseconds / 1000.0 * WHOLE_CORE / 1024.0,
    )?;
    writeln!(text, "| memory size MB | share of a core | it takes ms |")?;
    writeln!(text, "|---|---|---|")?;
    for size in SIZES {
        let share = share_of_a_core(size);
        writeln!(text, "| {size} | {share:.2} | {:.0} |", milliseconds / share)?;
    }
    Ok(text)
}
