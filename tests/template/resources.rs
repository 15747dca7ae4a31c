//! The functions, what they may do, and the table.

use std::collections::{BTreeMap, BTreeSet};

use devkit::template::{Function, Template};
use serde_json::{Value, json};

use crate::deployed::DEPLOYED;
use crate::{metadata, root};

#[test]
fn every_function_is_the_one_binary_of_its_package_in_functions() {
    let deployed: BTreeSet<_> = functions().into_iter().map(|function| function.binary).collect();

    let folder = root().join("functions");
    let packages = metadata()["packages"].as_array().unwrap().clone();
    let ours = packages.iter().filter(|package| {
        let manifest = package["manifest_path"].as_str().unwrap();
        std::path::Path::new(manifest).starts_with(&folder)
    });
    let built: BTreeSet<_> = ours.map(|package| binary_of(package, &folder)).collect();
    assert_eq!(deployed, built);
}

/// The name of the only binary, which the package and its folder bear as well.
fn binary_of(package: &Value, folder: &std::path::Path) -> String {
    let name = package["name"].as_str().unwrap();
    let manifest = folder.join(name).join("Cargo.toml");
    let binaries = package["targets"].as_array().unwrap().iter();
    let binaries: Vec<_> = binaries.filter(|target| target["kind"] == json!(["bin"])).collect();
    assert_eq!(package["manifest_path"], manifest.to_str().unwrap());
    assert_eq!(binaries.len(), 1, "{name}");
    assert_eq!(binaries[0]["name"], name);
    name.to_owned()
}

#[test]
fn every_function_runs_the_custom_runtime_on_arm64() {
    for (id, function) in DEPLOYED.resources("AWS::Lambda::Function") {
        let properties = &function["Properties"];

        assert_eq!(properties["Runtime"], "provided.al2023", "{id}");
        assert_eq!(properties["Architectures"], json!(["arm64"]), "{id}");
        assert_eq!(properties["Handler"], "bootstrap", "{id}");
    }
}

