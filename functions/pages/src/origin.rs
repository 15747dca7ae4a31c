//! Forms of other sites.

use lambda_http::http::header::ORIGIN;
use shared::http::ApiRequest;

/// Whether nothing says that a form comes from another site. Browsers say where it comes from; those
/// that do not are old.
pub(crate) fn is_own(request: &ApiRequest) -> bool {
    let base_url = request.base_url().to_string();
    let has_only = |name: &str, is_own: &dyn Fn(&[u8]) -> bool| {
        request.headers().get_all(name).iter().all(|value| is_own(value.as_bytes()))
    };
    // `none`: the person did it, as when a page is loaded again.
    has_only("sec-fetch-site", &|site| matches!(site, b"same-origin" | b"none"))
        && has_only(ORIGIN.as_str(), &|origin| origin.eq_ignore_ascii_case(base_url.as_bytes()))
}
