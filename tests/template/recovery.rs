//! What a stack has for the day on which its table, its region or its account is lost.

use serde_json::json;

use crate::deployed::DEPLOYED;

const REGION: (&str, &str) =
    ("BackupRegionVault", "arn:aws:backup:eu-west-1:111111111111:backup-vault:copies");
const ACCOUNT: (&str, &str) =
    ("BackupAccountVault", "arn:aws:backup:us-east-1:222222222222:backup-vault:copies");

/// The stack's own are left and stay where they are: both outlive their place in a stack.
#[test]
fn a_stack_takes_over_an_existing_table_and_service_key_and_names_its_own_no_more() {
    let given = [
        ("ExistingTable", "restored"),
        ("ExistingTableStream", "2026-11-30T00:00:00.000"),
        ("ExistingServiceKey", "key"),
        ("MailFrom", "accounts@example.com"),
        ("Stage", "prod"),
        ("Docs", "on"),
        REGION,
    ];
    let stack = DEPLOYED.stack(&given);

    let own = ["Table", "ServiceKey"];
    assert!(own.iter().all(|id| !stack.contains_key(*id)));
    for (id, resource) in &stack {
        let text = resource.to_string();
        let named = own.iter().filter(|own| {
            [format!("\"Ref\":\"{own}\""), format!("[\"{own}\","), format!("${{{own}}}")]
                .iter()
                .any(|name| text.contains(name))
        });
        assert_eq!(named.count(), 0, "{id}: {text}");
        let variables = &resource["Properties"]["Environment"]["Variables"];
        for (name, value) in [("TABLE_NAME", "restored"), ("SERVICE_KEY_SECRET", "key")] {
            assert!(variables.get(name).is_none_or(|own| own == value), "{id}: {variables}");
        }
    }
    let board = DEPLOYED.dashboard(&given).to_string();
    assert!(board.contains("\"TableName\",\"restored\"") && !board.contains("${Table}"), "{board}");
}

#[test]
fn without_a_vault_elsewhere_there_are_no_backups_but_the_tables_own() {
    let of_backups = |given: &[(&str, &str)]| {
        let stack = DEPLOYED.stack(given);
        stack.into_keys().filter(|id| id.starts_with("Backup")).collect::<Vec<_>>()
    };
    let all = ["BackupPlan", "BackupRole", "BackupSelection", "BackupVault"];

    assert!(of_backups(&[("Stage", "prod")]).is_empty());
    assert_eq!(of_backups(&[REGION]), all);
    assert_eq!(of_backups(&[ACCOUNT]), all);
}

#[test]
fn every_day_the_table_is_copied_to_the_vaults_that_are_given() {
    for given in [&[REGION][..], &[ACCOUNT], &[REGION, ACCOUNT]] {
        let stack = DEPLOYED.stack(&[given, &[("BackupRetentionDays", "90")]].concat());
        let plan = &stack["BackupPlan"]["Properties"]["BackupPlan"];
        let [rule] = &plan["BackupPlanRule"].as_array().unwrap()[..] else { panic!("{plan}") };
        let copies = given.iter().map(|(_, vault)| {
            json!({ "DestinationBackupVaultArn": vault, "Lifecycle": { "DeleteAfterDays": "90" } })
        });

        assert_eq!(rule["CopyActions"].as_array().unwrap(), &copies.collect::<Vec<_>>());
        assert_eq!(rule["ScheduleExpression"], "cron(30 3 * * ? *)");
        let selection = &stack["BackupSelection"]["Properties"]["BackupSelection"];
        assert_eq!(selection["Resources"], json!([{ "Fn::GetAtt": ["Table", "Arn"] }]));
        assert_eq!(stack["BackupVault"]["DeletionPolicy"], "RetainExceptOnCreate");
        // A second stack of the name finds the vault of the first.
        let name = stack["BackupVault"]["Properties"]["BackupVaultName"].to_string();
        assert!(name.contains("AWS::StackId"), "{name}");
    }
}

/// Left by a deployment that failed, it would be in the way of every further one.
#[test]
fn nothing_is_kept_after_a_failed_creation_whose_name_the_next_one_takes() {
    // SAM keeps the versions, which have numbers.
    let kept = DEPLOYED.template["Resources"].as_object().unwrap().iter().filter(|(_, own)| {
        own["DeletionPolicy"] == "Retain" && own["Type"] != "AWS::Lambda::Version"
    });
    let kept: Vec<_> = kept.collect();

    assert!(!kept.is_empty());
    for (id, own) in kept {
        let mut properties = own["Properties"].as_object().unwrap().keys();
        assert!(!properties.any(|name| name.ends_with("Name")), "{id}");
    }
}

/// Another description of the value would have `CloudFormation` generate a new one.
#[test]
fn the_service_key_is_generated_once_and_kept() {
    let secret = &DEPLOYED.resources("AWS::SecretsManager::Secret")["ServiceKey"];

    assert_eq!(secret["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(secret["UpdateReplacePolicy"], "Retain");
    assert_eq!(
        secret["Properties"]["GenerateSecretString"],
        json!({
            "SecretStringTemplate": "{\"current\": \"1\"}",
            "GenerateStringKey": "1",
            "PasswordLength": 64,
            "ExcludePunctuation": true,
        }),
        "NEVER CHANGE IT: all versions of the service key would be gone"
    );
}

#[test]
fn the_table_has_limits_only_if_they_are_given() {
    let limits = |given: &[(&str, &str)]| {
        let stack = DEPLOYED.stack(given);
        let table = &stack["Table"]["Properties"];
        let reads = table["Replicas"][0].get("ReadOnDemandThroughputSettings").cloned();
        (reads, table.get("WriteOnDemandThroughputSettings").cloned())
    };

    assert_eq!(limits(&[]), (None, None));
    assert_eq!(
        limits(&[("TableReadLimit", "400"), ("TableWriteLimit", "200")]),
        (
            Some(json!({ "MaxReadRequestUnits": "400" })),
            Some(json!({ "MaxWriteRequestUnits": "200" }))
        )
    );
}

#[test]
fn a_budget_tells_the_address_of_the_alarms_in_either_stage() {
    let amount = ("MonthlyBudget", "50");
    let address = ("AlarmEmail", "ops@example.com");
    let stack = DEPLOYED.stack(&[amount, address]);
    let budget = &stack["Budget"]["Properties"];

    assert_eq!(budget["Budget"]["BudgetLimit"], json!({ "Amount": "50", "Unit": "USD" }));
    for told in budget["NotificationsWithSubscribers"].as_array().unwrap() {
        assert_eq!(told["Subscribers"][0]["Address"], address.1);
    }
    assert!(!DEPLOYED.stack(&[amount]).contains_key("Budget"));
    assert!(!DEPLOYED.stack(&[address]).contains_key("Budget"));
}
