//! Consumed capacity of calls to the table, for the log.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

use crate::telemetry::request::observe;

/// Requests the consumed capacity of each call, and adds it to the current request's log line.
#[derive(Debug)]
pub(in crate::table) struct Capacity;

/// The operations in use, and how to read the consumed capacity of each.
macro_rules! operations {
    ($then:ident) => {
        $then! {
            BatchGetItemInput, BatchGetItemOutput, |output| output.consumed_capacity();
            BatchWriteItemInput, BatchWriteItemOutput, |output| output.consumed_capacity();
            QueryInput, QueryOutput, |output| output.consumed_capacity();
            TransactWriteItemsInput, TransactWriteItemsOutput, |output| output.consumed_capacity();
            UpdateItemInput, UpdateItemOutput, |output| output.consumed_capacity();
        }
    };
}

impl Intercept for Capacity {
    fn name(&self) -> &'static str {
        "Capacity"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        macro_rules! request {
            ($($input:ty, $_output:ty, |$_o:ident| $_units:expr;)*) => {$(
                if let Some(input) = input.downcast_mut::<$input>() {
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                }
            )*};
        }
        operations!(request);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut units = 0.0;
        if let Some(Ok(output)) = context.output_or_error() {
            macro_rules! add {
                ($($_input:ty, $output:ty, |$o:ident| $consumed:expr;)*) => {$(
                    if let Some($o) = output.downcast_ref::<$output>() {
                        units += total($consumed);
                    }
                )*};
            }
            operations!(add);
        }
        observe(|observed| {
            observed.calls += 1;
            observed.capacity += units;
        });
        Ok(())
    }
}

/// The sum of the consumed capacity units.
fn total<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed.into_iter().filter_map(|table| table.capacity_units).sum()
}
