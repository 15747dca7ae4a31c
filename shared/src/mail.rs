//! Tokens in mails: encrypted while the mail waits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::failed;
use crate::model::{Mail, MailId, MailLink, MailToken};
use crate::service_key::ServiceKeys;
use crate::{Error, Result};

/// The page, below `/account/`, that the link of an invitation opens.
pub const INVITATION_PAGE: &str = "invitations";

const PURPOSE: &str = "token in a mail";

/// A link below `base_url`, with its token encrypted.
pub async fn seal_link(
    keys: &ServiceKeys,
    base_url: String,
    token: &MailToken,
) -> Result<MailLink> {
    let (key, sealed_for) = (keys.current().await?, MailId::generate()?);
    let token = token.reveal().into_bytes();
    let sealed = key.encrypt(PURPOSE, &[sealed_for.to_string().as_bytes()], token)?;
    let (sealed_token, key_version) = (STANDARD.encode(sealed), key.version.clone());
    Ok(MailLink { base_url, sealed_for, sealed_token, key_version })
}

/// The token of a mail that has a link.
pub async fn reveal_token(keys: &ServiceKeys, mail: &Mail) -> Result<Option<String>> {
    let Some(link) = &mail.link else { return Ok(None) };
    let key = keys.version(&link.key_version).await?;
    let sealed = STANDARD.decode(&link.sealed_token).map_err(failed("read a mail"))?;
    let token = key.decrypt(PURPOSE, &[link.sealed_for.to_string().as_bytes()], &sealed)?;
    let token = String::from_utf8(token);
    token.map(Some).map_err(|_| Error::internal("read a mail", "its token is no text"))
}
