//! Logs, traces, metrics and alarms.

use std::collections::{BTreeMap, BTreeSet};

use devkit::template::{Function, Template};
use serde_json::{Value, json};
use testkit::Prices;

use crate::deployed::DEPLOYED;
use crate::root;

/// With all functions and alarms.
const PROD: &[(&str, &str)] = &[
    ("Stage", "prod"),
    ("Docs", "on"),
    ("MailFrom", "accounts@example.com"),
    ("QuietMinutes", "15"),
];

#[test]
fn every_function_logs_json_to_its_own_group_and_is_traced() {
    for Function { logical_id, binary, .. } in functions() {
        let function = DEPLOYED.properties(&logical_id);
        let group = format!("{logical_id}Logs");

        assert_eq!(
            function["LoggingConfig"],
            json!({
                "LogFormat": "JSON",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "INFO",
                "LogGroup": { "Ref": group },
            }),
            "{binary}"
        );
        assert_eq!(function["TracingConfig"], json!({ "Mode": "Active" }), "{binary}");
        let name = json!({ "Fn::Sub": format!("/aws/lambda/${{AWS::StackName}}/{binary}") });
        assert_eq!(DEPLOYED.properties(&group)["LogGroupName"], name);
    }
}

#[test]
fn every_log_group_expires_by_the_parameter_and_is_deleted_with_the_stack() {
    let stack = DEPLOYED.stack(&[("LogRetentionDays", "7"), ("MailFrom", "a@example.com")]);
    let groups: Vec<_> = of_type(&stack, "AWS::Logs::LogGroup").collect();

    assert_eq!(groups.len(), functions().len() + 1);
    for (id, group) in groups {
        assert_eq!(group["Properties"]["RetentionInDays"], "7", "{id}");
        assert_eq!(group["DeletionPolicy"], "Delete", "{id}");
    }
}

#[test]
fn the_alarm_of_a_function_counts_its_crashes_and_the_failures_it_logs() {
    let stack = DEPLOYED.stack(PROD);
    for Function { logical_id, .. } in watched() {
        let metrics = &stack[&format!("{logical_id}Errors")]["Properties"]["Metrics"];
        let filter = &stack[&format!("{logical_id}Failures")]["Properties"];

        let crashes = &metrics[1]["MetricStat"]["Metric"];
        assert_eq!(crashes["MetricName"], "Errors");
        assert_eq!(crashes["Dimensions"][0]["Value"], json!({ "Ref": logical_id }));
        let failures = &metrics[2]["MetricStat"]["Metric"];
        let counted = &filter["MetricTransformations"][0];
        assert_eq!(failures["MetricName"], counted["MetricName"]);
        assert_eq!(failures["Namespace"], counted["MetricNamespace"]);
        assert_eq!(counted["DefaultValue"], 0, "a crash before the first failure is to count");
        assert_eq!(filter["LogGroupName"], json!({ "Ref": format!("{logical_id}Logs") }));
        assert_eq!(filter["FilterPattern"], "{ $.level = \"ERROR\" }");
    }
}

/// Both metrics come late, and the latest minutes are only what they are filled with.
#[test]
fn an_alarm_that_fills_gaps_looks_at_several_minutes_more_than_it_needs() {
    let stack = DEPLOYED.stack(PROD);
    let filling = of_type(&stack, "AWS::CloudWatch::Alarm")
        .filter(|(_, alarm)| alarm["Properties"]["Metrics"].to_string().contains("FILL("));
    let filling: Vec<_> = filling.collect();

    assert_eq!(filling.len(), 2 * watched().len());
    for (id, alarm) in filling {
        let [needed, seen] = ["DatapointsToAlarm", "EvaluationPeriods"]
            .map(|name| alarm["Properties"][name].as_u64().unwrap());
        assert!(seen >= needed + 3, "{id}: {needed} of {seen}");
    }
}

#[test]
fn rejected_sign_ins_are_alarmed_by_the_metric_that_lines_have_over_all_routes() {
    let alarm = DEPLOYED.properties("SignInsRejected");
    let namespace = json!({ "Fn::Sub": "Rollcall/${AWS::StackName}" });

    let watched = (&alarm["Namespace"], &alarm["MetricName"], alarm.get("Dimensions"));
    assert_eq!(watched, (&namespace, &json!("RejectedSignIns"), None));
    assert_eq!((&alarm["Statistic"], &alarm["Period"]), (&json!("Sum"), &json!(300)));
}

