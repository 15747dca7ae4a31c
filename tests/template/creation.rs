//! The stack as `moto`'s `CloudFormation` creates it, which stands in for Amazon's as far as it
//! goes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::script;

use crate::deployed::DEPLOYED;

/// What moto does not support, and why.
const LEFT_OUT: [(&str, &str); 13] = [
    ("AWS::ApiGatewayV2::Api", "not in its CloudFormation"),
    ("AWS::ApiGatewayV2::ApiMapping", "not in its CloudFormation"),
    ("AWS::ApiGatewayV2::DomainName", "not in its CloudFormation"),
    ("AWS::ApiGatewayV2::Stage", "not in its CloudFormation"),
    ("AWS::CloudWatch::Alarm", "not in its CloudFormation"),
    ("AWS::CodeDeploy::Application", "not in its CloudFormation"),
    ("AWS::CodeDeploy::DeploymentGroup", "not in its CloudFormation"),
    ("AWS::Events::Rule", "its target is an alias, of which there is none"),
    ("AWS::Lambda::Alias", "not in its CloudFormation"),
    ("AWS::Lambda::Permission", "it names an alias, of which there is none"),
    ("AWS::Logs::MetricFilter", "not in its CloudFormation"),
    ("AWS::SNS::Subscription", "not in its CloudFormation"),
    ("AWS::SecretsManager::Secret", "not in its CloudFormation"),
];

#[test]
fn every_resource_that_moto_supports_is_created() {
    let kinds = LEFT_OUT.map(|(kind, _)| kind);
    for (stage, key) in [("dev", ""), ("prod", "create")] {
        let given = [
            ("SealingPublicKey", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
            ("Stage", stage),
            ("CustomerKey", key),
            ("LogRetentionDays", "7"),
        ];
        let parameters = given.map(|(name, value)| format!("{name}={value}"));
        let arguments: Vec<_> = [kinds.join(",")].into_iter().chain(parameters).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();

        let created = script("create.py", &arguments, &DEPLOYED.template.to_string());

        let created: Value = serde_json::from_str(&created).unwrap();
        let stack = DEPLOYED.stack(&given);
        let expected: BTreeSet<_> = stack
            .iter()
            .filter(|(_, resource)| kinds.iter().all(|kind| resource["Type"] != *kind))
            .map(|(id, _)| id.as_str())
            .collect();
        assert_eq!(created["status"], "CREATE_COMPLETE", "{stage}");
        let made = created["made"].as_array().unwrap().iter();
        assert_eq!(made.map(|id| id.as_str().unwrap()).collect::<BTreeSet<_>>(), expected);
        assert_eq!(created["keySchema"], stack["Table"]["Properties"]["KeySchema"]);
        assert_eq!(created["isProtected"], true);
        let retention = created["retention"].as_object().unwrap();
        assert!(retention.values().all(|days| days == &json!(7)), "{retention:?}");
    }
}
