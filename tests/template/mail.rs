//! What a stack has that sends mail, and what one is without.

use serde_json::json;

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
