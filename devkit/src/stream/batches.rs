//! What a function has yet to get of the stream, in order, and what came of each batch.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::template::EventSourceMapping;

/// The records that wait, in batches; one that was halved waits as two.
pub(super) struct Batches {
    mapping: EventSourceMapping,
    waiting: VecDeque<Vec<Value>>,
    expired: Vec<Value>,
}

/// What of a batch has failed.
#[derive(Debug, PartialEq, Eq)]
enum Failed {
    Nothing,
    /// This record; those after it are sent again too.
    From(usize),
    Everything,
}

impl Batches {
    pub(super) fn new(mapping: EventSourceMapping) -> Self {
        Self { mapping, waiting: VecDeque::new(), expired: Vec::new() }
    }

    /// Adds what the filters let through.
    pub(super) fn add(&mut self, mut records: Vec<Value>) {
        let filters = &self.mapping.filters;
        records
            .retain(|own| filters.is_empty() || filters.iter().any(|filter| filter.matches(own)));
        self.waiting.extend(records.chunks(self.mapping.batch_size).map(<[Value]>::to_vec));
    }

    /// All records that wait, in order.
    pub(super) fn take_waiting(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.waiting).into_iter().flatten().collect()
    }

    pub(super) fn next_event(&mut self, now: Timestamp) -> Option<Value> {
        while let Some(batch) = self.waiting.pop_front() {
            let is_old = |record: &Value| self.mapping.is_too_old(record, now);
            let (expired, batch): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_old);
            self.expired.extend(expired);
            if !batch.is_empty() {
                let event = json!({ "Records": batch });
                self.waiting.push_front(batch);
                return Some(event);
            }
        }
        None
    }

    pub(super) fn settle(&mut self, response: Option<&Value>) -> bool {
        let Some(mut batch) = self.waiting.pop_front() else { return true };
        match self.mapping.failed(&batch, response) {
            Failed::Nothing => return true,
            Failed::From(first) => self.waiting.push_front(batch.split_off(first)),
            Failed::Everything => {
                if self.mapping.bisects && batch.len() > 1 {
                    self.waiting.push_front(batch.split_off(batch.len().div_ceil(2)));
                }
                self.waiting.push_front(batch);
            }
        }
        false
    }

    pub(super) fn take_expired(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.expired)
    }
}

impl EventSourceMapping {
    fn is_too_old(&self, record: &Value, now: Timestamp) -> bool {
        let second = record["dynamodb"]["ApproximateCreationDateTime"].as_i64();
        let created = second.and_then(|second| Timestamp::from_second(second).ok());
        let max_age = self.max_age.and_then(|age| SignedDuration::try_from(age).ok());
        created.zip(max_age).is_some_and(|(created, max_age)| now.duration_since(created) > max_age)
    }