#[test]
fn prod_has_these_alarms_which_all_notify_the_topic_and_dev_has_none() {
    let stack = DEPLOYED.stack(PROD);
    let alarms: BTreeMap<_, _> = alarms(&stack).collect();

    let of_functions = watched().into_iter().map(|own| format!("{}Errors", own.logical_id));
    let of_all = [
        "ApiServerErrors",
        "ApiLatency",
        "FunctionThrottles",
        "MailFeedbackLost",
        "MailLate",
        "MailLeftOver",
        "MailRejected",
        "NoRequests",
        "SignInsRejected",
        "SweepLate",
        "SweepMissed",
        "TableSystemErrors",
        "TableThrottles",
        "TooManyRequests",
    ];
    let expected: BTreeSet<_> = of_functions.chain(of_all.map(str::to_owned)).collect();
    assert_eq!(alarms.keys().map(|id| (*id).clone()).collect::<BTreeSet<_>>(), expected);
    for (id, alarm) in alarms {
        let alarm = &alarm["Properties"];
        assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "AlarmTopic" }]), "{id}");
        assert_eq!(alarm["OKActions"], json!([{ "Ref": "AlarmTopic" }]), "{id}");
        let is_silence = ["NoRequests", "SweepMissed"].contains(&id.as_str());
        let missing = if is_silence { "breaching" } else { "notBreaching" };
        assert_eq!(alarm["TreatMissingData"], missing, "{id}");
        assert!(alarm["AlarmDescription"].is_string(), "{id}");
    }
}

#[test]
fn dev_has_nothing_that_costs_while_idle() {
    let paid = [
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::KMS::Key",
        "AWS::Logs::MetricFilter",
        "AWS::SNS::Topic",
    ];
    let given = [("AlarmEmail", "ops@example.com"), ("MailFrom", "accounts@example.com")];
    let dev = DEPLOYED.stack(&given);

    for kind in paid.into_iter().chain(["AWS::SNS::Subscription"]) {
        assert_eq!(of_type(&dev, kind).count(), 0, "{kind}");
    }
}

#[test]
fn alarms_are_mailed_only_if_an_address_is_given() {
    let with_address = DEPLOYED.stack(&[("Stage", "prod"), ("AlarmEmail", "ops@example.com")]);

    assert_eq!(of_type(&DEPLOYED.stack(PROD), "AWS::SNS::Subscription").count(), 0);
    assert_eq!(with_address["AlarmMails"]["Properties"]["Endpoint"], "ops@example.com");
}

#[test]
fn the_dashboard_shows_every_alarm_and_the_use_and_price_of_every_function() {
    let board = DEPLOYED.dashboard(PROD);
    let widget = |title: &str| {
        let widgets = board["widgets"].as_array().unwrap().iter();
        let mut named = widgets.filter(|widget| {
            widget["properties"]["title"].as_str().is_some_and(|own| own.starts_with(title))
        });
        named.next().unwrap()["properties"].clone()
    };

    let shown: BTreeSet<_> = texts(&widget("Alarms")["alarms"]);
    let stack = DEPLOYED.stack(PROD);
    assert_eq!(shown, alarms(&stack).map(|(id, _)| format!("${{{id}.Arn}}")).collect());

    let named = |own: Vec<Function>| -> BTreeSet<_> {
        own.into_iter().map(|own| format!("${{{}}}", own.logical_id)).collect()
    };
    let all = named(watched());
    // The API's own metric counts the others.
    let unrouted = named(watched().into_iter().filter(|own| own.routes.is_empty()).collect());
    for (title, name, expected) in [
        ("Crashes", "Errors", &all),
        ("Requests per function", "Invocations", &all),
        ("Dollars", "Duration", &all),
        ("Dollars", "Invocations", &unrouted),
    ] {
        let metrics = widget(title)["metrics"].clone();
        let rows = metrics.as_array().unwrap().iter().filter(|row| row[1] == name);
        let shown: BTreeSet<_> = rows.map(|row| text(&row[3])).collect();
        assert_eq!(&shown, expected, "{title}");
    }
}