#[test]
fn a_policy_allows_only_single_actions_each_on_the_one_resource_that_it_is_for() {
    let only = |kind| DEPLOYED.resources(kind).into_keys().next().unwrap();
    let table_or = |attribute: &str, existing: &Value| {
        let own = json!({ "Fn::GetAtt": [only("AWS::DynamoDB::GlobalTable"), attribute] });
        json!({ "Fn::If": ["MakesTable", own, existing] })
    };
    let named = |text: &str| json!({ "Fn::Sub": text });
    let in_account = |service: &str, rest: &str| {
        format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}")
    };
    let existing = in_account("dynamodb", "table/${ExistingTable}");
    // The old one too, which versions that are live use while the stack takes over another.
    let old = in_account("dynamodb", "table/${AWS::StackName}-*");
    let table = table_or("Arn", &json!([named(&existing), named(&old)]));
    let stream = format!("{existing}/stream/${{ExistingTableStream}}");
    let stream = table_or("StreamArn", &named(&stream));
    let queues = ["MailFeedbackLeftOver", "MailerLeftOver"];
    assert_eq!(DEPLOYED.resources("AWS::SQS::Queue").into_keys().collect::<Vec<_>>(), queues);
    let secret = in_account("secretsmanager", "secret:${ExistingServiceKey}-??????");
    let own = json!({ "Ref": only("AWS::SecretsManager::Secret") });
    let service_key = json!({ "Fn::If": ["MakesServiceKey", own, { "Fn::Sub": secret }] });
    let application = "deploymentgroup:${ServerlessDeploymentApplication}/*";
    let deployments = json!({ "Fn::Sub": in_account("codedeploy", application) });

    for (role, statement) in granted_by_role() {
        let queue = json!({ "Fn::GetAtt": [role.replace("Role", "LeftOver"), "Arn"] });
        for action in statement["Action"].as_array().unwrap() {
            let (service, action) = action.as_str().unwrap().split_once(':').unwrap();
            let resource = match (service, action) {
                (
                    "dynamodb",
                    "DescribeStream" | "GetRecords" | "GetShardIterator" | "ListStreams",
                ) => &stream,
                ("dynamodb", _) => &table,
                ("secretsmanager", "GetSecretValue") => &service_key,
                ("sqs", "SendMessage") => &queue,
                ("codedeploy", "PutLifecycleEventHookExecutionStatus") => &deployments,
                // Which functions, another test says.
                ("lambda", "InvokeFunction") => continue,
                // Where from decides, and not with which identity.
                ("ses", "SendEmail" | "SendRawEmail") => {
                    let from = json!({ "ses:FromAddress": { "Ref": "MailFrom" } });
                    assert_eq!(statement["Condition"], json!({ "StringEquals": from }));
                    continue;
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(&statement["Resource"], resource, "{statement}");
            assert!(action.chars().all(char::is_alphanumeric), "{action}");
            assert_ne!(action, "Scan");
        }
    }
}

#[test]
fn a_role_has_its_policies_and_may_log_and_trace() {
    // SAM adds the second one to every traced function; it allows writing traces and reading
    // sampling rules, neither of which IAM can restrict to one function.
    const MANAGED: [&str; 2] = [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
    ];
    let roles = roles_of_functions();

    assert_eq!(roles.len(), functions().len());
    for (id, role) in roles {
        assert_eq!(role["Properties"]["ManagedPolicyArns"], json!(MANAGED), "{id}");
    }
    assert!(DEPLOYED.resources("AWS::IAM::Policy").is_empty());
}

#[test]
fn a_function_logs_to_its_own_group_and_to_no_other() {
    for Function { logical_id, binary, .. } in functions() {
        let role = &DEPLOYED.resources("AWS::IAM::Role")[format!("{logical_id}Role").as_str()];
        let (granted, denied): (Vec<_>, Vec<_>) =
            statements(role).into_iter().partition(|statement| statement["Effect"] == "Allow");

        let own = json!({ "Fn::GetAtt": [format!("{logical_id}Logs"), "Arn"] });
        let others = json!({ "Effect": "Deny", "Action": ["logs:*"], "NotResource": own });
        let new_groups =
            json!({ "Effect": "Deny", "Action": ["logs:CreateLogGroup"], "Resource": "*" });
        let of_logs: Vec<_> = denied.iter().filter(|one| one["Condition"].is_null()).collect();
        assert_eq!(of_logs, [&&others, &&new_groups], "{binary}");
        assert!(granted.iter().all(|statement| !statement["Action"].to_string().contains("logs:")));
    }
}

#[test]
fn no_function_changes_or_deletes_an_entry_of_an_audit_log() {
    let denied = |actions: &[&str], condition: Value| {
        json!({
            "Effect": "Deny",
            "Action": actions,
            "Resource": "*",
            "Condition": condition,
        })
    };
    let logs = json!({ "dynamodb:LeadingKeys": ["AUDIT#*"] });
    let known = json!({ "dynamodb:LeadingKeys": "false" });
    let expected = [
        denied(&["dynamodb:BatchWriteItem"], json!({ "ForAnyValue:StringLike": logs })),
        denied(
            &["dynamodb:DeleteItem", "dynamodb:UpdateItem"],
            json!({ "ForAllValues:StringLike": logs, "Null": known }),
        ),
    ];
    for Function { logical_id, binary, environment, .. } in functions() {
        let role = &DEPLOYED.resources("AWS::IAM::Role")[format!("{logical_id}Role").as_str()];
        let found = statements(role).into_iter().filter(|own| expected.contains(own)).count();
        assert_eq!(found == expected.len(), environment.contains("TABLE_NAME"), "{binary}");
    }
}

#[test]
fn only_functions_deployments_and_backups_have_roles_that_do_just_that() {
    let roles = DEPLOYED.resources("AWS::IAM::Role");
    let others: BTreeSet<_> =
        roles.keys().copied().filter(|id| !roles_of_functions().contains_key(id)).collect();

    assert_eq!(others, ["BackupRole", "CodeDeployServiceRole"].into());
    let backups = &roles["BackupRole"]["Properties"];
    let principal = &backups["AssumeRolePolicyDocument"]["Statement"][0]["Principal"];
    assert_eq!(principal["Service"], "backup.amazonaws.com");
    assert_eq!(backups["ManagedPolicyArns"].as_array().unwrap().len(), 1);
    assert!(statements(roles["BackupRole"]).is_empty());
    let role = &roles["CodeDeployServiceRole"]["Properties"];
    let managed = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda";
    assert_eq!(role["ManagedPolicyArns"], json!([managed]));
    assert!(statements(roles["CodeDeployServiceRole"]).is_empty());
}

#[test]
fn a_function_may_use_the_table_exactly_if_it_has_its_name() {
    for function in functions() {
        let role =
            DEPLOYED.resources("AWS::IAM::Role")[format!("{}Role", function.logical_id).as_str()];
        let granted: BTreeSet<_> = granted(role)
            .iter()
            .flat_map(|statement| statement["Action"].as_array().unwrap())
            .map(|action| action.as_str().unwrap().to_owned())
            .collect();

        assert_eq!(
            function.environment.contains("TABLE_NAME"),
            granted.iter().any(|action| action.starts_with("dynamodb:")),
            "{}",
            function.binary
        );
        assert_eq!(function.actions, granted, "{}", function.binary);
    }
}

#[test]
fn no_function_is_built_with_what_only_the_operator_does() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    for function in functions() {
        let package = packages.iter().find(|package| package["name"] == *function.binary).unwrap();
        let dependencies = package["dependencies"].as_array().unwrap();
        let features = dependencies.iter().filter(|own| own["kind"].is_null());
        let mut features = features.flat_map(|own| own["features"].as_array().unwrap());
        assert!(features.all(|own| own != "operator"), "{}", function.binary);
    }
}

