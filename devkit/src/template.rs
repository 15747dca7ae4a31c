//! What `template.yaml` declares: the table and the functions, with their routes and rights, and
//! what hands the table's stream to them.

mod mapping;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::workspace;
pub use mapping::EventSourceMapping;
pub use yaml::to_json;

/// The properties of the table resource that `CreateTable` takes as they stand.
const CREATE_TABLE: [&str; 6] = [
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

/// The deployment, as far as running and testing it on one machine needs it.
#[derive(Debug, Clone)]
pub struct Template {
    table: Map<String, Value>,
    functions: Vec<Function>,
    event_source_mappings: Vec<EventSourceMapping>,
    resources: BTreeMap<String, Value>,
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Name of its resource.
    pub logical_id: String,
    /// Name of its package, and of the binary in it.
    pub binary: String,
    /// Method and path of each route, if it has any; `$default` is the path of the route that takes
    /// the rest.
    pub routes: BTreeSet<(String, String)>,
    /// Names of its environment variables.
    pub environment: BTreeSet<String>,
    /// IAM actions it may take.
    pub actions: BTreeSet<String>,
}

impl Template {
    /// Reads the `template.yaml` of this workspace.
    pub fn load() -> Result<Self> {
        let path = workspace::root().join("template.yaml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("cannot use {}", path.display()))
    }

    /// Reads a template with exactly one table.
    pub fn parse(text: &str) -> Result<Self> {
        let document: Document = serde_json::from_value(to_json(yaml_serde::from_str(text)?)?)?;
        let mut tables =
            document.resources_of("AWS::DynamoDB::GlobalTable").collect::<Result<Vec<_>>>()?;
        ensure!(tables.len() == 1, "it declares {} tables, not one", tables.len());
        let (_, table) = tables.remove(0);
        let functions = document
            .resources_of("AWS::Serverless::Function")
            .map(|function| {
                function
                    .and_then(|(id, properties)| Function::new(id, properties, &document.globals))
            })
            .collect::<Result<Vec<_>>>()?;
        let event_source_mappings = document
            .resources_of("AWS::Lambda::EventSourceMapping")
            .map(|mapping| {
                let (id, properties) = mapping?;
                EventSourceMapping::new(properties, &functions)
                    .with_context(|| format!("resource {id}"))
            })
            .collect::<Result<_>>()?;
        let resources = document.resources.into_iter();
        let resources = resources.map(|(id, resource)| (id, resource.properties)).collect();
        Ok(Self { table, functions, event_source_mappings, resources })
    }

    /// The `CreateTable` request for the table under this name.
    ///
    /// Backups, deletion protection and the time to live are no part of such a request.
    pub fn table(&self, name: &str) -> Value {
        let schema = CREATE_TABLE
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), self.table.get(*key)?.clone())));
        let stream = self.table.get("StreamSpecification").map(|stream| {
            let view_type = &stream["StreamViewType"];
            let stream = json!({ "StreamEnabled": true, "StreamViewType": view_type });
            ("StreamSpecification".to_owned(), stream)
        });
        let name = ("TableName".to_owned(), json!(name));
        schema.chain(stream).chain([name]).collect::<Map<_, _>>().into()
    }

    /// The attribute after whose time an item is deleted, if that is enabled.
    pub fn ttl_attribute(&self) -> Option<String> {
        let ttl = self.table.get("TimeToLiveSpecification")?;
        let enabled = ttl["Enabled"].as_bool()?;
        ttl["AttributeName"].as_str().filter(|_| enabled).map(str::to_owned)
    }

    /// The properties of all resources, by their logical ids.
    pub fn resources(&self) -> &BTreeMap<String, Value> {
        &self.resources
    }

    /// The functions in the order of their logical ids.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// What hands the table's stream to functions.
    pub fn event_source_mappings(&self) -> &[EventSourceMapping] {
        &self.event_source_mappings
    }
}

