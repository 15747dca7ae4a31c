//! The tokens that clients ask about.

use shared::Result;
use shared::http::Fields;
use shared::model::{GrantCredential, GrantTokenKind};

/// The access or refresh token in the field `token`; `None` if it is neither. `token_type_hint` is
/// not needed, since the token's prefix tells its kind.
pub(crate) fn parse_token(fields: Result<Fields>) -> Result<Option<GrantCredential>> {
    let mut fields = fields?;
    let token: Option<String> = fields.required_non_empty("token");
    fields.optional::<String>("token_type_hint");
    let token = fields.into_result(token)?;
    Ok([GrantTokenKind::Access, GrantTokenKind::Refresh]
        .into_iter()
        .find_map(|kind| GrantCredential::parse(kind, &token).ok()))
}
