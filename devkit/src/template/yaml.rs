//! `CloudFormation`'s YAML.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// YAML as JSON, `CloudFormation`'s short tags spelt out: `!Ref X` becomes `{"Ref": "X"}`.
pub fn to_json(yaml: yaml_serde::Value) -> Result<Value> {
    use yaml_serde::Value as Yaml;
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => serde_json::to_value(number)?,
        Yaml::String(text) => text.into(),
        Yaml::Sequence(values) => {
            values.into_iter().map(to_json).collect::<Result<Vec<_>>>()?.into()
        }
        Yaml::Mapping(entries) => {
            entries.into_iter().map(entry).collect::<Result<Map<_, _>>>()?.into()
        }
        Yaml::Tagged(tagged) => intrinsic(&tagged.tag.to_string(), &to_json(tagged.value)?)?,
    })
}

fn entry((key, value): (yaml_serde::Value, yaml_serde::Value)) -> Result<(String, Value)> {
    let Value::String(key) = to_json(key)? else { bail!("a key is not a string") };
    Ok((key, to_json(value)?))
}

fn intrinsic(tag: &str, argument: &Value) -> Result<Value> {
    Ok(match (tag, argument) {
        ("!Ref" | "!Condition", _) => json!({ &tag[1..]: argument }),
        ("!GetAtt", Value::String(text)) => {
            let (resource, attribute) =
                text.split_once('.').context("!GetAtt names no attribute")?;
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        _ => json!({ format!("Fn::{}", tag.trim_start_matches('!')): argument }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_mean_what_their_long_forms_mean() {
        let short = "[!Ref A, !GetAtt A.Arn, !Sub 'x-${A}', !Join ['-', [!Ref A, b]]]";

        let long = to_json(yaml_serde::from_str(short).unwrap()).unwrap();

        assert_eq!(
            long,
            json!([
                { "Ref": "A" },
                { "Fn::GetAtt": ["A", "Arn"] },
                { "Fn::Sub": "x-${A}" },
                { "Fn::Join": ["-", [{ "Ref": "A" }, "b"]] },
            ])
        );
    }
}