#[test]
fn functions_with_the_table_have_the_service_key_and_hashing_ones_more_memory() {
    let packages = metadata()["packages"].as_array().unwrap().clone();
    for function in functions() {
        let package = packages.iter().find(|package| package["name"] == *function.binary).unwrap();
        let dependencies = package["dependencies"].as_array().unwrap();
        let shared = dependencies.iter().find(|own| own["name"] == "shared").unwrap();
        let features = shared["features"].as_array().unwrap();
        let knows = |name| function.environment.contains(name);

        // The sweep and the feedback have no requests to repeat; OAuth's take no key.
        let others = ["hub-oauth", "mail-feedback", "sweep"];
        let has_requests = !others.contains(&function.binary.as_str());
        let responds = knows("TABLE_NAME") && has_requests;
        assert_eq!(responds, knows("SERVICE_KEY_SECRET"), "{}", function.binary);
        let hashes = DEPLOYED.resources("AWS::Lambda::Function")[function.logical_id.as_str()]["Properties"]
            ["MemorySize"]
            == 1024;
        let takes_passwords = features.iter().any(|own| own == "password");
        assert_eq!(takes_passwords, hashes, "{}", function.binary);
    }
}

#[test]
fn only_the_functions_that_seal_passwords_have_the_public_key() {
    let sealing =
        functions().into_iter().filter(|own| own.environment.contains("SEALING_PUBLIC_KEY"));

    let names: Vec<_> = sealing.map(|function| function.binary).collect();
    assert_eq!(names, ["pages", "quave-accounts", "rollcall-accounts"]);
    let page = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let told = page.lines().find(|line| line.starts_with("The functions that seal, ")).unwrap();
    assert!(names.iter().all(|name| told.contains(&format!("`{name}`"))), "{told}");
}

#[test]
fn the_table_can_be_restored_and_is_protected_from_deletion() {
    let tables = DEPLOYED.resources("AWS::DynamoDB::GlobalTable");
    let table = tables.values().next().unwrap();
    let properties = &table["Properties"];
    let [replica] = &properties["Replicas"].as_array().unwrap()[..] else { panic!() };
    let backups = &replica["PointInTimeRecoverySpecification"];

    assert_eq!(tables.len(), 1);
    assert_eq!(replica["Region"], json!({ "Ref": "AWS::Region" }));
    assert_eq!(backups["PointInTimeRecoveryEnabled"], true);
    assert_eq!(replica["DeletionProtectionEnabled"], true);
    assert_eq!(table["DeletionPolicy"], "Retain");
    assert_eq!(table["UpdateReplacePolicy"], "Retain");
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(
        properties["TimeToLiveSpecification"],
        json!({ "AttributeName": "ttl", "Enabled": true })
    );
}

#[test]
fn table_service_key_and_logs_are_encrypted_with_the_requested_key() {
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/own";
    for (parameter, key, is_made) in [
        ("", None, false),
        ("create", Some(json!({ "Fn::GetAtt": ["DataKey", "Arn"] })), true),
        (arn, Some(json!(arn)), false),
    ] {
        let stack = DEPLOYED.stack(&[("CustomerKey", parameter)]);
        let properties = &stack["Table"]["Properties"];
        let encryption = key.is_some().then(|| json!({ "SSEEnabled": true, "SSEType": "KMS" }));
        let of_replica = key.as_ref().map(|key| json!({ "KMSMasterKeyId": key }));

        let given = properties.get("SSESpecification");
        assert_eq!(given, encryption.as_ref(), "{parameter}");
        let given = properties["Replicas"][0].get("SSESpecification");
        assert_eq!(given, of_replica.as_ref(), "{parameter}");
        assert_eq!(stack.contains_key("DataKey"), is_made, "{parameter}");
        for (id, resource) in &stack {
            let kind = resource["Type"].as_str().unwrap();
            if ["AWS::Logs::LogGroup", "AWS::SecretsManager::Secret"].contains(&kind) {
                let given = resource["Properties"].get("KmsKeyId");
                assert_eq!(given, key.as_ref(), "{parameter} {id}");
            }
        }
    }
}

