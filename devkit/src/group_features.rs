//! Which functions can be built at once, so that cargo links them side by side.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::arch::Arch;
use crate::template::Function;
use crate::workspace;

/// The features of each crate that a function is made of, when it is built by itself.
struct Features(BTreeMap<String, BTreeSet<String>>);

/// Functions that are built together share their crates with the union of their features. So only
/// those with equal features are grouped: each program is then the same as when it is built alone,
/// as `sam build` does.
pub fn group_by_features(functions: &[Function], arch: Arch) -> Result<Vec<Vec<&Function>>> {
    let mut groups: Vec<(Features, Vec<&Function>)> = Vec::new();
    for function in functions {
        let own = Features::for_package(&function.binary, arch)?;
        match groups.iter_mut().find(|(all, _)| all.agree_with(&own)) {
            Some((all, group)) => {
                all.0.extend(own.0);
                group.push(function);
            }
            None => groups.push((own, vec![function])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

impl Features {
    fn for_package(package: &str, arch: Arch) -> Result<Self> {
        let of = ["tree", "--locked", "--package", package, "--target", arch.target()];
        let form = ["--edges", "normal,build", "--prefix", "none", "--format", "{p}|{f}"];
        let response = String::from_utf8(workspace::cargo_output(&[&of[..], &form[..]].concat())?)?;
        Self::parse(&response).context("cannot read what cargo tree says")
    }

    /// A crate may come twice: once for the program, and once for what builds it.
    fn parse(text: &str) -> Option<Self> {
        let mut features = BTreeMap::<String, BTreeSet<String>>::new();
        for line in text.lines() {
            let (krate, own) = line.trim_end_matches(" (*)").split_once('|')?;
            features.entry(krate.to_owned()).or_default().insert(own.trim_end().to_owned());
        }
        Some(Self(features))
    }

    fn agree_with(&self, other: &Self) -> bool {
        other.0.iter().all(|(krate, own)| self.0.get(krate).is_none_or(|there| there == own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_with_equal_features_of_shared_crates_are_built_together() {
        let features = |text| Features::parse(text).unwrap();
        let one =
            features("a v1.0.0|\nserde v1.0.0|std\nring v0.1.0|alloc\nserde v1.0.0|std (*)\n");

        assert!(one.agree_with(&features("b v1.0.0|\nserde v1.0.0|std\nmaud v1.0.0|\n")));
        assert!(!one.agree_with(&features("b v1.0.0|\nserde v1.0.0|derive,std\n")));
        assert!(!one.agree_with(&features("b v1.0.0|\nserde v1.0.0|std\nserde v1.0.0|derive\n")));
        assert!(Features::parse("no features\n").is_none());
    }
}
