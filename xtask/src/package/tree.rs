//! The crates of a function, as cargo builds it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use devkit::arch::Arch;
use devkit::workspace;

/// A crate by name and version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
}

/// The dependencies of each crate of a program.
pub(super) struct Tree {
    pub(super) root: Crate,
    pub(super) needs: BTreeMap<Crate, BTreeSet<Crate>>,
}

impl Tree {
    /// The crates of a package's program: with the features that it has when built alone, for this
    /// target, without build and dev dependencies. `cargo metadata` cannot say: it unites the
    /// features of the whole workspace.
    pub(super) fn for_package(package: &str, arch: Arch) -> Result<Self> {
        let of = ["tree", "--locked", "--package", package, "--target", arch.target()];
        let form = ["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", " {p}"];
        let response = String::from_utf8(workspace::cargo_output(&[&of[..], &form[..]].concat())?)?;
        Self::parse(&response).context("cannot read what cargo tree says")
    }

    /// A crate's needs stand below it the first time that it comes; later it is only named.
    fn parse(text: &str) -> Result<Self> {
        let mut above: Vec<Crate> = Vec::new();
        let mut needs: BTreeMap<Crate, BTreeSet<Crate>> = BTreeMap::new();
        for line in text.lines() {
            let (depth, krate) = node(line).with_context(|| format!("line `{line}`"))?;
            ensure!(depth <= above.len(), "line `{line}`");
            above.truncate(depth);
            if let Some(parent) = above.last() {
                needs.entry(parent.clone()).or_default().insert(krate.clone());
            }
            needs.entry(krate.clone()).or_default();
            above.push(krate);
        }
        let root = above.into_iter().next().context("there is no root")?;
        Ok(Self { root, needs })
    }
}

/// Reads `2 tokio v1.54.1 (*)`.
fn node(line: &str) -> Option<(usize, Crate)> {
    let mut words = line.split_whitespace();
    let depth = words.next()?.parse().ok()?;
    let name = words.next()?.to_owned();
    let version = words.next()?.strip_prefix('v')?.to_owned();
    Some((depth, Crate { name, version }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_depends_on_what_is_nested_below_it() {
        let tree = Tree::parse(
            "0 a v1.0.0 (/some/where)\n1 b v2.0.0\n2 c v3.0.0\n1 c v3.0.0\n1 b v2.0.0 (*)\n",
        );

        let tree = tree.unwrap();
        let krate =
            |name: &str, version: &str| Crate { name: name.into(), version: version.into() };
        let (a, b, c) = (krate("a", "1.0.0"), krate("b", "2.0.0"), krate("c", "3.0.0"));
        assert_eq!(tree.root, a);
        let needs = [(a, [b.clone(), c.clone()].into()), (b, [c.clone()].into()), (c, [].into())];
        assert_eq!(tree.needs, needs.into());
    }

    #[test]
    fn unexpected_output_of_cargo_is_an_error() {
        for text in ["", "1 a v1.0.0\n", "0 a 1.0.0\n", "a v1.0.0\n", "0 a v1.0.0\n2 b v1.0.0\n"] {
            assert!(Tree::parse(text).is_err(), "{text:?}");
        }
    }
}
