//! Credentials that input can name without knowing them: the corpus stays good in every run.

use std::sync::LazyLock;

use shared::model::{
    ApiKeyId, ClientId, GrantCredential, GrantId, GrantTokenKind, TokenCredential, TokenKind,
    UserId,
};

use crate::date;

/// Placeholders for credentials in input, with the credentials, which belong to no user.
static SAMPLES: LazyLock<Vec<(&str, String)>> = LazyLock::new(|| {
    let owner = UserId::generate();
    let own = |kind| TokenCredential::generate(kind, owner).expect("a token").reveal();
    let client = ClientId::generate().expect("an id");
    let grant = GrantId::generate(client).expect("an id");
    let granted = |part| GrantCredential::generate(part, owner, grant).expect("a token").reveal();
    vec![
        ("rcu_YOUR_TOKEN", own(TokenKind::User)),
        ("rce_YOUR_TOKEN", own(TokenKind::Environment)),
        ("YOUR_ACCESS_TOKEN", granted(GrantTokenKind::Access)),
        ("YOUR_REFRESH_TOKEN", granted(GrantTokenKind::Refresh)),
        ("YOUR_CODE", granted(GrantTokenKind::Code)),
        ("rck_YOUR_API_KEY", ApiKeyId::generate().expect("an id").to_api_key(owner)),
    ]
});

/// The text with a credential for each of their names, and now for `YOUR_DATE`.
pub(super) fn replaced(text: &str) -> String {
    let text = text.replace("YOUR_DATE", &date(0, "GMT", 0));
    SAMPLES.iter().fold(text, |text, (name, sample)| text.replace(name, sample))
}
