//! How a new version of a function takes over, and with which settings.

use std::collections::BTreeSet;
use std::process::Command;

use devkit::template::Template;
use devkit::tools::python_tools;
use serde_json::{Value, json};
use testkit::{printed, source, translate};

use crate::deployed::DEPLOYED;
use crate::{fit, root};

/// The function that asks the new versions and is deployed without being asked.
const HOOK: &str = "PreTraffic";

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
fn prod_shifts_a_tenth_first_and_rolls_back_on_the_functions_alarms() {
    for id in asked() {
        let group = |parameters| {
            let stack = DEPLOYED.stack(parameters);
            let group = &stack[&format!("{id}DeploymentGroup")]["Properties"];
            let alarms = group["AlarmConfiguration"]["Alarms"].clone();
            let rolled_back_on = group["AutoRollbackConfiguration"]["Events"].to_string();
            assert!(rolled_back_on.contains("DEPLOYMENT_STOP_ON_ALARM"), "{id}");
            (group["DeploymentConfigName"]["Fn::Sub"][1]["ConfigName"].clone(), alarms)
        };

        let own =
            ["Errors", "Canary"].map(|end| json!({ "Name": { "Ref": format!("{id}{end}") } }));
        let own = json!(own);
        let gradual = (json!("Canary10Percent5Minutes"), own);
        let mail = ("MailFrom", "accounts@example.com");
        let prod = [mail, ("Stage", "prod"), ("Docs", "on"), ("Rollout", "at-once")];
        assert_eq!(group(&prod[..3]), gradual, "{id}");
        let at_once = (json!("AllAtOnce"), Value::Null);
        assert_eq!(group(&prod), at_once, "{id}");
        assert_eq!(group(&prod[..1]), at_once, "{id}");
    }
}

/// One failure among few requests would not show in the alarm on all versions.
#[test]
fn the_canary_alarm_counts_what_the_newest_version_alone_fails_at_and_tells_nobody() {
    let stack =
        DEPLOYED.stack(&[("Stage", "prod"), ("Docs", "on"), ("MailFrom", "accounts@example.com")]);
    for id in asked() {
        let alarm = &stack[&format!("{id}Canary")]["Properties"];
        let filter = &stack[&format!("{id}CanaryFailures")]["Properties"];
        let alias = &stack[&format!("{id}Aliaslive")]["Properties"];
        let version = alias["FunctionVersion"]["Fn::GetAtt"][0].as_str().unwrap();

        let metrics = &alarm["Metrics"];
        let number = json!({ "Fn::GetAtt": [version, "Version"] });
        let executed = json!({ "Name": "ExecutedVersion", "Value": number });
        assert_eq!(metrics[1]["MetricStat"]["Metric"]["Dimensions"][2], executed, "{id}");
        let pattern =
            format!("{{ $.level = \"ERROR\" && $.version = \"${{{version}.Version}}\" }}");
        assert_eq!(filter["FilterPattern"], json!({ "Fn::Sub": pattern }));
        assert_eq!(filter["LogGroupName"], json!({ "Ref": format!("{id}Logs") }));
        let counted = &filter["MetricTransformations"][0];
        assert_eq!(counted["DefaultValue"], 0);
        assert_eq!(metrics[2]["MetricStat"]["Metric"]["MetricName"], counted["MetricName"]);
        assert_eq!((&alarm["DatapointsToAlarm"], &alarm["Threshold"]), (&json!(1), &json!(1)));
        assert!(alarm.get("AlarmActions").is_none(), "{id}");
    }
}

