//! How a new version of a function takes over, and with which settings.

use std::collections::BTreeSet;
use std::process::Command;

use devkit::template::Template;
use devkit::tools::python_tools;
use serde_json::{Value, json};
use testkit::{printed, source, translate};

use crate::deployed::DEPLOYED;
use crate::root;

/// The parameters that every stack must be given.
const NEEDED: [&str; 1] = ["SealingPublicKey"];

#[test]
fn every_function_is_called_through_its_alias_which_names_its_version() {
    for id in functions() {
        let alias = DEPLOYED.properties(&format!("{id}Aliaslive"));

        assert_eq!(alias["FunctionName"], json!({ "Ref": id }));
        let version = alias["FunctionVersion"]["Fn::GetAtt"][0].as_str().unwrap();
        assert_eq!(DEPLOYED.properties(version)["FunctionName"], json!({ "Ref": id }));
    }
}

#[test]
fn prod_shifts_a_tenth_first_and_rolls_back_on_the_functions_alarm() {
    for id in functions() {
        let group = |parameters| {
            let stack = DEPLOYED.stack(parameters);
            let group = &stack[&format!("{id}DeploymentGroup")]["Properties"];
            let alarms = group["AlarmConfiguration"]["Alarms"].clone();
            let rolled_back_on = group["AutoRollbackConfiguration"]["Events"].to_string();
            assert!(rolled_back_on.contains("DEPLOYMENT_STOP_ON_ALARM"), "{id}");
            (group["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"].clone(), alarms)
        };

        let own = json!([{ "Name": { "Ref": format!("{id}Errors") } }]);
        let gradual = (json!("Canary10Percent5Minutes"), own);
        let mail = ("MailFrom", "accounts@example.com");
        let prod = [mail, ("Stage", "prod"), ("Docs", "on"), ("Rollout", "at-once")];
        assert_eq!(group(&prod[..3]), gradual, "{id}");
        let at_once = (json!("AllAtOnce"), Value::Null);
        assert_eq!(group(&prod), at_once, "{id}");
        assert_eq!(group(&prod[..1]), at_once, "{id}");
    }
}

#[test]
fn a_changed_setting_makes_a_new_version_of_every_function() {
    let changed = source().replace("    Timeout: 10\n", "    Timeout: 11\n");
    // The functions without a route have their own.
    let changed = changed.replace("      Timeout: 300\n", "      Timeout: 301\n");
    let changed = changed.replace("      Timeout: 60\n", "      Timeout: 61\n");

    let before = versions(&DEPLOYED.template);
    let after = versions(&translate(&changed, &[]));
    assert_eq!(before.len(), functions().len());
    assert_eq!(after.len(), before.len());
    assert!(before.is_disjoint(&after), "{after:?}");
}

/// SAM names a version after the template's text, so another value of a parameter alone makes none.
/// `CloudFormation` does when the version's description changes.
#[test]
fn a_parameter_that_a_version_depends_on_is_in_its_description() {
    let parameters = DEPLOYED.template["Parameters"].as_object().unwrap();
    let reaching = |value: &Value| -> BTreeSet<String> {
        let text = value.to_string();
        let names = parameters.keys().filter(|name| {
            text.contains(&format!("\"Ref\":\"{name}\"")) || text.contains(&format!("${{{name}}}"))
        });
        names.cloned().collect()
    };
    let mut stored = BTreeSet::new();
    for id in functions() {
        let mut properties = DEPLOYED.properties(&id).clone();
        // It belongs to the function and not to a version.
        properties.as_object_mut().unwrap().remove("ReservedConcurrentExecutions");
        let alias = DEPLOYED.properties(&format!("{id}Aliaslive"));
        let version = alias["FunctionVersion"]["Fn::GetAtt"][0].as_str().unwrap();

        let own = reaching(&properties);
        assert_eq!(reaching(&DEPLOYED.properties(version)["Description"]), own, "{id}");
        stored.extend(own);
    }
    let depended_on = [
        "AuditRetentionDays",
        "DomainName",
        "MailFrom",
        "PublicUrl",
        "RequireCurrentPassword",
        "SealingPublicKey",
        "ServiceName",
        "SignUp",
        "SignedQuery",
    ];
    assert_eq!(stored, depended_on.map(str::to_owned).into());
}

#[test]
fn concurrency_is_reserved_for_each_function_only_on_request() {
    for id in functions() {
        let mail = ("MailFrom", "accounts@example.com");
        let reserved = |parameter: Option<(&str, &str)>| {
            let given: Vec<_> = parameter.into_iter().chain([mail]).collect();
            let stack = DEPLOYED.stack(&given);
            stack[&id]["Properties"].get("ReservedConcurrentExecutions").cloned()
        };

        assert_eq!(reserved(None), None, "{id}");
        assert_eq!(reserved(Some(("ReservedConcurrency", "5"))), Some(json!("5")), "{id}");
    }
}

