//! Where a sign-in comes from, and which request it is.

use crate::http::ApiRequest;
use crate::model::Network;
use crate::table::{LoginSource, RequestContext};
use crate::{App, Result};

/// The network that a request comes from, as the gateway saw it. This is the only place that
/// decides it; no header counts.
pub(crate) fn source(request: &ApiRequest) -> Network {
    Network::from_address(request.source_address().unwrap_or_default())
}

/// The source that a sign-in from this network counts for.
pub(super) async fn login_source(app: &App, network: &Network) -> Result<LoginSource> {
    let (current, others) = app.service_keys.current_and_others().await?;
    LoginSource::new(network, &current, others.iter().map(AsRef::as_ref))
}

/// The request, as audit logs name it.
pub(crate) fn request_context(request: &ApiRequest) -> RequestContext {
    let dialect = Some(request.dialect().name());
    RequestContext { request_id: Some(request.id().to_owned()), dialect }
}
