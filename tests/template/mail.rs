//! What a stack has that sends mail, and what one is without.

use serde_json::{Value, json};

use crate::deployed::DEPLOYED;

const MAIL: (&str, &str) = ("MailFrom", "accounts@example.com");

#[test]
fn what_is_left_of_a_stack_without_mail_names_nothing_of_it() {
    let with = DEPLOYED.stack(&[("Stage", "prod"), MAIL]);
    let without = DEPLOYED.stack(&[("Stage", "prod")]);

    let is_of_mail = |id: &&String| id.starts_with("Mail");
    let gone: Vec<_> = with.keys().filter(|id| !without.contains_key(*id)).collect();
    assert!(gone.iter().all(is_of_mail) && gone.len() > 10, "{gone:?}");
    for (id, resource) in without.iter().filter(|(id, _)| *id != "Dashboard") {
        let text = resource.to_string();
        assert!(!gone.iter().any(|gone| text.contains(&format!("\"{gone}\""))), "{id}: {text}");
    }
    let board = |given: &[(&str, &str)]| DEPLOYED.dashboard(given).to_string();
    assert!(!board(&[("Stage", "prod")]).contains("${Mail"));
    assert!(board(&[("Stage", "prod"), MAIL]).contains("${MailLeftOver.Arn}"));
}

/// A function that takes passwords notes from where one signed in, and tells of a new place.
#[test]
fn every_function_that_takes_passwords_leaves_notices() {
    let stack = DEPLOYED.stack(&[MAIL]);
    // One hashes the passwords of new users, and signs nobody in by a password.
    let takes_passwords = |(id, resource): &(&String, &Value)| {
        resource["Properties"]["MemorySize"] == 1024 && *id != "E24Accounts"
    };
    let taking: Vec<_> = stack.iter().filter(takes_passwords).collect();

    assert!(taking.len() > 5, "{taking:?}");
    for (id, function) in taking {
        let variables = &function["Properties"]["Environment"]["Variables"];
        assert!(!variables["MAIL_FROM"].is_null(), "{id}");
    }
}

#[test]
fn the_stream_hands_the_mailer_what_is_new_in_the_outbox_until_it_is_an_hour_old() {
    let stack = DEPLOYED.stack(&[MAIL]);
    let mapping = &stack["MailerMapping"]["Properties"];

    assert_eq!(mapping["EventSourceArn"], json!({ "Fn::GetAtt": ["Table", "StreamArn"] }));
    assert_eq!(mapping["FunctionName"], json!({ "Ref": "MailerAliaslive" }));
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["BisectBatchOnFunctionError"], true);
    assert_eq!(mapping["MaximumRecordAgeInSeconds"], shared::lifetimes::MAIL_RETRY.as_secs());
    assert!(mapping.get("MaximumRetryAttempts").is_none(), "it is tried until it is too old");
    let destination = &mapping["DestinationConfig"]["OnFailure"]["Destination"];
    assert_eq!(destination, &json!({ "Fn::GetAtt": ["MailerLeftOver", "Arn"] }));
    let filter = mapping["FilterCriteria"]["Filters"][0]["Pattern"].as_str().unwrap();
    assert!(filter.contains("INSERT") && filter.contains("OUTBOX#"), "{filter}");
}

#[test]
fn bounces_and_complaints_of_the_stacks_own_mails_reach_mail_feedback_and_no_other_events() {
    let stack = DEPLOYED.stack(&[MAIL]);
    let set = json!({ "Ref": "MailConfigurationSet" });

    assert_eq!(
        stack["MailConfigurationSet"]["Properties"]["Name"],
        json!({ "Ref": "AWS::StackName" })
    );
    let mailer = &stack["Mailer"]["Properties"]["Environment"]["Variables"];
    assert_eq!(mailer["MAIL_CONFIGURATION_SET"], set);
    let published = &stack["MailEvents"]["Properties"];
    assert_eq!(published["ConfigurationSetName"], set);
    let destination = &published["EventDestination"];
    assert_eq!(destination["MatchingEventTypes"], json!(["bounce", "complaint"]));
    assert_eq!(destination["Enabled"], true);
    let bus = destination["EventBridgeDestination"]["EventBusArn"]["Fn::Sub"].as_str().unwrap();
    assert!(bus.ends_with(":event-bus/default"), "{bus}");

    let rule = &stack["MailFeedbackFeedback"]["Properties"];
    assert_eq!(
        rule["EventPattern"],
        json!({
            "source": ["aws.ses"],
            "detail-type": ["Email Bounced", "Email Complaint Received"],
            "detail": { "mail": { "tags": { "ses:configuration-set": [set] } } },
        })
    );
    let [target] = &rule["Targets"].as_array().unwrap()[..] else { panic!("{rule}") };
    assert_eq!(target["Arn"], json!({ "Ref": "MailFeedbackAliaslive" }));
    let permission = &stack["MailFeedbackFeedbackPermission"]["Properties"];
    assert_eq!(permission["FunctionName"], json!({ "Ref": "MailFeedbackAliaslive" }));
    assert_eq!(permission["Principal"], "events.amazonaws.com");
    assert_eq!(permission["SourceArn"], json!({ "Fn::GetAtt": ["MailFeedbackFeedback", "Arn"] }));
}

/// SES would send no proof to an address on its own list.
#[test]
fn no_mail_is_held_back_by_a_list_of_ses() {
    let set = DEPLOYED.properties("MailConfigurationSet");

    assert_eq!(set["SuppressionOptions"], json!({ "SuppressedReasons": [] }));
}

#[test]
fn an_event_that_is_not_marked_is_retried_then_kept_and_raises_an_alarm() {
    let stack = DEPLOYED.stack(&[("Stage", "prod"), MAIL]);
    let retries = &stack["MailFeedbackRetries"]["Properties"];
    let queue = json!({ "Fn::GetAtt": ["MailFeedbackLeftOver", "Arn"] });

    assert_eq!(retries["FunctionName"], json!({ "Ref": "MailFeedback" }));
    assert_eq!(
        (&retries["Qualifier"], &retries["MaximumRetryAttempts"]),
        (&json!("live"), &json!(2))
    );
    assert_eq!(retries["DestinationConfig"]["OnFailure"]["Destination"], queue);
    let alarm = &stack["MailFeedbackLost"]["Properties"];
    let name = json!({ "Fn::GetAtt": ["MailFeedbackLeftOver", "QueueName"] });
    assert_eq!(alarm["Dimensions"], json!([{ "Name": "QueueName", "Value": name }]));
    assert_eq!(alarm["MetricName"], "NumberOfMessagesSent");
}

#[test]
fn mail_takes_a_domain_since_links_in_mails_must_not_change() {
    let rule = &DEPLOYED.template["Rules"]["MailAndDomain"]["Assertions"][0]["Assert"];

    assert_eq!(
        rule,
        &json!({ "Fn::Or": [
            { "Fn::Equals": [{ "Ref": "MailFrom" }, ""] },
            { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "DomainName" }, ""] }] },
        ] })
    );
}
