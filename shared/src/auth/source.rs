//! Where a sign-in comes from, and which request it is.

use crate::http::ApiRequest;
use crate::model::Network;
use crate::table::RequestContext;

/// The network that a request comes from, as the gateway saw it. This is the only place that
/// decides it; no header counts.
pub(crate) fn source(request: &ApiRequest) -> Network {
    Network::from_address(request.source_address().unwrap_or_default())
}

/// The request, as audit logs name it.
pub(crate) fn request_context(request: &ApiRequest) -> RequestContext {
    let dialect = Some(request.dialect().name());
    RequestContext { request_id: Some(request.id().to_owned()), dialect }
}
