//! The initial data of a development service.

#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

use devkit::engine::Engine;
use devkit::secrets_manager::SecretsManager;
use devkit::template::Template;
use serde_json::Value;
use shared::table::{Connection, Table};
use xtask::seed::{self, Secrets};

const REDIRECT_URI: &str = "http://127.0.0.1:9000/_dev/callback";

#[tokio::test]
async fn a_restart_seeds_only_what_is_missing_and_redirects_the_client_to_its_own_port() {
    let engine = Engine::for_test().await.unwrap();
    let table_name = engine.new_table(&Template::load().unwrap()).await.unwrap();
    let mut first = seed::keys().unwrap();
    let manager = SecretsManager::start(first.service_key()).await.unwrap();

    assert!(first.seed(engine.endpoint(), &table_name, &manager, REDIRECT_URI).await.unwrap());
    let stored = serde_json::to_value(&first).unwrap();
    let mut restarted: Secrets = serde_json::from_value(stored.clone()).unwrap();
    assert!(!restarted.seed(engine.endpoint(), &table_name, &manager, REDIRECT_URI).await.unwrap());
    assert_eq!(serde_json::to_value(&restarted).unwrap(), stored);

    let mut earlier = stored.clone();
    earlier.as_object_mut().unwrap().remove("oauth_client");
    let mut updated: Secrets = serde_json::from_value(earlier).unwrap();
    assert!(updated.seed(engine.endpoint(), &table_name, &manager, REDIRECT_URI).await.unwrap());
    let updated = serde_json::to_value(&updated).unwrap();
    assert_eq!(updated["users"], stored["users"]);
    let table = Table::connect(Connection::local(engine.endpoint(), &table_name)).unwrap();
    for secrets in [&stored, &updated] {
        assert_is_registered(&table, &secrets["oauth_client"], REDIRECT_URI).await;
    }

    let elsewhere = "http://127.0.0.1:9100/_dev/callback";
    let mut moved: Secrets = serde_json::from_value(stored.clone()).unwrap();
    assert!(moved.seed(engine.endpoint(), &table_name, &manager, elsewhere).await.unwrap());
    let moved = serde_json::to_value(&moved).unwrap();
    assert_eq!(moved["oauth_client"]["client_secret"], stored["oauth_client"]["client_secret"]);
    assert_is_registered(&table, &moved["oauth_client"], elsewhere).await;
}

async fn assert_is_registered(table: &Table, client: &Value, redirect_uri: &str) {
    let text = |field: &str| client[field].as_str().unwrap();
    let stored = table.client(text("client_id").parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.redirect_uris, [redirect_uri]);
    assert_eq!(text("redirect_uri"), redirect_uri);
    assert!(stored.secret_hash.as_ref().unwrap().matches(text("client_secret").as_bytes()));
}
