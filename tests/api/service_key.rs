//! The service key, from a stand-in for Secrets Manager.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use serde_json::{Value, json};
use shared::Error;
use shared::aws::Aws;
use shared::model::{ApiKey, UserId};
use shared::service_key::ServiceKeys;

/// A secret that can change, and how often it was read.
type Secret = Arc<Mutex<(Value, usize)>>;

async fn keys(secret: &Secret) -> ServiceKeys {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let read = async |State(secret): State<Secret>| {
        let mut secret = secret.lock().unwrap();
        secret.1 += 1;
        json!({
            "ARN": "arn:aws:secretsmanager:us-east-1:1:secret:x",
            "Name": "x",
            "SecretString": secret.0.to_string(),
        })
        .to_string()
    };
    let router = Router::new().fallback(read).with_state(Arc::clone(secret));
    tokio::spawn(axum::serve(listener, router).into_future());
    ServiceKeys::new(Aws::local(&endpoint), "x".to_owned())
}

fn key(letter: &str) -> String {
    letter.repeat(32)
}

#[tokio::test]
async fn an_unknown_key_version_is_read_once_and_is_503_if_missing() {
    let secret = Secret::new(Mutex::new((json!({ "current": "1", "1": key("a") }), 0)));
    let keys = keys(&secret).await;
    assert_eq!(keys.current().await.unwrap().version, "1");

    for _ in 0..3 {
        assert!(matches!(keys.version("2").await, Err(Error::Unavailable { .. })));
    }
    assert_eq!(secret.lock().unwrap().1, 2);
    secret.lock().unwrap().0 = json!({ "current": "3", "1": key("a"), "3": key("c") });
    keys.version("3").await.unwrap();

    assert_eq!(keys.current().await.unwrap().version, "3");
    keys.version("1").await.unwrap();
    assert_eq!(secret.lock().unwrap().1, 3, "old versions stay readable without asking again");
}

#[tokio::test]
async fn a_derived_secret_depends_on_the_key_the_purpose_and_every_part() {
    let secret =
        Secret::new(Mutex::new((json!({ "current": "1", "1": key("a"), "2": key("b") }), 0)));
    let keys = keys(&secret).await;
    let (one, two) = (keys.version("1").await.unwrap(), keys.version("2").await.unwrap());
    let derived = one.derive("x", &[b"ab", b"c"]).unwrap();

    assert_eq!(one.derive("x", &[b"ab", b"c"]).unwrap(), derived);
    for other in [
        two.derive("x", &[b"ab", b"c"]),
        one.derive("y", &[b"ab", b"c"]),
        one.derive("x", &[b"a", b"bc"]),
        one.derive("x", &[b"abc"]),
    ] {
        assert_ne!(other.unwrap(), derived);
    }
}

#[tokio::test]
async fn a_secret_that_is_malformed_or_too_short_is_503() {
    for text in [
        json!("nonsense"),
        json!({}),
        json!({ "current": "1" }),
        json!({ "current": "1", "1": "short" }),
        json!({ "1": key("a") }),
    ] {
        let keys = keys(&Secret::new(Mutex::new((text.clone(), 0)))).await;
        assert!(matches!(keys.current().await, Err(Error::Unavailable { .. })), "{text}");
    }
}

#[tokio::test]
async fn a_renewed_secret_is_derived_from_the_current_version() {
    let secret =
        Secret::new(Mutex::new((json!({ "current": "2", "1": key("a"), "2": key("b") }), 0)));
    let keys = keys(&secret).await;
    let (one, two) = (keys.version("1").await.unwrap(), keys.version("2").await.unwrap());
    let (owner, old) = (UserId::generate(), ApiKey::generate(&one).unwrap());

    let new = old.renewed(&two).unwrap();

    assert_eq!((new.id, new.key_version.as_str()), (old.id, "2"));
    assert_ne!(new.secret(owner, &two).unwrap(), old.secret(owner, &one).unwrap());
}