#[test]
fn the_dashboard_prices_every_function_by_its_own_memory() {
    let board = DEPLOYED.dashboard(PROD);
    let widgets = board["widgets"].as_array().unwrap().iter();
    let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array()).flatten();
    let metrics: Vec<_> = metrics.collect();
    let lambda = metrics.iter().find(|row| row[0]["label"] == "Lambda").unwrap();
    let price = text(&lambda[0]["expression"]);

    for Function { logical_id, binary, .. } in watched() {
        let megabytes = DEPLOYED.properties(&logical_id)["MemorySize"].as_f64().unwrap();
        let id = metrics
            .iter()
            .find(|row| row[1] == "Duration" && row[3] == format!("${{{logical_id}}}"))
            .map(|row| text(&row[4]["id"]))
            .unwrap();
        assert!(price.contains(&format!("{id} * {}", megabytes / 1024.0)), "{binary}: {price}");
    }
}

#[test]
fn the_dashboards_prices_are_those_of_the_price_table() {
    let board = DEPLOYED.dashboard(PROD);
    let widgets = board["widgets"].as_array().unwrap().iter();
    let title =
        |widget: &Value| widget["properties"]["title"].as_str().unwrap_or_default().to_owned();
    let widget = widgets.clone().find(|widget| title(widget).starts_with("Dollars")).unwrap();
    let rows = widget["properties"]["metrics"].as_array().unwrap().iter();
    let expressions: BTreeMap<_, _> = rows
        .filter_map(|row| Some((row[0]["label"].as_str()?, row[0]["expression"].as_str()?)))
        .collect();
    let prices = Prices::load().unwrap();
    let priced_by = |name: &str| {
        let (dollars, per) = prices.written(name).unwrap();
        if per == 1 { format!("* {dollars}") } else { format!("* {dollars} / {per}") }
    };

    assert!(title(widget).contains(&prices.region), "{}", title(widget));
    assert_eq!(expressions.len(), 3, "{expressions:?}");
    assert_eq!(expressions["API Gateway"], format!("requests {}", priced_by("api-requests")));
    let (reads, writes) = (priced_by("table-reads"), priced_by("table-writes"));
    assert_eq!(expressions["DynamoDB"], format!("reads {reads} + writes {writes}"));
    let lambda = expressions["Lambda"];
    let (time, requests) = lambda.split_once(") / 1000 ").unwrap().1.split_once(" + (").unwrap();
    assert_eq!(time, priced_by("lambda-gb-seconds"));
    assert!(requests.ends_with(&format!(") {}", priced_by("lambda-requests"))), "{lambda}");
}

#[test]
fn every_alarm_and_output_is_explained_to_the_operator() {
    let manual = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let stack = DEPLOYED.stack(PROD);
    let own: BTreeSet<_> =
        watched().into_iter().map(|own| format!("{}Errors", own.logical_id)).collect();

    for (id, _) in alarms(&stack) {
        let named = if own.contains(id) { "…Errors" } else { id };
        assert!(manual.contains(&format!("| `{named}` |")), "{id}");
    }
    for output in DEPLOYED.template["Outputs"].as_object().unwrap().keys() {
        assert!(manual.contains(&format!("`{output}`")), "{output}");
    }
}

fn of_type<'a>(
    stack: &'a BTreeMap<String, Value>,
    kind: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    stack.iter().filter(move |(_, resource)| resource["Type"] == kind)
}

/// The alarms that tell somebody. The others are for deployments.
fn alarms(stack: &BTreeMap<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    of_type(stack, "AWS::CloudWatch::Alarm").filter(|(id, _)| !id.ends_with("Canary"))
}

/// The functions with alarms: if the hook of the deployments fails, the deployment says so.
fn watched() -> Vec<Function> {
    functions().into_iter().filter(|own| own.binary != "pre-traffic").collect()
}

fn texts(values: &Value) -> BTreeSet<String> {
    values.as_array().unwrap().iter().map(text).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn functions() -> Vec<Function> {
    Template::load().unwrap().functions().to_vec()
}
