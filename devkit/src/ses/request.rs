//! Requests to send a mail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::message::addresses;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    #[serde(default)]
    from_email_address: String,
    #[serde(default)]
    destination: Destination,
    content: Content,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Destination {
    #[serde(rename = "ToAddresses")]
    to: Vec<String>,
    #[serde(rename = "CcAddresses")]
    cc: Vec<String>,
    #[serde(rename = "BccAddresses")]
    bcc: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    raw: Raw,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    data: String,
}

/// The recipients, by the headers unless the request names some, and the mail; else what the
/// request lacks.
pub(super) fn parse(request: &[u8]) -> Result<(Vec<String>, Vec<u8>), String> {
    let request: SendEmail = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    let raw = STANDARD.decode(request.content.raw.data).map_err(|error| error.to_string())?;
    let (has_sender, in_headers) = addresses(&raw);
    if request.from_email_address.is_empty() && !has_sender {
        return Err("Missing required header 'From'.".to_owned());
    }
    let Destination { to, cc, bcc } = request.destination;
    let named = [to, cc, bcc].concat();
    let recipients = if named.is_empty() { in_headers } else { named };
    if recipients.iter().all(String::is_empty) {
        return Err("The message has no recipient.".to_owned());
    }
    Ok((recipients, raw))
}
