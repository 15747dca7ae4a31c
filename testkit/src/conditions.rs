//! What `CloudFormation` leaves of the translated template under given parameters.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The template with the values of its parameters.
pub struct Conditions<'a> {
    template: &'a Value,
    parameters: BTreeMap<&'a str, Value>,
}

impl<'a> Conditions<'a> {
    /// These parameters, and the defaults of all others; one without a default stays a reference.
    pub fn new(template: &'a Value, given: &'a [(&str, &str)]) -> Self {
        let declared = template["Parameters"].as_object().expect("parameters");
        let defaults = declared.iter().filter_map(|(name, parameter)| {
            Some((name.as_str(), parameter.get("Default")?.clone()))
        });
        let given = given.iter().map(|(name, value)| {
            assert!(declared.contains_key(*name), "there is no parameter {name}");
            (*name, json!(value))
        });
        let parameters = defaults.chain(given.collect::<Vec<_>>()).collect();
        Self { template, parameters }
    }

    /// The resources whose condition holds, without what does not apply.
    pub fn resources(&self) -> BTreeMap<String, Value> {
        let resources = self.template["Resources"].as_object().expect("resources").iter();
        let made = resources.filter(|(_, resource)| match resource["Condition"].as_str() {
            Some(name) => self.is_met(name),
            None => true,
        });
        made.filter_map(|(id, resource)| Some((id.clone(), self.resolve(resource)?))).collect()
    }

    fn is_met(&self, name: &str) -> bool {
        self.holds(&self.template["Conditions"][name])
    }

    fn holds(&self, condition: &Value) -> bool {
        let (function, argument) =
            condition.as_object().and_then(|one| one.iter().next()).expect("a condition");
        let all = || argument.as_array().expect("conditions").iter();
        match function.as_str() {
            "Condition" => self.is_met(argument.as_str().expect("a name")),
            "Fn::And" => all().all(|condition| self.holds(condition)),
            "Fn::Or" => all().any(|condition| self.holds(condition)),
            "Fn::Not" => !self.holds(&argument[0]),
            "Fn::Equals" => self.text(&argument[0]) == self.text(&argument[1]),
            other => panic!("{other} is no condition"),
        }
    }

    /// Numbers and texts are compared as texts.
    fn text(&self, value: &Value) -> String {
        match self.resolve(value).expect("a value") {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// The value, `None` where it is `AWS::NoValue`.
    fn resolve(&self, value: &Value) -> Option<Value> {
        Some(match value {
            Value::Array(values) => values.iter().filter_map(|value| self.resolve(value)).collect(),
            Value::Object(entries) => match only(entries) {
                Some(("Ref", name)) if name == "AWS::NoValue" => return None,
                Some(("Ref", name)) => self.parameters.get(name.as_str()?).unwrap_or(value).clone(),
                Some(("Fn::If", parts)) => {
                    let holds = self.is_met(parts[0].as_str()?);
                    return self.resolve(&parts[if holds { 1 } else { 2 }]);
                }
                _ => entries
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), self.resolve(value)?)))
                    .collect::<Map<_, _>>()
                    .into(),
            },
            other => other.clone(),
        })
    }
}

fn only(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (key, value) = entries.iter().next().filter(|_| entries.len() == 1)?;
    Some((key, value))
}
