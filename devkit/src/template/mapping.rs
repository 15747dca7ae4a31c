//! Event source mappings: which records of the table's stream a function gets, and how.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::Function;
use crate::stream::Filter;

/// What hands records of the table's stream to a function.
#[derive(Debug, Clone)]
pub struct EventSourceMapping {
    /// The function's package, and the binary in it.
    pub function: String,
    /// Which records it gets: those that one of them matches; without any, all.
    pub filters: Vec<Filter>,
    /// Records of an event, at most.
    pub batch_size: usize,
    /// Whether a response may name the records that have failed.
    pub reports_failures: bool,
    /// Whether a batch that has failed as a whole is halved.
    pub bisects: bool,
    /// After this time a record is given up.
    pub max_age: Option<Duration>,
    /// How many batches the function has at once, at most. Those with records of one partition key
    /// come one after the other.
    pub parallelization: usize,
}

/// As in the template. What is not here makes no difference locally.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    function_name: Value,
    event_source_arn: Value,
    #[serde(default)]
    filter_criteria: FilterCriteria,
    /// Lambda's default for streams.
    #[serde(default = "default_batch_size")]
    batch_size: usize,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    bisect_batch_on_function_error: bool,
    #[serde(default = "unlimited")]
    maximum_record_age_in_seconds: i64,
    #[serde(default = "unlimited")]
    maximum_retry_attempts: i64,
    #[serde(default = "default_parallelization")]
    parallelization_factor: usize,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterCriteria {
    filters: Vec<FilterText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterText {
    pattern: String,
}

const fn default_batch_size() -> usize {
    100
}

const fn default_parallelization() -> usize {
    1
}

const fn unlimited() -> i64 {
    -1
}

impl EventSourceMapping {
    pub(super) fn new(properties: Properties, functions: &[Function]) -> Result<Self> {
        let source = &properties.event_source_arn;
        // Of a condition, what holds for a stack with a table of its own.
        let source = source["Fn::If"].get(1).unwrap_or(source);
        ensure!(source["Fn::GetAtt"][1] == "StreamArn", "its source is no stream of the table");
        ensure!(properties.batch_size > 0, "its batches have no records");
        let parallelization = properties.parallelization_factor;
        ensure!((1..=10).contains(&parallelization), "it has from 1 to 10 batches at once");
        ensure!(properties.maximum_retry_attempts == -1, "a limit of retries is not supported");
        let name = referred(&properties.function_name);
        let function = functions.iter().find(|own| Some(own.logical_id.as_str()) == name);
        let filters = properties.filter_criteria.filters.iter();
        let types = properties.function_response_types;
        Ok(Self {
            function: function.context("FunctionName refers to no function")?.binary.clone(),
            filters: filters.map(|own| Filter::parse(&own.pattern)).collect::<Result<_>>()?,
            batch_size: properties.batch_size,
            reports_failures: types.iter().any(|own| own == "ReportBatchItemFailures"),
            bisects: properties.bisect_batch_on_function_error,
            max_age: u64::try_from(properties.maximum_record_age_in_seconds)
                .ok()
                .map(Duration::from_secs),
            parallelization,
        })
    }
}

/// The logical id in `!Ref Some`, `!Ref Some.Alias`, `!GetAtt Some.Arn` or `!Sub "${Some}:live"`.
fn referred(value: &Value) -> Option<&str> {
    let get_att = &value["Fn::GetAtt"][0];
    let sub = value["Fn::Sub"].as_str().and_then(|text| text.split("${").nth(1));
    let text = value["Ref"].as_str().or(get_att.as_str()).or(sub)?;
    text.split(['.', '}']).next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::Template;

    fn template(function: &str, rest: &str) -> Result<Template> {
        template_from("!GetAtt Table.StreamArn", function, rest)
    }

    fn template_from(source: &str, function: &str, rest: &str) -> Result<Template> {
        Template::parse(&format!(
            "
            Resources:
              Table: {{ Type: AWS::DynamoDB::GlobalTable, Properties: {{}} }}
              Mailer:
                Type: AWS::Serverless::Function
                Properties: {{ CodeUri: functions/mailer }}
              Mails:
                Type: AWS::Lambda::EventSourceMapping
                Properties:
                  EventSourceArn: {source}
                  FunctionName: {function}
                  StartingPosition: TRIM_HORIZON
                  {rest}
            "
        ))
    }

    #[test]
    fn a_mapping_has_the_package_of_its_function_however_the_template_refers_to_it() {
        for function in
            ["!Ref Mailer", "!Ref Mailer.Alias", "!GetAtt Mailer.Arn", "!Sub '${Mailer}:live'"]
        {
            let template = template(function, "").unwrap();

            let [mapping] = template.event_source_mappings() else { panic!("one mapping") };
            assert_eq!((mapping.function.as_str(), mapping.batch_size), ("mailer", 100));
            assert_eq!((mapping.max_age, mapping.parallelization), (None, 1));
            assert!(mapping.filters.is_empty() && !mapping.bisects && !mapping.reports_failures);
        }
        assert!(template("!Ref Sender", "").is_err());
    }

    #[test]
    fn the_source_of_a_mapping_is_the_stream_of_the_stacks_own_table() {
        let from = |source| template_from(source, "!Ref Mailer", "");

        assert!(from("!If [MakesTable, !GetAtt Table.StreamArn, !Ref Stream]").is_ok());
        assert!(from("!If [MakesTable, !GetAtt Table.Arn, !Ref Stream]").is_err());
        assert!(from("!Ref Stream").is_err());
    }

    #[test]
    fn a_mapping_has_the_limits_and_filters_of_its_resource_or_is_an_error() {
        let own = |name: &str, value: &str| template("!Ref Mailer", &format!("{name}: {value}"));

        let pattern = r#"{Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}"#;
        let filtered = own("FilterCriteria", pattern).unwrap();
        let filters = &filtered.event_source_mappings()[0].filters;
        assert!(filters[0].matches(&json!({ "eventName": "INSERT" })));
        let aged = own("MaximumRecordAgeInSeconds", "3600").unwrap();
        assert_eq!(aged.event_source_mappings()[0].max_age, Some(Duration::from_hours(1)));
        let reports = own("FunctionResponseTypes", "[ReportBatchItemFailures]").unwrap();
        assert!(reports.event_source_mappings()[0].reports_failures);
        let parallel = own("ParallelizationFactor", "10").unwrap();
        assert_eq!(parallel.event_source_mappings()[0].parallelization, 10);

        for (name, value) in [
            ("FilterCriteria", r#"{Filters: [{Pattern: '{"a":[{"suffix":"x"}]}'}]}"#),
            ("BatchSize", "0"),
            ("BatchSize", "!Ref Size"),
            ("MaximumRetryAttempts", "3"),
            ("ParallelizationFactor", "0"),
            ("ParallelizationFactor", "11"),
        ] {
            assert!(own(name, value).is_err(), "{name}: {value}");
        }
    }
}