    /// Lambda takes an empty response as a success, and one that it cannot use as a failure.
    fn failed(&self, batch: &[Value], response: Option<&Value>) -> Failed {
        let Some(response) = response else { return Failed::Everything };
        if !self.reports_failures || response.is_null() {
            return Failed::Nothing;
        }
        if !response.is_object() {
            return Failed::Everything;
        }
        let failures = match &response["batchItemFailures"] {
            Value::Null => return Failed::Nothing,
            Value::Array(failures) => failures,
            _ => return Failed::Everything,
        };
        let position = |failure: &Value| {
            let id = failure["itemIdentifier"].as_str()?;
            batch.iter().position(|record| record["dynamodb"]["SequenceNumber"] == id)
        };
        match failures.iter().map(position).collect::<Option<Vec<_>>>() {
            Some(positions) => positions.into_iter().min().map_or(Failed::Nothing, Failed::From),
            None => Failed::Everything,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::stream::Filter;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn record(number: i64) -> Value {
        json!({
            "eventName": if number == 0 { "REMOVE" } else { "INSERT" },
            "dynamodb": {
                "SequenceNumber": number.to_string(),
                "ApproximateCreationDateTime": number,
            },
        })
    }

    /// Batches of up to four of these records.
    fn batches(records: impl IntoIterator<Item = i64>) -> Batches {
        let mapping = EventSourceMapping {
            function: "mailer".to_owned(),
            filters: vec![Filter::parse(r#"{"eventName":["INSERT"]}"#).unwrap()],
            batch_size: 4,
            reports_failures: true,
            bisects: true,
            max_age: Some(Duration::from_mins(1)),
            parallelization: 1,
        };
        let mut batches = Batches::new(mapping);
        batches.add(records.into_iter().map(record).collect());
        batches
    }

    /// The records of the next event.
    fn next(batches: &mut Batches, now: Timestamp) -> Vec<i64> {
        let event = batches.next_event(now).unwrap_or_default();
        let records = event["Records"].as_array().cloned().unwrap_or_default();
        let numbers = records.iter().map(|own| own["dynamodb"]["SequenceNumber"].as_str());
        numbers.map(|number| number.unwrap().parse().unwrap()).collect()
    }

    fn failures(numbers: &[&str]) -> Value {
        let failures = numbers.iter().map(|number| json!({ "itemIdentifier": number }));
        json!({ "batchItemFailures": failures.collect::<Vec<_>>() })
    }

    #[test]
    fn records_come_in_order_in_batches_and_others_not_at_all() {
        let mut batches = batches([1, 0, 2, 3, 4, 5, 0]);

        assert_eq!(next(&mut batches, START), [1, 2, 3, 4]);
        assert_eq!(next(&mut batches, START), [1, 2, 3, 4], "nothing is settled yet");
        assert!(batches.settle(Some(&json!({ "batchItemFailures": [] }))));
        assert_eq!(next(&mut batches, START), [5]);
        assert!(batches.settle(Some(&Value::Null)));
        assert_eq!(next(&mut batches, START), [0; 0]);
    }

    #[test]
    fn from_the_lowest_failed_record_on_all_are_sent_again() {
        let mut batches = batches([1, 2, 3, 4, 5]);

        next(&mut batches, START);
        assert!(!batches.settle(Some(&failures(&["4", "2"]))));

        assert_eq!(next(&mut batches, START), [2, 3, 4]);
        assert!(batches.settle(Some(&json!({}))));
        assert_eq!(next(&mut batches, START), [5]);
    }

    #[test]
    fn a_batch_without_a_valid_response_is_halved_until_the_rest_passes() {
        for invalid in [
            None,
            Some(json!("sent")),
            Some(json!({ "batchItemFailures": "2" })),
            Some(json!({ "batchItemFailures": [{ "id": "2" }] })),
            Some(failures(&[""])),
            Some(failures(&["2", "9"])),
        ] {
            let mut batches = batches([1, 2, 3, 4]);

            assert_eq!(next(&mut batches, START), [1, 2, 3, 4]);
            assert!(!batches.settle(invalid.as_ref()), "{invalid:?}");
            assert_eq!(next(&mut batches, START), [1, 2], "{invalid:?}");
            assert!(!batches.settle(None));
            for (records, response) in [
                (vec![1], None),
                (vec![1], Some(&Value::Null)),
                (vec![2], Some(&Value::Null)),
                (vec![3, 4], Some(&Value::Null)),
            ] {
                assert_eq!(next(&mut batches, START), records, "{invalid:?}");
                assert_eq!(batches.settle(response), response.is_some());
            }
        }
    }

    #[test]
    fn a_record_above_the_age_is_given_up_and_the_others_are_sent() {
        let mut batches = batches([1, 2, 3]);
        next(&mut batches, START);
        batches.settle(Some(&failures(&["1"])));

        let now = Timestamp::from_second(62).unwrap();
        assert_eq!(next(&mut batches, now), [2, 3]);
        let expired = batches.take_expired();

        assert_eq!(expired, [record(1)]);
        assert_eq!(next(&mut batches, Timestamp::from_second(100).unwrap()), [0; 0]);
        assert_eq!(batches.take_expired().len(), 2);
    }
}
