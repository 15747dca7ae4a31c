//! Floor B with one of Rollcall's measures after another; `Cargo.toml` has which feature takes back which.

use std::collections::HashMap;
use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lambda_http::{Error, IntoResponse, Request, run, service_fn};
use serde_json::json;

#[cfg_attr(feature = "threads", tokio::main)]
#[cfg_attr(not(feature = "threads"), tokio::main(flavor = "current_thread"))]
async fn main() -> Result<(), Error> {
    let client = &client().await?;
    let table = &env::var("TABLE_NAME")?;
    let keys = &env::var("FLOOR_KEYS")?;
    if cfg!(feature = "early") {
        read(client, table, keys).await?;
    }
    run(service_fn(move |_: Request| read(client, table, keys))).await
}

async fn client() -> Result<Client, Error> {
    let config = config().await?;
    #[cfg(not(any(feature = "chain", feature = "system-tls")))]
    let config = config.http_client(tls::client()?);
    Ok(Client::from_conf(config.build()))
}

#[cfg(feature = "chain")]
async fn config() -> Result<aws_sdk_dynamodb::config::Builder, Error> {
    let loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
    #[cfg(not(feature = "system-tls"))]
    let loader = loader.http_client(tls::client()?);
    Ok(aws_sdk_dynamodb::config::Builder::from(&loader.load().await))
}

#[cfg(not(feature = "chain"))]
async fn config() -> Result<aws_sdk_dynamodb::config::Builder, Error> {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};

    let (key, secret) = (env::var("AWS_ACCESS_KEY_ID")?, env::var("AWS_SECRET_ACCESS_KEY")?);
    let session = env::var("AWS_SESSION_TOKEN").ok();
    Ok(Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(env::var("AWS_REGION")?))
        .endpoint_url(env::var("AWS_ENDPOINT_URL_DYNAMODB")?)
        .credentials_provider(Credentials::new(key, secret, session, None, "environment")))
}

#[cfg(not(feature = "system-tls"))]
mod tls {
    use std::{env, fs};

    use aws_sdk_dynamodb::config::SharedHttpClient;
    use aws_smithy_http_client::Builder;
    use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
    use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
    use lambda_http::Error;

    #[cfg(feature = "ring")]
    const CRYPTO: CryptoMode = CryptoMode::Ring;
    #[cfg(not(feature = "ring"))]
    const CRYPTO: CryptoMode = CryptoMode::AwsLc;

    /// Trusts those of one small file.
    pub(crate) fn client() -> Result<SharedHttpClient, Error> {
        let trusted = fs::read(env::var("AWS_CA_BUNDLE")?)?;
        let trusted = TrustStore::empty().with_pem_certificate(trusted);
        let tls = TlsContext::builder().with_trust_store(trusted).build()?;
        Ok(Builder::new().tls_provider(Provider::Rustls(CRYPTO)).tls_context(tls).build_https())
    }
}

async fn read(client: &Client, table: &str, keys: &str) -> Result<impl IntoResponse + use<>, Error> {
    let words: Vec<_> = keys.split(' ').collect();
    let mut wanted = KeysAndAttributes::builder().consistent_read(true);
    for pair in words.chunks(2) {
        let names = ["pk", "sk"].map(str::to_owned);
        let values = pair.iter().map(|word| AttributeValue::S((*word).to_owned()));
        wanted = wanted.keys(names.into_iter().zip(values).collect::<HashMap<_, _>>());
    }
    let answer = client.batch_get_item().request_items(table, wanted.build()?).send().await?;
    let items = answer.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
    let count = items.len();
    let first = items.first().and_then(|item| item.get("pk")).and_then(|pk| pk.as_s().ok());
    Ok(json!({ "count": count, "first": first }))
}
