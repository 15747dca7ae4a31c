//! Floor B, the lean one: one thread, the SDK without `aws-config`, ring in place of aws-lc, built
//! for speed, and one read of four items. It asks nobody who they are.

use std::env;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use lambda_http::{Error, Request, run, service_fn};
use read::read;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = &client()?;
    let table = &env::var("TABLE_NAME")?;
    let keys = &env::var("FLOOR_KEYS")?;
    run(service_fn(move |_: Request| read(client, table, keys))).await
}

fn client() -> Result<Client, Error> {
    let credentials = Credentials::new(
        env::var("AWS_ACCESS_KEY_ID")?,
        env::var("AWS_SECRET_ACCESS_KEY")?,
        env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let ring = Provider::Rustls(CryptoMode::Ring);
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(ring).build_https())
        .region(Region::new(env::var("AWS_REGION")?))
        .credentials_provider(credentials);
    config.set_endpoint_url(env::var("AWS_ENDPOINT_URL_DYNAMODB").ok());
    Ok(Client::from_conf(config.build()))
}
