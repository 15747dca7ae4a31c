//! As few and as short prefixes as tell the symbols that run from those that do not.

use std::collections::{BTreeMap, BTreeSet};

/// A prefix may stand for several symbols if this share of their code runs. Instances of one
/// generic function can have one symbol, but for the hash: they are placed together.
const MOSTLY: f64 = 0.8;
/// A shorter one would also take in what another version of a crate brings.
const SHORTEST: usize = 8;

/// The bytes of code that ran and of all code, by the symbols without what every build changes.
#[derive(Default)]
pub(crate) struct Code(BTreeMap<String, Bytes>);

#[derive(Default, Clone, Copy)]
struct Bytes {
    ran: u64,
    all: u64,
}

impl Code {
    /// Adds a program.
    pub(crate) fn add(&mut self, symbols: &[(String, u64)], ran: &BTreeSet<String>) {
        for (symbol, size) in symbols {
            let bytes = self.0.entry(stable(symbol)).or_default();
            bytes.all += size;
            bytes.ran += if ran.contains(symbol) { *size } else { 0 };
        }
    }

    /// Sorted.
    pub(crate) fn prefixes(&self) -> Vec<String> {
        let symbols: Vec<_> = self.0.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        let mut found = Vec::new();
        find(&symbols, 0, &mut found);
        found
    }
}

/// A symbol without its hash or, in Rust's newer mangling, those of crates; `*` is in their place.
fn stable(symbol: &str) -> String {
    let symbol = symbol.split(".llvm.").next().unwrap_or(symbol);
    if !symbol.starts_with("_R") {
        let hash = symbol.rfind("17h").filter(|_| symbol.starts_with("_ZN"));
        return hash.and_then(|at| symbol.get(..at + 3)).unwrap_or(symbol).to_owned();
    }
    let mut parts = symbol.split("Cs");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| match part.split_once('_') {
        Some((hash, rest)) if hash.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            format!("{whole}Cs*_{rest}")
        }
        _ => format!("{whole}Cs{part}"),
    })
}

/// Finds prefixes of sorted symbols whose first `shared` bytes are the same.
fn find(symbols: &[(&str, Bytes)], shared: usize, found: &mut Vec<String>) {
    let sum = |of: fn(&Bytes) -> u64| symbols.iter().map(|(_, bytes)| of(bytes)).sum::<u64>();
    let (ran, all) = (sum(|bytes| bytes.ran), sum(|bytes| bytes.all));
    let Some((first, _)) = symbols.first().filter(|_| ran > 0) else { return };
    if symbols.len() == 1 || shared >= SHORTEST && ran as f64 >= MOSTLY * all as f64 {
        return found.push(first.get(..shared.max(SHORTEST)).unwrap_or(first).to_owned());
    }
    let next = |(name, _): &(&str, Bytes)| name.as_bytes().get(shared).copied();
    for group in symbols.chunk_by(|one, other| next(one) == next(other)) {
        match group {
            // It ends here, and others go on.
            [(name, bytes)] if name.len() == shared => {
                found.extend((bytes.ran > 0).then(|| (*name).to_owned()));
            }
            _ => find(group, shared + 1, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_short_and_leave_out_what_never_runs() {
        let symbols = [
            ("_ZN5hyper6client4send17h0123456789abcdefE", 900),
            ("_ZN5hyper6client4wait17h0123456789abcdefE.llvm.7", 90),
            ("_ZN5hyper6client6upgrade17h0123456789abcdefE", 100),
            ("_ZN5hyper6server5serve17h0123456789abcdefE", 300),
            ("_RNvCs1a2B_3std4exit", 10),
            ("_RNvCs1a2B_3std5abort", 10),
            ("memcpy", 5),
        ];
        let ran = [0, 1, 4, 6].map(|at: usize| symbols[at].0.to_owned()).into();
        let mut code = Code::default();
        code.add(&symbols.map(|(name, size)| (name.to_owned(), size)), &ran);

        assert_eq!(code.prefixes(), ["_RNvCs*_3std4", "_ZN5hyper6c", "memcpy"]);
    }
}
