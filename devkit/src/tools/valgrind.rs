//! The tool that counts instructions.

use anyhow::Result;

use super::{ToolsFolder, apt};

/// The program.
pub const VALGRIND: &str = "valgrind";

/// Installs it from Debian's packages, unless it is there.
pub fn valgrind() -> Result<()> {
    let _alone = ToolsFolder::open("valgrind")?;
    if apt::is_on_path(VALGRIND) {
        return Ok(());
    }
    // It does not start without the C library's symbols.
    apt::install(&format!("`{VALGRIND}` on the PATH"), &[VALGRIND, "libc6-dbg"])
}
