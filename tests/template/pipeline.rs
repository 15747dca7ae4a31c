//! What `pipeline.yaml` gives a pipeline, next to what the stack is.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use testkit::translate;

use crate::{fit, root};

fn pipeline() -> Value {
    translate(&fs::read_to_string(root().join("pipeline.yaml")).unwrap(), &[])
}

fn statements(document: &Value) -> impl Iterator<Item = &Value> {
    document["Statement"].as_array().unwrap().iter()
}

/// The statements that `CloudFormation`'s role has by its policies; those under a condition too.
fn of_execution(pipeline: &Value) -> Vec<Value> {
    let policies = pipeline["Resources"].as_object().unwrap().values();
    let own = policies.filter(|own| own["Properties"]["Roles"][0]["Ref"] == "Execution");
    let all = own.flat_map(|own| statements(&own["Properties"]["PolicyDocument"]));
    all.map(|own| own.get("Fn::If").map_or(own, |chosen| &chosen[1]).clone()).collect()
}

fn actions(statement: &Value) -> Vec<&str> {
    let action = &statement["Action"];
    let one = action.as_str().into_iter();
    one.chain(action.as_array().into_iter().flatten().filter_map(Value::as_str)).collect()
}

#[test]
fn a_pipeline_makes_no_role_without_a_boundary_but_that_of_code_deploy() {
    let pipeline = pipeline();
    let (mut bounded, mut others) = (0, BTreeSet::new());
    for statement in of_execution(&pipeline) {
        let grants = ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy"];
        if !actions(&statement).iter().any(|action| grants.contains(action)) {
            continue;
        }
        let boundary = &statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
        if boundary["Ref"] == "Boundary" {
            bounded += 1;
            continue;
        }
        let role = statement["Resource"]["Fn::Sub"].as_str().unwrap();
        assert!(role.ends_with("role/${StackName}-CodeDeployServiceRole-*"), "{statement}");
        others.extend(actions(&statement).into_iter().map(str::to_owned));
        if actions(&statement) == ["iam:AttachRolePolicy"] {
            let policy = &statement["Condition"]["ArnEquals"]["iam:PolicyARN"]["Fn::Sub"];
            assert!(policy.as_str().unwrap().ends_with("/AWSCodeDeployRoleForLambda"));
        }
    }
    assert_eq!(bounded, 1);
    assert_eq!(others, ["iam:AttachRolePolicy", "iam:CreateRole"].map(str::to_owned).into());
}

#[test]
fn a_pipeline_neither_reads_nor_deletes_what_a_stack_keeps() {
    const FORBIDDEN: [&str; 11] = [
        "dynamodb:BatchGetItem",
        "dynamodb:DeleteItem",
        "dynamodb:DeleteTable",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "kms:ScheduleKeyDeletion",
        "secretsmanager:DeleteSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
    ];
    for statement in of_execution(&pipeline()) {
        for action in actions(&statement) {
            assert!(!action.contains('*') && !FORBIDDEN.contains(&action), "{action}");
        }
    }
}

#[test]
fn a_pipeline_has_no_rights_over_its_own_roles() {
    let pipeline = pipeline();
    for (id, own) in pipeline["Resources"].as_object().unwrap() {
        if ["AWS::IAM::ManagedPolicy", "AWS::IAM::Role"].contains(&own["Type"].as_str().unwrap()) {
            assert_eq!(own["Properties"]["Path"], "/pipeline/", "{id}");
        }
    }
    for statement in of_execution(&pipeline) {
        if actions(&statement).iter().any(|action| action.starts_with("iam:")) {
            let resource = statement["Resource"]["Fn::Sub"].as_str().unwrap();
            let of_service = "role/aws-service-role/ops.apigateway.amazonaws.com/*";
            let is_services_own = actions(&statement) == ["iam:CreateServiceLinkedRole"]
                && resource.ends_with(of_service);
            assert!(resource.contains(":role/${StackName}-") || is_services_own, "{resource}");
        }
    }
}

#[test]
fn a_job_gets_the_role_only_in_its_environment_of_the_repository() {
    let pipeline = pipeline();
    let trust = &pipeline["Resources"]["Deployer"]["Properties"]["AssumeRolePolicyDocument"];
    let all: Vec<_> = statements(trust).collect();
    let [only] = all[..] else { panic!("{all:?}") };

    let claims = &only["Condition"]["StringEquals"];
    let of = |name: &str| &claims[format!("token.actions.githubusercontent.com:{name}")];
    assert_eq!(of("aud"), "sts.amazonaws.com");
    assert_eq!(of("sub")["Fn::Sub"], "repo:${Repository}:environment:${Environment}");
}

/// GitHub names a repository of 2026-07-15 or later with ids that no other one ever gets.
#[test]
fn a_repository_is_named_as_in_the_tokens_of_its_jobs_with_ids_or_without() {
    let pattern = &pipeline()["Parameters"]["Repository"]["AllowedPattern"];
    let right = ["octocat/my-repo", "octocat@123456/my-repo@456789", "octo-cat/my.repo_2"];
    let wrong = [
        "octocat",
        "octocat/",
        "octocat/*",
        "*/my-repo",
        "octocat@/my-repo@456789",
        "octocat@123456/my-repo@x",
        "octocat/my-repo:environment:dev",
        "octocat/my-repo/x",
        "repo:octocat/my-repo",
    ];

    assert_eq!(fit(pattern, &right), [true; 3], "{right:?}");
    assert_eq!(fit(pattern, &wrong), [false; 9], "{wrong:?}");
}

#[test]
fn the_workflow_gives_sam_all_that_the_pipeline_template_puts_out() {
    let workflow = fs::read_to_string(root().join(".github/workflows/deploy-to.yml")).unwrap();
    let page = fs::read_to_string(root().join("docs/pipeline.md")).unwrap();
    let pipeline = pipeline();
    for output in pipeline["Outputs"].as_object().unwrap().values() {
        let description = output["Description"].as_str().unwrap();
        let (_, variable) = description.rsplit_once(", ").unwrap();
        assert!(workflow.contains(&format!("vars.{variable} ")), "{variable}");
        assert!(page.contains(&format!("`{variable}`")), "{variable}");
    }
}
