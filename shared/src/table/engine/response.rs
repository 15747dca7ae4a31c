//! Responses to reads, whose items are left as they are until somebody takes one.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{
    BatchGetItem, BatchGetItemError, BatchGetItemOutput,
};
use aws_sdk_dynamodb::operation::query::{Query, QueryError, QueryOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, KeysAndAttributes};
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::Attributes;
use super::text::{Value, attributes};

/// The only attribute of an item that is not parsed: its text.
const TEXT: &str = "";

/// Has the items of a BatchGetItem or Query left unparsed.
#[derive(Debug)]
pub(super) struct UnparsedItems;

/// Reads the responses of one of the two, to all attempts of a call.
#[derive(Debug)]
enum Reader {
    Batch,
    Query,
}

impl Reader {
    fn of(call: &Metadata) -> Option<Self> {
        match call.name() {
            "BatchGetItem" => Some(Self::Batch),
            "Query" => Some(Self::Query),
            _ => None,
        }
    }
}

impl Intercept for UnparsedItems {
    fn name(&self) -> &'static str {
        "UnparsedItems"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(reader) = config.load::<Metadata>().and_then(Reader::of) {
            config.interceptor_state().store_put(SharedResponseDeserializer::new(reader));
        }
        Ok(())
    }
}

impl Reader {
    /// An error is read by the SDK, whose retries depend on it.
    fn error(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let sdk = match self {
            Self::Batch => BatchGetItem::new().config(),
            Self::Query => Query::new().config(),
        };
        let sdk = sdk.as_ref().and_then(|layer| layer.load::<SharedResponseDeserializer>());
        let sdk =
            sdk.ok_or_else(|| OrchestratorError::response("nothing reads an error".into()))?;
        sdk.deserialize_nonstreaming_with_config(response, config)
    }
}

impl DeserializeResponse for Reader {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        if !response.status().is_success() {
            return self.error(response, config);
        }
        let body = response.body().bytes().unwrap_or_default();
        let output = match self {
            Self::Batch => batch(body)
                .map(Output::erase)
                .map_err(|error| Error::erase(BatchGetItemError::unhandled(error))),
            Self::Query => query(body)
                .map(Output::erase)
                .map_err(|error| Error::erase(QueryError::unhandled(error))),
        };
        output.map_err(OrchestratorError::operation)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<'a> {
    #[serde(borrow)]
    responses: HashMap<String, Vec<&'a RawValue>>,
    #[serde(default)]
    unprocessed_keys: HashMap<String, Unprocessed>,
    #[serde(default)]
    consumed_capacity: Vec<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Queried<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    last_evaluated_key: Option<HashMap<String, Value>>,
    consumed_capacity: Option<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unprocessed {
    keys: Vec<HashMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Consumed {
    capacity_units: Option<f64>,
}

impl From<Consumed> for ConsumedCapacity {
    fn from(Consumed { capacity_units }: Consumed) -> Self {
        Self::builder().set_capacity_units(capacity_units).build()
    }
}

/// Parses an object: a struct could be a list of its fields, too.
fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BoxError> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("the response is no object".into());
    }
    Ok(serde_json::from_slice(body)?)
}

fn batch(body: &[u8]) -> Result<BatchGetItemOutput, BoxError> {
    let parsed: Batch<'_> = parse(body)?;
    let mut output = BatchGetItemOutput::builder();
    for (table, items) in parsed.responses {
        output = output.responses(table, items.into_iter().map(unparsed).collect());
    }
    for (table, Unprocessed { keys }) in parsed.unprocessed_keys {
        let keys = keys.into_iter().map(attributes).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build()?;
        output = output.unprocessed_keys(table, keys);
    }
    for consumed in parsed.consumed_capacity {
        output = output.consumed_capacity(consumed.into());
    }
    Ok(output.build())
}

fn query(body: &[u8]) -> Result<QueryOutput, BoxError> {
    let parsed: Queried<'_> = parse(body)?;
    let output = QueryOutput::builder()
        .set_items(Some(parsed.items.into_iter().map(unparsed).collect()))
        .set_last_evaluated_key(parsed.last_evaluated_key.map(attributes))
        .set_consumed_capacity(parsed.consumed_capacity.map(Into::into));
    Ok(output.build())
}

fn unparsed(text: &RawValue) -> Attributes {
    HashMap::from([(TEXT.to_owned(), AttributeValue::S(text.get().to_owned()))])
}

/// The text of an item that is not parsed.
pub(super) fn into_text(mut item: Attributes) -> String {
    match item.remove(TEXT) {
        Some(AttributeValue::S(text)) => text,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;

    use super::*;

    const BUSY: &str = r#"{"__type": "com.amazon.coral.availability#ThrottlingException"}"#;

    #[test]
    fn items_stay_text_and_the_rest_of_a_response_is_read() {
        let key = HashMap::from([("pk".to_owned(), AttributeValue::S("a".to_owned()))]);

        let read = batch(
            br#"{"Responses": {"t": [{"pk": {"S": "a"}}]}, "New": 1,
                "UnprocessedKeys": {"t": {"ConsistentRead": true, "Keys": [{"pk": {"S": "a"}}]}},
                "ConsumedCapacity": [{"TableName": "t", "CapacityUnits": 1.5}]}"#,
        );
        let listed = query(
            br#"{"Items": [{"pk": {"S": "a"}}], "Count": 1, "LastEvaluatedKey": {"pk": {"S": "a"}},
                "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 0.5}}"#,
        );

        let (read, listed) = (read.unwrap(), listed.unwrap());
        assert_eq!(into_text(read.responses.unwrap()["t"][0].clone()), r#"{"pk": {"S": "a"}}"#);
        assert_eq!(read.unprocessed_keys.unwrap()["t"].keys[..], *std::slice::from_ref(&key));
        assert_eq!(read.consumed_capacity.unwrap()[0].capacity_units, Some(1.5));
        assert_eq!(into_text(listed.items.unwrap()[0].clone()), r#"{"pk": {"S": "a"}}"#);
        assert_eq!(listed.last_evaluated_key.unwrap(), key);
        assert_eq!(listed.consumed_capacity.unwrap().capacity_units, Some(0.5));
    }

    #[test]
    fn the_end_of_a_list_has_no_last_key_and_what_is_no_response_is_an_error() {
        assert_eq!(query(br#"{"Items": [], "Count": 0}"#).unwrap().last_evaluated_key, None);
        for wrong in ["", "[", "<html>", "{}", "[]", "[{}]", "[[], null, null]", BUSY] {
            let wrong = wrong.as_bytes();
            assert!(batch(wrong).is_err() && query(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_response_that_is_no_success_is_the_error_that_it_names() {
        let response = HttpResponse::new(400_u16.try_into().unwrap(), BUSY.into());
        let error = |reader: Reader| {
            let read = reader.deserialize_nonstreaming_with_config(&response, &ConfigBag::base());
            read.unwrap_err()
        };

        let (batch, query) = (error(Reader::Batch), error(Reader::Query));

        let batch = batch.as_operation_error().unwrap().downcast_ref::<BatchGetItemError>();
        let query = query.as_operation_error().unwrap().downcast_ref::<QueryError>();
        assert_eq!(batch.unwrap().code(), Some("ThrottlingException"));
        assert_eq!(query.unwrap().code(), Some("ThrottlingException"));
    }
}
