//! The idle cost of a stack.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::facts::Stack;
use testkit::Prices;

/// One item of the bill.
pub(crate) struct Item {
    /// Its description.
    pub(crate) what: &'static str,
    /// Its number.
    pub(crate) count: u32,
    /// Dollars for a month.
    pub(crate) dollars: f64,
}

/// Resources that are paid for by existing: the type, a description, the price, and how many units
/// one of it is, if not one.
const PAID: [(&str, &str, &str, Option<Units>); 4] = [
    ("AWS::SecretsManager::Secret", "secret: the service key", "secrets", None),
    ("AWS::CloudWatch::Alarm", "metrics that alarms look at", "alarm-metrics", Some(alarm_metrics)),
    ("AWS::CloudWatch::Dashboard", "dashboard", "dashboards", None),
    ("AWS::KMS::Key", "KMS key of table, secret and logs", "keys", None),
];

type Units = fn(&Value) -> Result<u32>;

/// Resources that cost nothing by existing, and why.
pub(crate) const FREE: [(&str, &[&str]); 9] = [
    (
        "an API, its stage and its domain are paid for by the request",
        &[
            "AWS::ApiGatewayV2::Api",
            "AWS::ApiGatewayV2::ApiMapping",
            "AWS::ApiGatewayV2::DomainName",
            "AWS::ApiGatewayV2::Stage",
        ],
    ),
    (
        "functions with their versions and roles are paid for by the request and its time, their deployments not at all",
        &[
            "AWS::CodeDeploy::Application",
            "AWS::CodeDeploy::DeploymentGroup",
            "AWS::IAM::Role",
            "AWS::Lambda::Alias",
            "AWS::Lambda::Function",
            "AWS::Lambda::Permission",
            "AWS::Lambda::Version",
        ],
    ),
    (
        "a table on demand and log groups are paid for by what they hold",
        &["AWS::DynamoDB::GlobalTable", "AWS::Logs::LogGroup"],
    ),
    (
        "a plan of backups is paid for by what they hold, here and where they are copied to; a budget that only tells is free (from memory, not looked up)",
        &[
            "AWS::Backup::BackupPlan",
            "AWS::Backup::BackupSelection",
            "AWS::Backup::BackupVault",
            "AWS::Budgets::Budget",
        ],
    ),
    (
        "a metric filter makes a metric in the hours in which its function logs",
        &["AWS::Logs::MetricFilter"],
    ),
    (
        "a topic is paid for by the message, of which the first thousand mails a month are free (from memory, not looked up)",
        &["AWS::SNS::Subscription", "AWS::SNS::Topic"],
    ),
    (
        "the schedule of the sweep is free (from memory, not looked up), and its one run a day in prod, a request, a second or so and 16 read units, is a thousandth of a dollar a month",
        &["AWS::Events::Rule"],
    ),
    (
        "Lambda reads the table's stream for the mailer at no cost, its queue and that of mail-feedback are paid for by the request, the events of SES by the event and its mails by the mail (from memory, not looked up)",
        &[
            "AWS::Lambda::EventInvokeConfig",
            "AWS::Lambda::EventSourceMapping",
            "AWS::SES::ConfigurationSet",
            "AWS::SES::ConfigurationSetEventDestination",
            "AWS::SQS::Queue",
        ],
    ),
    (
        "the record of a domain is part of its zone, which is not the stack's",
        &["AWS::Route53::RecordSet"],
    ),
];

/// The bill of a stack, item by item. An unknown type is an error.
pub(crate) fn bill(stack: &Stack, prices: &Prices) -> Result<Vec<Item>> {
    for resource in stack.resources.values() {
        let kind = resource["Type"].as_str().context("a resource has no type")?;
        let is_paid = PAID.iter().any(|(paid, ..)| *paid == kind);
        let is_free = FREE.iter().any(|(_, kinds)| kinds.contains(&kind));
        ensure!(is_paid || is_free, "does {kind} cost anything while nobody calls?");
    }
    let items = PAID.iter().map(|(kind, what, price, units)| {
        let units = stack.of_type(kind).map(|one| units.map_or(Ok(1), |units| units(one)));
        let count = units.sum::<Result<u32>>()?;
        Ok(Item { what, count, dollars: prices.dollars(price, f64::from(count))? })
    });
    items.collect()
}

/// An alarm is paid for by the metrics that its expression names.
fn alarm_metrics(alarm: &Value) -> Result<u32> {
    let properties = &alarm["Properties"];
    let stated = properties["Metrics"].as_array().map_or(&[][..], Vec::as_slice);
    let periods =
        stated.iter().map(|metric| &metric["MetricStat"]["Period"]).chain([&properties["Period"]]);
    for period in periods.filter_map(Value::as_u64) {
        ensure!(period >= 60, "an alarm at a period of {period} seconds has another price");
    }
    let metrics = stated.iter().filter(|metric| metric.get("MetricStat").is_some()).count();
    match (metrics, properties["MetricName"].as_str()) {
        (0, Some(_)) => Ok(1),
        (0, None) => bail!("an alarm looks at no metric"),
        (metrics, _) => Ok(u32::try_from(metrics)?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stack(resource: Value) -> Stack {
        Stack { name: "one".to_owned(), resources: [("One".to_owned(), resource)].into() }
    }

    #[test]
    fn an_alarm_is_paid_for_by_the_metrics_it_looks_at() {
        let expression = json!({ "Id": "all", "Expression": "a + b" });
        let metric = |period: u32| json!({ "MetricStat": { "Period": period } });
        for (properties, expected) in [
            (json!({ "MetricName": "Latency", "Period": 300 }), Some(1)),
            (json!({ "Metrics": [expression, metric(60), metric(60)] }), Some(2)),
            (json!({ "Metrics": [metric(10)] }), None),
            (json!({ "Metrics": [expression] }), None),
        ] {
            let alarm = json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": properties });
            let bill = bill(&stack(alarm), &Prices::load().unwrap());
            let count = bill.ok().map(|items| items.iter().map(|item| item.count).sum::<u32>());
            assert_eq!(count, expected, "{properties}");
        }
    }

    #[test]
    fn an_unknown_resource_type_is_rejected() {
        let gateway = stack(json!({ "Type": "AWS::EC2::NatGateway" }));

        assert!(bill(&gateway, &Prices::load().unwrap()).is_err());
    }
}
