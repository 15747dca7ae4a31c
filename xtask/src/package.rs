//! `cargo xtask package`: what `sam deploy` takes, ready and reproducible.

mod build;
mod sbom;
mod template;
mod tree;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use sha2::{Digest, Sha256};
use shared::model::hex;

use devkit::arch::Arch;
use devkit::group_features::group_by_features;
use devkit::profile::Profile;
use devkit::shutdown::ShutdownSignals;
use devkit::template::{Function, Template};
use devkit::workspace::package_folder;
use devkit::{out, tools, workspace};

pub(crate) use build::{BOOTSTRAP, building, with_pinned_tools};

/// The project's configuration of `sam`.
const CONFIG: &str = "samconfig.toml";

/// Build all functions for Lambda, and write what `sam deploy` takes
#[derive(Args)]
pub struct Options {
    /// Only this architecture; may be given more than once
    #[arg(long, value_name = "ARCH")]
    arch: Vec<Arch>,
    /// With `gate`, programs that are built sooner and are larger, for tests
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
}

/// The build of one function.
struct Built<'a> {
    function: &'a Function,
    size: u64,
    sha256: String,
}

/// Writes `target/package/<arch>/` for each architecture, from the locked dependencies, or that of
/// another profile; ends early on a signal.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        packaged = package(&options.arch, options.profile) => packaged.map(|()| ExitCode::SUCCESS),
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

pub(crate) async fn package(only: &[Arch], profile: Profile) -> Result<()> {
    for arch in Arch::value_variants() {
        if only.is_empty() || only.contains(arch) {
            package_for(*arch, profile).await?;
        }
    }
    Ok(())
}

/// The package takes the place of an older one when it is whole.
async fn package_for(arch: Arch, profile: Profile) -> Result<()> {
    let template = Template::load()?;
    let package = package_folder(arch, profile)?;
    let folder = package.with_extension("unfinished");
    emptied(&folder)?;
    for tool in ["python", "targets"] {
        tools::install(tool).await?;
    }
    let groups = match profile {
        Profile::Release => group_by_features(template.functions(), arch)?,
        Profile::Gate => vec![template.functions().iter().collect()],
    };
    for group in groups {
        let names: Vec<_> = group.iter().map(|function| function.binary.as_str()).collect();
        out::line(format!("Building {} for {arch}", names.join(", ")))?;
        build::build(&names, arch, profile, &folder).await?;
    }
    let mut all = Vec::new();
    for function in template.functions() {
        let sbom = folder.join(format!("{}.cdx.json", function.binary));
        write(&sbom, &sbom::sbom(&function.binary, arch)?)?;
        all.push(Built::read(function, &folder)?);
    }
    // SAM looks for its configuration beside the template.
    write(&folder.join(CONFIG), &read(&workspace::root().join(CONFIG))?)?;
    let deployed = template::packaged(&template::source()?, arch, &template)?;
    write(&folder.join("template.yaml"), deployed.as_bytes())?;
    show(arch, &all)?;
    replace(&package, &folder)?;
    let deployed = package.join("template.yaml");
    Ok(out::line(format!("Deploy with: sam deploy --template-file {}", deployed.display()))?)
}

fn replace(package: &Path, finished: &Path) -> Result<()> {
    if package.exists() {
        fs::remove_dir_all(package)
            .with_context(|| format!("cannot clear {}", package.display()))?;
    }
    fs::rename(finished, package)
        .with_context(|| format!("cannot put the package at {}", package.display()))
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn emptied(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn write(file: &Path, content: &[u8]) -> Result<()> {
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}

impl<'a> Built<'a> {
    fn read(function: &'a Function, folder: &Path) -> Result<Self> {
        let file = folder.join(&function.binary).join(BOOTSTRAP);
        let bytes = read(&file)?;
        let sha256 = hex(&Sha256::digest(&bytes));
        Ok(Self { function, size: bytes.len() as u64, sha256 })
    }
}

fn show(arch: Arch, all: &[Built]) -> Result<()> {
    out::line(format!("\n{arch:22} {:>11}  SHA-256", "bytes"))?;
    for Built { function, size, sha256 } in all {
        out::line(format!("{:22} {size:>11}  {sha256}", function.binary))?;
    }
    Ok(())
}