#[test]
fn the_newest_versions_are_asked_before_any_gets_traffic_unless_at_once() {
    for (given, is_asked) in [
        (&[("Stage", "prod")][..], true),
        (&[("Stage", "dev")], true),
        (&[("Stage", "prod"), ("Rollout", "at-once")], false),
    ] {
        let stack = DEPLOYED
            .stack(&[given, &[("MailFrom", "accounts@example.com"), ("Docs", "on")]].concat());
        for id in asked() {
            let policy = &stack[&format!("{id}Aliaslive")]["UpdatePolicy"];
            let hook = policy["CodeDeployLambdaAliasUpdate"].get("BeforeAllowTrafficHook");
            let expected = json!({ "Ref": HOOK });
            assert_eq!(hook, is_asked.then_some(&expected), "{id} {given:?}");
        }
        assert!(stack[&format!("{HOOK}Aliaslive")].get("UpdatePolicy").is_none());
    }
    // The managed policy of CodeDeploy's role allows these alone.
    let name = DEPLOYED.properties(HOOK)["FunctionName"]["Fn::Sub"].as_str().unwrap();
    assert!(name.starts_with("CodeDeployHook_"), "{name}");
}

#[test]
fn the_hook_knows_and_may_call_the_newest_version_of_every_function_with_a_route() {
    let template = Template::load().unwrap();
    for docs in ["on", "off"] {
        let stack = DEPLOYED.stack(&[("Docs", docs)]);
        let routed = template.functions().iter().filter(|own| !own.routes.is_empty());
        let routed = routed.filter(|own| stack.contains_key(&own.logical_id));
        let (mut named, mut called) = (BTreeSet::new(), BTreeSet::new());
        for function in routed {
            let alias = &stack[&format!("{}Aliaslive", function.logical_id)]["Properties"];
            let version = alias["FunctionVersion"]["Fn::GetAtt"][0].as_str().unwrap();
            named.insert(format!("{}=${{{version}}}", function.binary));
            called.insert(format!("${{{}.Arn}}:*", function.logical_id));
        }

        let variables = &stack[HOOK]["Properties"]["Environment"]["Variables"];
        let versions = &variables["NEW_VERSIONS"]["Fn::Sub"];
        let more = &versions[1]["More"];
        let more = more.get("Fn::Sub").unwrap_or(more).as_str().unwrap();
        let versions = versions[0].as_str().unwrap().replace("${More}", more);
        assert_eq!(versions.split(' ').map(str::to_owned).collect::<BTreeSet<_>>(), named);
        let role = &stack[&format!("{HOOK}Role")]["Properties"];
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap();
        let calls = statements.iter().find(|own| own["Action"] == json!(["lambda:InvokeFunction"]));
        let allowed = calls.unwrap()["Resource"].as_array().unwrap().iter();
        let allowed: BTreeSet<_> =
            allowed.map(|own| own["Fn::Sub"].as_str().unwrap().to_owned()).collect();
        assert_eq!(allowed, called);
    }
}

/// Every literal among them is part of the name of every version: a tag or another number would
/// deploy all functions anew.
#[test]
fn what_all_functions_share_has_no_tags_and_no_literal_concurrency() {
    let text = source();
    let (_, globals) = text.split_once("\nGlobals:\n").unwrap();
    let (globals, _) = globals.split_once("\nResources:\n").unwrap();
    let settings: Vec<_> =
        globals.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(':')).collect();

    assert!(settings.len() > 5, "{settings:?}");
    for (name, value) in settings {
        let name = name.trim();
        assert_ne!(name, "Tags");
        assert!(!name.contains("Concurren") || value.trim().starts_with("!If"), "{name}");
    }
}

