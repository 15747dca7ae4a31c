//! The template of a package: the source with built functions in place of their sources.

use std::fs;

use anyhow::{Context, Result, ensure};

use devkit::arch::Arch;
use devkit::template::Template;
use devkit::workspace;

pub(super) fn source() -> Result<String> {
    let path = workspace::root().join("template.yaml");
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The text with the architecture, and with the folders of the package. It is changed as text, so
/// that everything else stays as written.
pub(super) fn packaged(source: &str, arch: Arch, template: &Template) -> Result<String> {
    let (mut code, mut architectures) = (0, 0);
    let lines = source.lines().map(|line| {
        let key = line.trim_start();
        let indent = &line[..line.len() - key.len()];
        if let Some(binary) = key.strip_prefix("CodeUri: functions/") {
            code += 1;
            format!("{indent}CodeUri: {binary}\n")
        } else if key.starts_with("Architectures:") {
            architectures += 1;
            format!("{indent}Architectures: [{arch}]\n")
        } else {
            format!("{line}\n")
        }
    });
    let text = lines.collect();
    ensure!(
        code == template.functions().len() && architectures == 1,
        "template.yaml has {code} lines with `CodeUri: functions/…` and {architectures} with `Architectures:`"
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use devkit::template::to_json;

    #[test]
    fn a_packaged_template_differs_only_in_folders_and_architecture() {
        let source = source().unwrap();
        let template = Template::load().unwrap();
        for arch in [Arch::Arm64, Arch::X86] {
            let mut expected = data(&source);
            expected["Globals"]["Function"]["Architectures"] = json!([arch.to_string()]);
            for function in template.functions() {
                let properties = &mut expected["Resources"][&function.logical_id]["Properties"];
                properties["CodeUri"] = json!(function.binary);
            }

            assert_eq!(data(&packaged(&source, arch, &template).unwrap()), expected);
        }
    }

    #[test]
    fn an_unexpected_template_is_rejected_and_not_half_changed() {
        let template = Template::load().unwrap();
        let source = source().unwrap();

        for text in [
            source.replace("CodeUri: functions/not-found", "CodeUri: \"functions/not-found\""),
            source.replace("    Architectures: [arm64]\n", ""),
        ] {
            assert_ne!(text, source);
            assert!(packaged(&text, Arch::X86, &template).is_err());
        }
    }

    fn data(text: &str) -> Value {
        to_json(yaml_serde::from_str(text).unwrap()).unwrap()
    }
}
