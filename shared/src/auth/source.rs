//! Where a sign-in comes from.

use crate::http::ApiRequest;
use crate::model::Network;

/// The network that a request comes from, as the gateway saw it. This is the only place that
/// decides it; no header counts.
pub(super) fn source(request: &ApiRequest) -> Network {
    Network::from_address(request.source_address().unwrap_or_default())
}