#[test]
fn a_created_key_outlives_the_stack_and_works_only_through_table_secret_and_logs() {
    let stack = DEPLOYED.stack(&[("CustomerKey", "create")]);
    let key = &stack["DataKey"];
    let statements = key["Properties"]["KeyPolicy"]["Statement"].as_array().unwrap();

    assert_eq!(key["DeletionPolicy"], "Retain");
    assert_eq!(key["UpdateReplacePolicy"], "Retain");
    assert_eq!(key["Properties"]["EnableKeyRotation"], true);
    let open = statements.iter().filter(|statement| statement["Principal"]["AWS"] == "*");
    for statement in open {
        let condition = &statement["Condition"]["StringEquals"];
        assert_eq!(condition["kms:CallerAccount"], json!({ "Ref": "AWS::AccountId" }));
        let services = ["dynamodb", "secretsmanager"].map(
            |service| json!({ "Fn::Sub": format!("{service}.${{AWS::Region}}.amazonaws.com") }),
        );
        assert_eq!(condition["kms:ViaService"], json!(services));
    }
    let logs = statements.iter().find(|own| own["Principal"].get("Service").is_some()).unwrap();
    let service = json!({ "Fn::Sub": "logs.${AWS::Region}.amazonaws.com" });
    assert_eq!(logs["Principal"]["Service"], service);
    let groups = &logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"];
    let mut groups = groups.as_array().unwrap().iter().map(|own| own["Fn::Sub"].as_str().unwrap());
    assert!(groups.all(|own| own.ends_with("/${AWS::StackName}/*")));
}

#[test]
fn the_parameters_page_lists_every_function_with_its_environment() {
    let page = std::fs::read_to_string(root().join("docs/parameters.md")).unwrap();
    let is_letter = |letter: u8| letter.is_ascii_uppercase() || letter == b'_';
    let is_variable = |part: &str| !part.is_empty() && part.bytes().all(is_letter);
    for function in functions() {
        let line =
            page.lines().find(|line| line.starts_with(&format!("| `{}` |", function.binary)));
        let environment = line.unwrap_or_else(|| panic!("no line for {}", function.binary));
        let environment = environment.trim_end_matches(" |").rsplit("| ").next().unwrap();
        let named: BTreeSet<_> =
            environment.split('`').filter(|part| is_variable(part)).map(str::to_owned).collect();

        assert_eq!(named, function.environment, "{}", function.binary);
    }
}

#[test]
fn a_function_that_tells_urls_knows_the_public_one() {
    let tells = |binary: &str| {
        let folder = root().join("functions").join(binary).join("src");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let mut files = files.filter(|file| file.is_file());
        files.any(|file| std::fs::read_to_string(file).unwrap().contains("base_url()"))
    };
    for function in functions() {
        let knows = function.environment.contains("PUBLIC_URL");
        assert_eq!(knows, tells(&function.binary), "{}", function.binary);
    }
}

#[test]
fn the_parameters_page_lists_every_parameter_with_its_default() {
    let page = std::fs::read_to_string(root().join("docs/parameters.md")).unwrap();
    for (name, parameter) in DEPLOYED.template["Parameters"].as_object().unwrap() {
        let line = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let line = line.unwrap_or_else(|| panic!("no line for {name}"));
        let default = match &parameter["Default"] {
            Value::Null => "must be given".to_owned(),
            Value::String(text) if text.is_empty() => "empty".to_owned(),
            Value::String(text) => format!("`{text}`"),
            number => format!("`{number}`"),
        };

        assert_eq!(line.split(" | ").nth(1), Some(default.as_str()), "{name}");
    }
}

fn roles_of_functions() -> BTreeMap<&'static str, &'static Value> {
    let functions = functions();
    let own = |id: &str| functions.iter().any(|own| id == format!("{}Role", own.logical_id));
    DEPLOYED.resources("AWS::IAM::Role").into_iter().filter(|(id, _)| own(id)).collect()
}

fn functions() -> Vec<Function> {
    Template::load().unwrap().functions().to_vec()
}

/// Each statement that allows something, with the function's role.
fn granted_by_role() -> Vec<(&'static str, &'static Value)> {
    let roles = roles_of_functions().into_iter();
    roles.flat_map(|(id, role)| granted(role).into_iter().map(move |own| (id, own))).collect()
}

/// The statements that allow something.
fn granted(role: &Value) -> Vec<&Value> {
    statements(role).into_iter().filter(|statement| statement["Effect"] == "Allow").collect()
}

fn statements(role: &Value) -> Vec<&Value> {
    let policies = role["Properties"]["Policies"].as_array().into_iter().flatten();
    policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap()).collect()
}
