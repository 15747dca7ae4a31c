//! The faults that a call can meet.

/// A fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Rejected with this code; nothing is done.
    Rejected(&'static str),
    /// Rejected with the status 500, as `DynamoDB` does; nothing is done.
    Failed,
    /// Done, with the status 500 as the response: `DynamoDB` does not say whether it did what it
    /// fails to confirm.
    FailedAfter,
    /// Rejected with the status 503 and a page of HTML, as something on the way might.
    Unreachable,
    /// This call's connection is closed, and every later one is rejected until
    /// [`Proxy::reopen`](super::Proxy::reopen).
    Gone,
    /// The connection is closed before anything is done.
    Dropped,
    /// Accepted, without a response, and never done.
    Silent,
    /// Accepted without a response; done when [`Proxy::deliver_late`](super::Proxy::deliver_late)
    /// is called, long after the client has given up.
    Late,
    /// Done at once, without a response for as long as the client waits.
    ResponseLate,
    /// Done, but the connection is closed before the response.
    ResponseLost,
    /// Done, but the connection is closed in the middle of the response.
    ResponseCut,
    /// Done, but the response stops in its middle for as long as the client waits.
    ResponseStalled,
    /// Cancelled because another transaction was in progress on the same items; the engine itself
    /// never does this.
    Conflict,
    /// Cancelled because there was no room for one of its writes just then.
    Crowded,
    /// Cancelled for these reasons, the first action's first; actions for which none is named are
    /// not to blame.
    Cancelled(&'static [&'static str]),
    /// Done, and reported as still in progress.
    InProgress,
    /// Only the first key is read or the first item written, the others are handed back.
    Unprocessed,
    /// From now on the table's clock is an hour ahead; a signature by another clock is rejected.
    StaleClock,
}

impl Fault {
    /// Rejected for lack of capacity.
    pub const THROTTLED: Self = Self::Rejected("ProvisionedThroughputExceededException");

    /// Rejected because an earlier attempt at the same transaction is still in progress.
    pub const IN_PROGRESS: Self = Self::Rejected("TransactionInProgressException");

    /// How many calls in a row must meet it before anything but the SDK's own next attempt gets
    /// over it.
    pub const fn in_a_row(self) -> usize {
        if matches!(self, Self::InProgress) { 3 } else { 1 }
    }

    /// Whether a call of this operation can meet it.
    pub fn concerns(self, operation: &str) -> bool {
        match self {
            Self::Conflict
            | Self::Crowded
            | Self::Cancelled(_)
            | Self::InProgress
            | Self::IN_PROGRESS => operation == "TransactWriteItems",
            Self::Unprocessed => matches!(operation, "BatchGetItem" | "BatchWriteItem"),
            _ => true,
        }
    }
}