#[test]
fn every_role_of_the_stack_takes_the_given_boundary() {
    let arn = "arn:aws:iam::111111111111:policy/bounds";
    let vault = ("BackupRegionVault", "arn:aws:backup:eu-west-1:111111111111:backup-vault:x");
    for (parameter, boundary) in [("", None), (arn, Some(json!(arn)))] {
        let stack = DEPLOYED.stack(&[("PermissionsBoundary", parameter), vault]);
        let roles = stack.iter().filter(|(_, own)| own["Type"] == "AWS::IAM::Role");

        // SAM makes this one, and takes no boundary for it.
        for (id, role) in roles.filter(|(id, _)| *id != "CodeDeployServiceRole") {
            assert_eq!(role["Properties"].get("PermissionsBoundary"), boundary.as_ref(), "{id}");
        }
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
        "AccentColor",
        "AuditRetentionDays",
        "DomainName",
        "ExistingServiceKey",
        "ExistingTable",
        "Logo",
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

/// Lambda makes no version of a function that is as before, and `CloudFormation` fails then: so one
/// does not change without the other.
#[test]
fn a_description_of_a_version_changes_just_when_its_function_does() {
    let domain = ("DomainName", "accounts.example.com");
    let certificate = ("CertificateArn", "arn:aws:acm:eu-west-1:111111111111:certificate/x");
    let same = ("PublicUrl", "https://accounts.example.com");
    let proxy = ("PublicUrl", "https://proxy.example.com");
    let mail = ("MailFrom", "accounts@example.com");
    let docs = ("Docs", "on");
    let given: [&[(&str, &str)]; 15] = [
        &[docs],
        &[docs, domain, certificate],
        &[docs, domain],
        &[docs, same],
        &[docs, domain, certificate, same],
        &[docs, proxy],
        &[docs, domain, certificate, proxy],
        &[docs, domain, certificate, mail],
        &[docs, domain, certificate, proxy, mail],
        &[docs, ("ExistingTable", "restored")],
        &[docs, ("ExistingServiceKey", "key")],
        &[docs, ("AuditRetentionDays", "9")],
        &[docs, ("AccentColor", "#0b6e4f")],
        &[docs, ("Logo", "01234567.PHN2Zz4=")],
        &[docs, ("Logo", "89abcdef.PHN2Zy8+")],
    ];
    let deployed = given.map(|given| (given, DEPLOYED.stack(given)));
    for id in functions() {
        let alias = DEPLOYED.properties(&format!("{id}Aliaslive"));
        let version = alias["FunctionVersion"]["Fn::GetAtt"][0].as_str().unwrap();
        let made = deployed.iter().filter_map(|(given, stack)| {
            let environment = &stack.get(&id)?["Properties"]["Environment"];
            let description = &stack[version]["Properties"]["Description"];
            Some((given, filled(environment, given), filled(description, given)))
        });
        let made: Vec<_> = made.collect();

        for (before, environment, description) in &made {
            for (after, new_environment, new_description) in &made {
                assert_eq!(
                    environment == new_environment,
                    description == new_description,
                    "{id}: {before:?} {after:?}"
                );
            }
        }
    }
}

/// The value as a text, with what its `Fn::Sub` take from these parameters.
fn filled(value: &Value, given: &[(&str, &str)]) -> String {
    if let Some(part) = value.get("Fn::Select") {
        let index = usize::try_from(part[0].as_u64().unwrap()).unwrap();
        let split = &part[1]["Fn::Split"];
        let (mark, whole) = (split[0].as_str().unwrap(), split[1].as_str().unwrap());
        return json!(whole.split(mark).nth(index).unwrap()).to_string();
    }
    let Some(template) = value.get("Fn::Sub") else {
        let Some(entries) = value.as_object() else { return value.to_string() };
        let parts = entries.iter().map(|(name, own)| format!("{name}={}", filled(own, given)));
        return parts.collect::<Vec<_>>().join(" ");
    };
    let mut text = template.get(0).unwrap_or(template).as_str().unwrap().to_owned();
    for (name, own) in template.get(1).and_then(Value::as_object).into_iter().flatten() {
        text = text.replace(&format!("${{{name}}}"), &filled(own, given));
    }
    for (name, own) in given {
        text = text.replace(&format!("${{{name}}}"), own);
    }
    // As a text without a function is printed.
    json!(text).to_string()
}

/// Lambda takes 256 characters.
#[test]
fn the_parameters_page_says_how_long_the_names_in_a_description_may_be() {
    let versions = DEPLOYED.resources("AWS::Lambda::Version").into_values();
    let descriptions = versions
        .filter_map(|version| {
            let text = &version["Properties"]["Description"]["Fn::Sub"];
            text.get(0).unwrap_or(text).as_str()
        })
        .collect::<Vec<_>>();
    let least_room = |has_service_name: bool| {
        let of_kind =
            descriptions.iter().filter(|text| text.contains("${ServiceName}") == has_service_name);
        of_kind.map(|text| room(text)).min().unwrap()
    };

    let page = std::fs::read_to_string(root().join("docs/parameters.md")).unwrap();
    let (without, with) = (least_room(false), least_room(true));
    let told = format!("{without} characters together, and at most {with} with `ServiceName`");
    assert!(page.contains(&told), "{told}");
}

/// How many characters a description leaves to those parameters whose length varies most.
fn room(description: &str) -> usize {
    let mut parts = description.split("${");
    let first = parts.next().unwrap().len();
    let rest = parts.map(|part| {
        let (name, text) = part.split_once('}').unwrap();
        text.len() + most_characters(name)
    });
    256 - first - rest.sum::<usize>()
}

fn most_characters(name: &str) -> usize {
    let parameter = &DEPLOYED.template["Parameters"][name];
    let of_one_length = [("SealingPublicKey", 44), ("AccentColor", 7), ("LogoDigits", 8)];
    if let Some((_, length)) = of_one_length.iter().find(|(own, _)| *own == name) {
        return *length;
    }
    let values = parameter["AllowedValues"].as_array().into_iter().flatten();
    let longest = values.map(|own| own.as_str().unwrap().len()).max();
    let digits = || parameter["MaxValue"].as_u64().map(|most| most.to_string().len());
    longest.or_else(digits).unwrap_or(0)
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
            &["http://localhost:3000", "http://127.0.0.1", "https://app.example.com:80"][..],
            &[
                "https://app.example.com:443",
                "http://localhost:80",
                "http://app.example.com",
                "http://localhost.example.com",
            ][..],
        ),
        ("PublicUrl", &[], &["http://localhost:3000"]),
    ] {
        let pattern = &DEPLOYED.template["Parameters"][name]["AllowedPattern"];

        let right = [&right[..], more_right].concat();
        let wrong = [&wrong[..], more_wrong].concat();
        assert_eq!(fit(pattern, &right), vec![true; right.len()], "{name}: {right:?}");
        assert_eq!(fit(pattern, &wrong), vec![false; wrong.len()], "{name}: {wrong:?}");
    }
}

#[test]
fn a_colour_and_a_logo_are_of_the_form_that_functions_take() {
    for (name, right, wrong) in [
        (
            "AccentColor",
            &["", "#0b6e4f", "#ABCDEF"][..],
            &["0b6e4f", "#0b6", "#0b6e4f ", "#0b6e4g", "navy", "#0b6e4f;"][..],
        ),
        (
            "Logo",
            &["", "01234567.PHN2Zz4=", "89abcdef.PHN2Zy8+"],
            &["PHN2Zz4=", "0123456.PHN2Zz4=", "01234567.", "01234567.<svg/>", "01234567.PH N2"],
        ),
    ] {
        let pattern = &DEPLOYED.template["Parameters"][name]["AllowedPattern"];
        assert_eq!(fit(pattern, right), vec![true; right.len()], "{name}: {right:?}");
        assert_eq!(fit(pattern, wrong), vec![false; wrong.len()], "{name}: {wrong:?}");
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

/// The functions whose new versions are asked before they get traffic.
fn asked() -> impl Iterator<Item = String> {
    functions().into_iter().filter(|id| id != HOOK)
}

fn functions() -> Vec<String> {
    Template::load().unwrap().functions().iter().map(|own| own.logical_id.clone()).collect()
}
