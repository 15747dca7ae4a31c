//! Requests as e24's clients sign them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use shared::model::Timestamp;

/// What follows the key in a signed request's `Authorization` header.
pub fn signature(secret: &str, signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a secret");
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Some seconds from now, in a zone that is `hours` before UTC.
pub fn date(seconds: i64, zone: &str, hours: i64) -> String {
    let time = Timestamp::now().as_second() + seconds + 3600 * hours;
    let time = Timestamp::from_second(time).expect("a time");
    format!("{} {zone}", time.strftime("%a, %d %b %Y %H:%M:%S"))
}

/// Signs the request of an event with an API key.
pub fn sign(event: &mut Value, key: &str, secret: &str) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (date, host) = (date(0, "GMT", 0), text(&event["headers"]["host"]));
    let method = text(&event["requestContext"]["http"]["method"]);
    let query = text(&event["rawQueryString"]);
    let query = if query.is_empty() { query } else { format!("?{query}") };
    let (path, body) = (text(&event["rawPath"]), text(&event["body"]));
    let signed = format!("{method}\n{host}\n{date}\n{path}{query}\n{body}");
    event["headers"]["x-date"] = json!(date);
    event["headers"]["authorization"] = json!(format!("{key}:{}", signature(secret, &signed)));
}