impl Function {
    fn new(logical_id: &str, own: FunctionProperties, globals: &Globals) -> Result<Self> {
        let (folder, binary) = own.code_uri.rsplit_once('/').unwrap_or_default();
        ensure!(
            folder == "functions",
            "{logical_id}'s CodeUri is {}, not functions/<package>",
            own.code_uri
        );
        let variables = own.environment.variables.into_keys();
        let statements = own.policies.into_iter().flat_map(|policy| policy.statement);
        let granted = statements.filter(|statement| statement.effect == "Allow");
        Ok(Self {
            logical_id: logical_id.to_owned(),
            binary: binary.to_owned(),
            routes: own.events.into_values().filter_map(Event::route).collect(),
            environment: globals
                .function
                .environment
                .variables
                .keys()
                .cloned()
                .chain(variables)
                .collect(),
            actions: granted.flat_map(|statement| statement.action).collect(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    globals: Globals,
    resources: BTreeMap<String, Resource>,
}

impl Document {
    fn resources_of<T: DeserializeOwned>(
        &self,
        kind: &str,
    ) -> impl Iterator<Item = Result<(&str, T)>> {
        self.resources.iter().filter(move |(_, resource)| resource.kind == kind).map(
            |(id, resource)| {
                let properties = T::deserialize(&resource.properties);
                Ok((id.as_str(), properties.with_context(|| format!("resource {id}"))?))
            },
        )
    }
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Properties", default)]
    properties: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Globals {
    function: GlobalFunction,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct GlobalFunction {
    environment: Environment,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FunctionProperties {
    code_uri: String,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    events: BTreeMap<String, Event>,
    #[serde(default)]
    policies: Vec<Policy>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Properties", default)]
    properties: EventProperties,
}

impl Event {
    fn route(self) -> Option<(String, String)> {
        let EventProperties { method, path } = self.properties;
        (self.kind == "HttpApi").then_some((method, path))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EventProperties {
    method: String,
    path: String,
}

impl Default for EventProperties {
    fn default() -> Self {
        Self { method: "ANY".to_owned(), path: "$default".to_owned() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    action: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_created_with_its_keys_and_nothing_that_belongs_elsewhere() {
        let template = Template::load().unwrap();

        assert_eq!(
            template.table("rollcall"),
            json!({
                "TableName": "rollcall",
                "AttributeDefinitions": [
                    { "AttributeName": "pk", "AttributeType": "S" },
                    { "AttributeName": "sk", "AttributeType": "S" },
                ],
                "KeySchema": [
                    { "AttributeName": "pk", "KeyType": "HASH" },
                    { "AttributeName": "sk", "KeyType": "RANGE" },
                ],
                "BillingMode": "PAY_PER_REQUEST",
                "StreamSpecification": {
                    "StreamEnabled": true,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            })
        );
        assert_eq!(template.ttl_attribute().as_deref(), Some("ttl"));
    }

    #[test]
    fn a_function_has_the_name_the_routes_and_the_rights_of_its_resource() {
        let template = Template::parse(
            "
            Globals: { Function: { Environment: { Variables: { ALL: a } } } }
            Resources:
              Table: { Type: AWS::DynamoDB::GlobalTable, Properties: {} }
              Some:
                Type: AWS::Serverless::Function
                Properties:
                  CodeUri: functions/some
                  Environment: { Variables: { OWN: !Ref Table } }
                  Events:
                    One: { Type: HttpApi, Properties: { Method: ANY, Path: /one } }
                    Rest: { Type: HttpApi }
                    Clock: { Type: Schedule, Properties: { Schedule: rate(1 day) } }
                  Policies:
                    - Statement:
                        - { Effect: Allow, Action: ['dynamodb:Query'], Resource: !GetAtt Table.Arn }
                        - { Effect: Deny, Action: ['logs:*'], NotResource: !GetAtt Logs.Arn }
            ",
        )
        .unwrap();

        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let any = |path: &str| ("ANY".to_owned(), path.to_owned());
        assert_eq!(
            template.functions(),
            [Function {
                logical_id: "Some".to_owned(),
                binary: "some".to_owned(),
                routes: [any("/one"), any("$default")].into(),
                environment: set(&["ALL", "OWN"]),
                actions: set(&["dynamodb:Query"]),
            }]
        );
    }
}
