//! The emulator that runs what is built for arm64 on another machine.

use std::path::Path;

use anyhow::Result;

use super::{ToolsFolder, apt};

/// The program.
pub const QEMU: &str = "qemu-aarch64";
/// The folder that holds arm64's C library, where Debian puts it.
pub const ARM64_ROOT: &str = "/usr/aarch64-linux-gnu";

const LOADER: &str = "lib/ld-linux-aarch64.so.1";
const PACKAGES: [&str; 2] = ["qemu-user", "libc6-arm64-cross"];

/// Installs the emulator and arm64's C library from Debian's packages, unless they are there.
pub fn qemu() -> Result<()> {
    let _alone = ToolsFolder::open("qemu")?;
    if apt::is_on_path(QEMU) && Path::new(ARM64_ROOT).join(LOADER).exists() {
        return Ok(());
    }
    apt::install(&format!("`{QEMU}` on the PATH and {ARM64_ROOT}"), &PACKAGES)
}
