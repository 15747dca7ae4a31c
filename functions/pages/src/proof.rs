//! Confirming an address by the link of the mail.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::html;
use shared::http::ApiRequest;
use shared::{App, Result, self_service};

use crate::form::Form;
use crate::view::{View, fill};
use crate::words::proof as words;

/// `GET /account/emails/verify/{token}`: shows the address. The link works on.
pub(crate) async fn show(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let address = self_service::address_to_prove(app, token).await?;
    let content = html! {
        p { (words::IS_IT_YOURS) " " strong { bdi { (address) } } "." }
        p { (fill(words::IF_IT_WAS_YOU, request)) }
    };
    let form = Form { button: words::CONFIRM, ..Form::default() };
    Ok(View::form(words::HEADING, content, form).show(request))
}

/// `POST /account/emails/verify/{token}`: proves the address; again, as long as it stays proved.
pub(crate) async fn prove(app: &App, request: &ApiRequest, token: &str) -> Result<Response<Body>> {
    let address = self_service::prove_email(app, request, token).await?;
    let content = html! {
        p { strong { bdi { (address) } } " " (fill(words::IS_YOURS, request)) }
        p { a href="/account/emails" { (words::SEE_ADDRESSES) } }
    };
    Ok(View::text(StatusCode::OK, words::DONE, content).show(request))
}
