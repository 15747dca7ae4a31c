//! Responses to BatchGetItem, whose items are left as they are until somebody takes one.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, KeysAndAttributes};
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::Attributes;
use super::text::{Value, attributes};

/// The only attribute of an item that is not parsed: its text.
const TEXT: &str = "";

/// Has the items of a BatchGetItem left unparsed.
#[derive(Debug)]
pub(super) struct UnparsedItems;

impl Intercept for UnparsedItems {
    fn name(&self) -> &'static str {
        "UnparsedItems"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_batch = config.load::<Metadata>().is_some_and(|call| call.name() == "BatchGetItem");
        // An error is the SDK's to read.
        if is_batch && context.response().status().is_success() {
            config.interceptor_state().store_put(SharedResponseDeserializer::new(Self));
        }
        Ok(())
    }
}

impl DeserializeResponse for UnparsedItems {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let body = response.body().bytes().unwrap_or_default();
        let parsed = serde_json::from_slice::<Response<'_>>(body).map_err(BoxError::from);
        let output = parsed.and_then(|parsed| Ok(parsed.into_output()?));
        output.map(Output::erase).map_err(|error| {
            OrchestratorError::operation(Error::erase(BatchGetItemError::unhandled(error)))
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response<'a> {
    #[serde(borrow, default)]
    responses: HashMap<String, Vec<&'a RawValue>>,
    #[serde(default)]
    unprocessed_keys: HashMap<String, Unprocessed>,
    #[serde(default)]
    consumed_capacity: Vec<Consumed>,
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

impl Response<'_> {
    fn into_output(self) -> Result<BatchGetItemOutput, aws_sdk_dynamodb::error::BuildError> {
        let mut output = BatchGetItemOutput::builder();
        for (table, items) in self.responses {
            output = output.responses(table, items.into_iter().map(unparsed).collect());
        }
        for (table, Unprocessed { keys }) in self.unprocessed_keys {
            let keys = keys.into_iter().map(attributes).collect();
            let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build()?;
            output = output.unprocessed_keys(table, keys);
        }
        for Consumed { capacity_units } in self.consumed_capacity {
            let units = ConsumedCapacity::builder().set_capacity_units(capacity_units);
            output = output.consumed_capacity(units.build());
        }
        Ok(output.build())
    }
}

fn unparsed(text: &RawValue) -> Attributes {
    HashMap::from([(TEXT.to_owned(), AttributeValue::S(text.get().to_owned()))])
}

/// The text of an item that is not parsed.
pub(super) fn text_of(mut item: Attributes) -> Option<String> {
    match item.remove(TEXT) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}