#[test]
fn each_samconfig_environment_has_its_own_stack_and_valid_parameters() {
    let config = samconfig();
    let parameters = &DEPLOYED.template["Parameters"];
    let mut stacks = BTreeSet::new();
    for (environment, stage) in [("default", "dev"), ("dev", "dev"), ("prod", "prod")] {
        let own = &config[environment];
        let given = own["deploy"]["parameters"]["parameter_overrides"].as_array().unwrap();
        let given: Vec<_> =
            given.iter().map(|text| text.as_str().unwrap().split_once('=').unwrap()).collect();

        assert!(given.contains(&("Stage", stage)), "{environment}");
        for (name, value) in given {
            assert!(!NEEDED.contains(&name), "{environment}: {name} is the operator's own");
            let allowed = parameters[name]["AllowedValues"].as_array();
            assert!(parameters[name].is_object(), "{environment}: {name}");
            assert!(
                allowed.is_none_or(|all| all
                    .iter()
                    .any(|one| one.to_string().trim_matches('"') == value)),
                "{environment}: {name}={value}"
            );
        }
        stacks.insert(own["global"]["parameters"]["stack_name"].to_string());
    }
    assert_eq!(stacks.len(), 3);
}

#[test]
fn the_sealing_key_is_the_only_required_parameter() {
    let parameters = DEPLOYED.template["Parameters"].as_object().unwrap();

    let needed = parameters.iter().filter(|(_, own)| own.get("Default").is_none());
    assert_eq!(needed.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), NEEDED);
}

#[test]
fn a_url_among_the_parameters_is_an_origin_as_browsers_write_it() {
    const PROGRAM: &str = "import json, re, sys; pattern, texts = json.load(sys.stdin); \
                           print(json.dumps([bool(re.search(pattern, own)) for own in texts]))";
    let right = ["", "https://app.example.com", "https://app-1.example.com:8443"];
    let wrong = [
        "https://",
        "https://:443",
        "https://app.example.com/",
        "https://app.example.com?x",
        "https://app.example.com#x",
        "https://app.example.com:",
        "https://app.example.com:08443",
        "https://app.example.com:123456",
        "https://App.example.com",
        "HTTPS://app.example.com",
        "https://app example.com",
        "https://app.example.com https://b.example.com",
        "https://app.example.com,https://b.example.com",
        "https://user@app.example.com",
        "https://app.ex\u{e4}mple.com",
        "https://*.example.com",
        "*",
        "ftp://app.example.com",
        "app.example.com",
    ];
    for (name, more_right, more_wrong) in [
        (
            "AllowedOrigin",
            &["http://localhost:3000", "https://app.example.com:80", "http://a.example:443"][..],
            &["https://app.example.com:443", "http://localhost:80"][..],
        ),
        ("PublicUrl", &[], &["http://localhost:3000"]),
    ] {
        let pattern = &DEPLOYED.template["Parameters"][name]["AllowedPattern"];
        let of = |texts: &[&str]| -> Vec<bool> {
            let mut python = Command::new(python_tools().unwrap().join("python"));
            let input = json!([pattern, texts]).to_string();
            serde_json::from_str(&printed(python.args(["-c", PROGRAM]), &input)).unwrap()
        };

        let right = [&right[..], more_right].concat();
        let wrong = [&wrong[..], more_wrong].concat();
        assert_eq!(of(&right), vec![true; right.len()], "{name}: {right:?}");
        assert_eq!(of(&wrong), vec![false; wrong.len()], "{name}: {wrong:?}");
    }
}

#[test]
fn the_translated_template_passes_cfn_lint() {
    let mut lint = Command::new(python_tools().unwrap().join("cfn-lint"));
    lint.args(["--regions", "us-east-1", "eu-central-1"]);
    // SAM repeats a function's condition at every level of its paths.
    lint.args(["--ignore-checks", "W1028"]);
    lint.current_dir(root());

    assert_eq!(printed(&mut lint, &DEPLOYED.template.to_string()).trim(), "");
    assert!(!source().contains("ignore_checks"));
}

fn samconfig() -> Value {
    let mut python = Command::new(python_tools().unwrap().join("python"));
    let program = "import json, sys, tomlkit; print(json.dumps(tomlkit.parse(sys.stdin.read())))";
    let text = std::fs::read_to_string(root().join("samconfig.toml")).unwrap();
    serde_json::from_str(&printed(python.args(["-c", program]), &text)).unwrap()
}

fn versions(template: &Value) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().unwrap().iter();
    let versions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Version");
    versions.map(|(id, _)| id.clone()).collect()
}

fn functions() -> Vec<String> {
    Template::load().unwrap().functions().iter().map(|own| own.logical_id.clone()).collect()
}
