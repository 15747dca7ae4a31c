//! Tools from Debian's packages.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::ToolsFolder;
use crate::out;

/// Counts instructions.
pub const VALGRIND: &str = "valgrind";
/// Runs on another machine what is built for arm64.
pub const QEMU: &str = "qemu-aarch64";
/// The folder that holds arm64's C library, where Debian puts it.
pub const ARM64_ROOT: &str = "/usr/aarch64-linux-gnu";

/// A tool: the programs that it consists of, and the packages that have them.
pub(super) struct Packaged {
    name: &'static str,
    programs: &'static [&'static str],
    /// Files that must be there too, each below a folder.
    files: &'static [[&'static str; 2]],
    packages: &'static [&'static str],
}

/// Debian keeps one version of each at a time, and the two belong together.
pub(super) const CHROMIUM: Packaged = Packaged {
    name: "chromium",
    programs: &["chromium", "chromedriver"],
    files: &[],
    packages: &["chromium", "chromium-driver"],
};

/// The C++ compiler that builds libFuzzer.
pub(super) const CXX: Packaged =
    Packaged { name: "c++", programs: &["c++"], files: &[], packages: &["g++"] };

/// What the client that golem publishes takes: it speaks gRPC too, and TLS by OpenSSL.
pub(super) const GOLEM_COMPILERS: Packaged = Packaged {
    name: "golem-compilers",
    programs: &["protoc", "pkg-config"],
    files: &[
        ["/usr/include", "google/protobuf/timestamp.proto"],
        ["/usr/include", "openssl/ssl.h"],
    ],
    packages: &["protobuf-compiler", "libprotobuf-dev", "pkg-config", "libssl-dev"],
};

/// The emulator, and arm64's C library.
pub(super) const EMULATOR: Packaged = Packaged {
    name: "qemu",
    programs: &[QEMU],
    files: &[[ARM64_ROOT, "lib/ld-linux-aarch64.so.1"]],
    packages: &["qemu-user", "libc6-arm64-cross"],
};

/// Does not start without the C library's symbols, of the second package.
pub(super) const INSTRUCTION_COUNTER: Packaged = Packaged {
    name: VALGRIND,
    programs: &[VALGRIND],
    files: &[],
    packages: &[VALGRIND, "libc6-dbg"],
};

impl Packaged {
    /// Installs the packages, as root, unless everything is there; says where it is. Without root or
    /// apt the error names what to install.
    pub(super) fn install(&self) -> Result<String> {
        let Self { name, programs, files, packages } = self;
        let _alone = ToolsFolder::open(name)?;
        let programs_text = programs.join(" and ");
        if !programs.iter().all(|program| is_on_path(program))
            || !files.iter().all(|[folder, file]| Path::new(folder).join(file).exists())
        {
            let packages_text = packages.join(" and ");
            if !is_on_path("apt-get") || !rustix::process::geteuid().is_root() {
                bail!("this takes {programs_text}: install the packages {packages_text}");
            }
            out::line(format!("Installing {packages_text}, which takes a minute or two"))?;
            apt(&["update", "--quiet=2"])?;
            apt(&[&["install", "--quiet=2", "--yes", "--no-install-recommends"], *packages]
                .concat())?;
        }
        Ok(format!("{programs_text} of the PATH"))
    }
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    let status = command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if !status.success() {
        bail!("apt-get {} failed ({status})", arguments[0]);
    }
    Ok(())
}

fn is_on_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| Path::new(&folder).join(program).is_file())
}
