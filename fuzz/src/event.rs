//! Changing an event without breaking its JSON: most changes of its bytes would make it no event at
//! all.

use fastrand::Rng;
use libfuzzer_sys::fuzzer_mutate;
use serde_json::{Map, Value, json};

/// One change in this many is of the event's raw bytes, valid or not.
const RAW: usize = 16;

/// How much a text may grow by one change, in bytes.
const ROOM: usize = 256;

/// Headers that the functions read, with a value that they understand.
const HEADERS: [(&str, &str); 14] = [
    ("authorization", "Bearer rcu_YOUR_TOKEN"),
    ("authorization", "Basic YOUR_BASIC"),
    ("authorization", "Bearer YOUR_ACCESS_TOKEN"),
    ("authorization", "YOUR_SIGNATURE"),
    ("content-type", "application/json"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("cookie", "__Host-session=x"),
    ("host", "localhost:9000"),
    ("idempotency-key", "8e03978e-40d5"),
    ("if-match", "*"),
    ("if-none-match", "W/\"x\", \"y\""),
    ("x-date", "Sat, 21 Nov 2026 12:00:00 GMT"),
    ("x-forwarded-port", "443"),
    ("x-forwarded-proto", "http"),
];

const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The event with one change, if it is one and the changed one is not too long; nothing if its
/// bytes are to be changed.
pub fn mutated(event: &[u8], max_size: usize, seed: u32) -> Option<String> {
    let mut rng = Rng::with_seed(seed.into());
    if rng.usize(..RAW) == 0 {
        return None;
    }
    let mut event: Value = serde_json::from_slice(event).ok()?;
    change(&mut event, &mut rng)?;
    Some(event.to_string()).filter(|text| text.len() <= max_size)
}

fn change(event: &mut Value, rng: &mut Rng) -> Option<()> {
    match rng.u8(..8) {
        0 => {
            let (name, value) = rng.choice(HEADERS)?;
            event["headers"].as_object_mut()?.insert(name.to_owned(), json!(value));
        }
        1 => remove_one(event["headers"].as_object_mut()?, rng),
        2 => event["requestContext"]["http"]["method"] = json!(rng.choice(METHODS)?),
        3 | 4 => change_text(&mut event["body"], rng),
        5 => change_text(&mut event["rawQueryString"], rng),
        6 => change_text(&mut event["rawPath"], rng),
        _ => {
            let headers = event["headers"].as_object_mut()?;
            change_text(rng.choice(headers.values_mut())?, rng);
        }
    }
    Some(())
}

fn remove_one(fields: &mut Map<String, Value>, rng: &mut Rng) {
    if let Some(name) = rng.choice(fields.keys().cloned().collect::<Vec<_>>()) {
        fields.remove(&name);
    }
}

/// Changes a text as libFuzzer does; if it is JSON, it may be a text in it that changes.
fn change_text(place: &mut Value, rng: &mut Rng) {
    let text = place.as_str().unwrap_or_default();
    if let (Ok(Value::Object(mut fields)), true) = (serde_json::from_str(text), rng.bool()) {
        change_field(&mut fields, rng);
        *place = json!(Value::Object(fields).to_string());
        return;
    }
    let mut bytes = text.as_bytes().to_vec();
    let (size, most) = (bytes.len(), bytes.len() + ROOM);
    bytes.resize(most, 0);
    let size = fuzzer_mutate(&mut bytes, size, most);
    *place = json!(String::from_utf8_lossy(&bytes[..size]));
}

/// Changes, exchanges or removes a field.
fn change_field(fields: &mut Map<String, Value>, rng: &mut Rng) {
    let others =
        [json!(null), json!(true), json!(""), json!(-1), json!(1e300), json!([]), json!({})];
    match rng.u8(..4) {
        0 => remove_one(fields, rng),
        1 => {
            if let (Some(value), Some(other)) =
                (rng.choice(fields.values_mut()), rng.choice(others))
            {
                *value = other;
            }
        }
        _ => {
            if let Some(value) = rng.choice(fields.values_mut()) {
                change_text(value, rng);
            }
        }
    }
}
