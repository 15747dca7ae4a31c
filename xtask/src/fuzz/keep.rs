//! Stores what was found: as little as has the same coverage.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::{cargo_fuzz, corpus, max_len, seeds, work_folder};
use crate::test::capture::capture;
use devkit::out;

/// The maximum size of a target's corpus, in bytes: every run of the tests runs all of it.
const MAX_BYTES: u64 = 100 * 1024;

/// Replaces a target's corpus. Inputs that cover nothing beyond the seeds are dropped, then the
/// longest ones above the maximum size.
pub(super) async fn keep(target: &str) -> Result<()> {
    let (corpus, work) = (corpus(target), work_folder(target)?);
    let merged = work.with_extension("merged");
    let seeds = start_with_seeds(target, &merged)?;
    let mut merge = cargo_fuzz("run")?;
    merge.arg(target).args([&merged, &corpus, &work]).args(["--", "-merge=1"]);
    merge.arg(format!("-max_len={}", max_len(target)));
    let ran = capture(merge).await?;
    ensure!(ran.success, "what was found cannot be merged: {}", ran.output);
    seeds.iter().try_for_each(fs::remove_file)?;
    let kept = replace(&corpus, &merged)?;
    out::line(format!("    {target}: {kept} files kept"))?;
    Ok(fs::remove_dir_all(merged)?)
}

/// A folder with the seeds alone; where they are in it.
fn start_with_seeds(target: &str, folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let mut copies = Vec::new();
    for seed in seeds(target).iter().map(fs::read_dir).collect::<Result<Vec<_>, _>>()? {
        for file in seed {
            let file = file?;
            let copy = folder.join(file.file_name());
            fs::copy(file.path(), &copy)?;
            copies.push(copy);
        }
    }
    Ok(copies)
}

/// Copies the shortest files into the emptied folder, as many as fit; returns how many.
fn replace(corpus: &Path, merged: &Path) -> Result<usize> {
    for file in fs::read_dir(corpus)? {
        fs::remove_file(file?.path())?;
    }
    let mut files = Vec::new();
    for file in fs::read_dir(merged)? {
        let file = file?;
        files.push((file.metadata()?.len(), file.path(), file.file_name()));
    }
    files.sort();
    let (mut room, mut kept) = (MAX_BYTES, 0);
    for (length, path, name) in files {
        let Some(left) = room.checked_sub(length) else { break };
        fs::copy(path, corpus.join(name))?;
        (room, kept) = (left, kept + 1);
    }
    Ok(kept)
}
