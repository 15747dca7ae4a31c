//! A part of a core for one process, by a control group of its own: Lambda gives a function one by
//! its memory.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Over which the kernel sees to it that the part is kept to, in microseconds; what else uses
/// control groups mostly has 100,000.
const PERIOD: f64 = 20_000.0;

/// The group; dropping it removes it, once its process has ended.
pub(crate) struct Quota(PathBuf);

impl Quota {
    /// Nothing where the machine lets none be made: that takes root, and Linux's own control
    /// groups, of either version.
    pub(crate) fn new(share_of_a_core: f64) -> Option<Self> {
        let (quota, period) = ((share_of_a_core * PERIOD).round(), PERIOD);
        let second = [("cpu.max", format!("{quota} {period}"))];
        let first =
            [("cpu.cfs_period_us", period.to_string()), ("cpu.cfs_quota_us", quota.to_string())];
        let made = Self::at("/sys/fs/cgroup", &second);
        made.or_else(|_| Self::at("/sys/fs/cgroup/cpu", &first)).ok()
    }

    fn at(root: &str, limits: &[(&str, String)]) -> io::Result<Self> {
        let group = Self(Path::new(root).join(format!("rollcall-bench-{}", std::process::id())));
        fs::create_dir(&group.0)?;
        limits.iter().try_for_each(|(file, value)| group.set(file, value))?;
        Ok(group)
    }

    /// The process has no more than this part from now on.
    pub(crate) fn limit(&self, process: u32) -> io::Result<()> {
        self.set("cgroup.procs", &process.to_string())
    }

    /// A file that the kernel does not have is not made, as an ordinary folder would take it.
    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        OpenOptions::new().write(true).open(self.0.join(file))?.write_all(value.as_bytes())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
