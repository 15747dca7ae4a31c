//! When the functions without a route run, and for how long.

use devkit::template::Template;
use serde_json::{Value, json};
use shared::timeouts;

use crate::deployed::DEPLOYED;

#[test]
fn sweep_mail_and_the_hook_alone_have_no_route_and_the_sweep_runs_by_one_schedule() {
    let template = Template::load().unwrap();
    let without = template.functions().iter().filter(|own| own.routes.is_empty());
    let names: Vec<_> = without.map(|own| own.binary.as_str()).collect();
    let rules = DEPLOYED.resources("AWS::Events::Rule");
    let rule = rules["SweepDaily"];

    assert_eq!(names, ["mail-feedback", "mailer", "pre-traffic", "sweep"]);
    assert_eq!(rules.keys().copied().collect::<Vec<_>>(), ["MailFeedbackFeedback", "SweepDaily"]);
    let targets = rule["Properties"]["Targets"].as_array().unwrap();
    assert_eq!(targets.len(), 1);
    assert_eq!(targets[0]["Arn"], json!({ "Ref": "SweepAliaslive" }));
}

#[test]
fn prod_sweeps_once_a_day_and_dev_does_nothing_while_idle() {
    for (stage, state) in [("prod", "ENABLED"), ("dev", "DISABLED")] {
        let stack = DEPLOYED.stack(&[("Stage", stage)]);
        let rule = &stack["SweepDaily"]["Properties"];

        assert_eq!(rule["ScheduleExpression"], "rate(1 day)");
        assert_eq!(rule["State"], state, "{stage}");
    }
}

#[test]
fn only_the_schedule_may_start_the_sweep() {
    let permissions = DEPLOYED.resources("AWS::Lambda::Permission");
    let own = permissions.values().map(|permission| &permission["Properties"]);
    let own: Vec<&Value> =
        own.filter(|own| own["FunctionName"] == json!({ "Ref": "SweepAliaslive" })).collect();

    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["Principal"], "events.amazonaws.com");
    assert_eq!(own[0]["SourceArn"], json!({ "Fn::GetAtt": ["SweepDaily", "Arn"] }));
}

/// A run that never was writes no line, and one that did not end in time is no failure.
#[test]
fn a_sweep_that_did_not_run_or_did_not_get_through_raises_an_alarm() {
    let stack = DEPLOYED.stack(&[("Stage", "prod")]);
    let missed = &stack["SweepMissed"]["Properties"];
    let late = &stack["SweepLate"]["Properties"];
    let filter = &stack["SweepTimeOuts"]["Properties"];

    assert_eq!(missed["MetricName"], "Invocations");
    let alias = json!({ "Name": "Resource", "Value": { "Fn::Sub": "${Sweep}:live" } });
    assert_eq!(missed["Dimensions"][1], alias);
    assert_eq!(missed["TreatMissingData"], "breaching");
    let hours = (&missed["Period"], &missed["EvaluationPeriods"]);
    assert_eq!(hours, (&json!(3600), &json!(25)), "an hour more than a day");
    assert_eq!(filter["LogGroupName"], json!({ "Ref": "SweepLogs" }));
    assert_eq!(filter["FilterPattern"], "{ $.timed_out > 0 }");
    assert_eq!(late["MetricName"], filter["MetricTransformations"][0]["MetricName"]);
}

#[test]
fn lambda_ends_each_function_after_the_time_that_the_code_reckons_with() {
    for function in DEPLOYED.resources("AWS::Lambda::Function").keys() {
        let timeout = DEPLOYED.properties(function)["Timeout"].as_u64();
        let known = match *function {
            "Sweep" => timeouts::SWEEP_FUNCTION,
            "Mailer" => timeouts::MAILER_FUNCTION,
            "MailFeedback" => timeouts::MAIL_FEEDBACK_FUNCTION,
            "PreTraffic" => timeouts::PRE_TRAFFIC_FUNCTION,
            _ => timeouts::FUNCTION,
        };

        assert_eq!(timeout, Some(known.as_secs()), "{function}");
    }
}
