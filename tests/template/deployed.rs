//! The stack that AWS would deploy: template.yaml after SAM's translation.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use devkit::gateway::route::{EmptyRest, choose};
use devkit::template::Template;
use serde_json::Value;
use testkit::{Conditions, source, translate};

/// The translation, made once for all tests.
pub(crate) static DEPLOYED: LazyLock<Deployed> =
    LazyLock::new(|| Deployed::new(translate(&source(), &[]), &Template::load().unwrap()));

/// The translated template.
pub(crate) struct Deployed {
    /// Method and binary of each route of a stack with the defaults, by its path.
    pub(crate) routes: BTreeMap<String, (String, String)>,
    /// The whole of it.
    pub(crate) template: Value,
    resources: BTreeMap<String, Value>,
}

impl Deployed {
    fn new(translated: Value, template: &Template) -> Self {
        let resources: BTreeMap<String, Value> =
            serde_json::from_value(translated["Resources"].clone()).unwrap();
        let binaries = template
            .functions()
            .iter()
            .map(|own| (own.logical_id.as_str(), own.binary.as_str()))
            .collect();
        let stack = Conditions::new(&translated, &[]).resources();
        let apis = stack.values().filter(|resource| resource["Type"] == "AWS::ApiGatewayV2::Api");
        let routes = apis.flat_map(|api| routes(&api["Properties"]["Body"], &binaries)).collect();
        let deployed = Self { routes, template: translated, resources };
        assert!(
            deployed.resources("AWS::ApiGatewayV2::Route").is_empty(),
            "a route would be missed"
        );
        deployed
    }

    /// The route that takes the path, and the binary behind it.
    pub(crate) fn receiver(&self, path: &str, rest: EmptyRest) -> (&str, &str) {
        let route = choose(self.routes.keys().map(String::as_str), path, rest).unwrap();
        (route, &self.routes[route].1)
    }

    /// The resources of one type, by their logical ids.
    pub(crate) fn resources(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let of_kind = self.resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_kind.map(|(id, resource)| (id.as_str(), resource)).collect()
    }

    /// The properties of one resource.
    pub(crate) fn properties(&self, id: &str) -> &Value {
        &self.resources[id]["Properties"]
    }

    /// What the dashboard of a stack with these parameters shows.
    pub(crate) fn dashboard(&self, parameters: &[(&str, &str)]) -> Value {
        let stack = self.stack(parameters);
        let body = &stack["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
        let mut text = body[0].as_str().unwrap().to_owned();
        for (name, value) in body[1].as_object().unwrap() {
            let value = value.get("Fn::Sub").unwrap_or(value).as_str().unwrap();
            text = text.replace(&format!("${{{name}}}"), value);
        }
        serde_json::from_str(&text).unwrap()
    }

    /// The resources of a stack with these parameters, by their logical ids.
    pub(crate) fn stack(&self, parameters: &[(&str, &str)]) -> BTreeMap<String, Value> {
        Conditions::new(&self.template, parameters).resources()
    }
}

/// The routes that API Gateway makes of an API's OpenAPI document.
///
/// It makes none of a path that ends in a slash, and does not say so.
fn routes(body: &Value, binaries: &BTreeMap<&str, &str>) -> Vec<(String, (String, String))> {
    let paths = body["paths"].as_object().unwrap().iter();
    let paths = paths.filter(|(path, _)| *path == "/" || !path.ends_with('/'));
    let operations = paths.flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (path, method, operation))
    });
    operations
        .map(|(path, method, operation)| {
            let binary = binaries[integrated(&operation["x-amazon-apigateway-integration"])];
            (path.clone(), (method.clone(), binary.to_owned()))
        })
        .collect()
}

/// The logical id of the function behind an integration, which is its alias.
fn integrated(integration: &Value) -> &str {
    assert_eq!(integration["payloadFormatVersion"], "2.0");
    let uri = integration["uri"]["Fn::Sub"].as_str().unwrap();
    let (_, function) = uri.split_once("functions/${").unwrap();
    function.strip_suffix("Aliaslive}/invocations").unwrap()
}
