//! The audit log of an account.

use lambda_http::{Body, Response};
use maud::html;
use shared::auth::{AuditRead, AuthRequest, Authorized, SessionCookie};
use shared::http::ApiRequest;
use shared::model::{AuditLog, Role};
use shared::rollcall::AuditRequest;
use shared::table::fetch;
use shared::{App, Result};

use crate::account_frame::{Frame, account_id, path};
use crate::activity::entries;
use crate::layout::AccountSection;
use crate::words::{account as words, layout};

const PAGE: (AccountSection, &str) = (AccountSection::Activity, layout::ACTIVITY);

/// `GET /account/accounts/{id}/activity`: an admin sees what was done to the account, newest entry
/// first.
pub(crate) async fn show(app: &App, request: &ApiRequest, id: &str) -> Result<Response<Body>> {
    let query = request.query()?;
    let input = account_id(id).and_then(|id| Ok((id, AuditRequest::unfiltered(&query)?)));
    AuthRequest::<AuditRead, SessionCookie>::from_request(app, request)?
        .input(input)
        .fetch(|(id, _)| fetch::account_access(*id))
        .query(|table, _, (id, page)| page.clone().read_page(table, AuditLog::Account(*id)))
        .respond(async |Authorized { caller, input, fetched: access, queried: page }| {
            let ((id, _), user) = (input, caller.user());
            let (account, own) = access.membership()?;
            let frame = Frame { user, account: &account, role: own.role };
            if own.role != Role::Admin {
                return Ok(frame.admins_only(request, PAGE));
            }
            let content = html! {
                p { (words::ACTIVITY) }
                (entries(user, &page, &path(id, "/activity"), query.get("cursor")))
            };
            Ok(frame.screen(PAGE, content).show(request))
        })
        .await
}
