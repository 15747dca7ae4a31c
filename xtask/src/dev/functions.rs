//! Building and running the functions.

use std::io::PipeReader;
use std::process::Command;

use anyhow::{Result, ensure};

use super::Options;
use super::paint::Paint;
use super::state::StateDir;
use devkit::supervise::{self, Supervised};
use devkit::template::Template;
use devkit::{out, tools, workspace};

/// Builds all binaries the way `cargo lambda watch` will run them, so that it finds nothing left to
/// build: from the root, which unites the features of the whole workspace.
pub(super) async fn build(template: &Template, release: bool) -> Result<()> {
    out::line("Building the functions")?;
    let mut cargo = workspace::cargo()?;
    cargo.arg("build");
    for function in template.functions() {
        cargo.args(["--bin", &function.binary]);
    }
    cargo.args(release.then_some("--release"));
    let status = Supervised::spawn(cargo)?.wait().await?;
    ensure!(status.success(), "the functions do not build, see above");
    Ok(())
}

/// Serves the functions, on the loopback address and without CORS: the server would let any page
/// read others' requests. Their output goes to the pipe.
pub(super) fn watch(
    options: &Options,
    port: u16,
    state: &StateDir,
    environment: &[(String, String)],
    paint: Paint,
) -> Result<(Supervised, PipeReader)> {
    let mut watch = supervise::command(tools::cargo_lambda()?)?;
    workspace::forget_own_package(&mut watch);
    watch.args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--disable-cors"]);
    watch.args(["--invoke-port", &port.to_string()]);
    watch.args(["--concurrency", &options.concurrency.to_string()]);
    watch.args(options.release.then_some("--release"));
    watch.env("CARGO_LAMBDA_COLOR", if paint.is_coloured() { "always" } else { "never" });
    watch.current_dir(workspace::root());
    watch.env("CARGO_LAMBDA_IGNORE_FILE", state.ignore_file());
    forget_cloud_account(&mut watch);
    watch.envs(environment.iter().cloned());
    let (reader, writer) = std::io::pipe()?;
    watch.stdout(writer.try_clone()?).stderr(writer);
    Ok((Supervised::spawn(watch)?, reader))
}

/// Says how much the functions log; not of an account.
const LOG_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// Nothing of the developer's own AWS account reaches the functions.
fn forget_cloud_account(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") && name != LOG_LEVEL {
            command.env_remove(name);
        }
    }
}
