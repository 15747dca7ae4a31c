//! The initial data of a development service.

#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

use devkit::engine::Engine;
use devkit::secrets_manager::SecretsManager;
use devkit::template::Template;
use serde_json::Value;
use shared::table::{Connection, Table};
use xtask::seed::{self, Secrets};

#[tokio::test]
async fn a_restart_seeds_only_the_client_that_an_earlier_version_did_not_save() {
    let engine = Engine::for_test().await.unwrap();
    let table_name = engine.new_table(&Template::load().unwrap()).await.unwrap();
    let mut first = seed::keys().unwrap();
    let manager = SecretsManager::start(first.service_key()).await.unwrap();

    assert!(first.seed(engine.endpoint(), &table_name, &manager).await.unwrap());
    let stored = serde_json::to_value(&first).unwrap();
    let mut restarted: Secrets = serde_json::from_value(stored.clone()).unwrap();
    assert!(!restarted.seed(engine.endpoint(), &table_name, &manager).await.unwrap());
    assert_eq!(serde_json::to_value(&restarted).unwrap(), stored);

    let mut earlier = stored.clone();
    earlier.as_object_mut().unwrap().remove("oauth_client");
    let mut updated: Secrets = serde_json::from_value(earlier).unwrap();
    assert!(updated.seed(engine.endpoint(), &table_name, &manager).await.unwrap());
    let updated = serde_json::to_value(&updated).unwrap();
    assert_eq!(updated["users"], stored["users"]);
    let table = Table::connect(Connection::local(engine.endpoint(), &table_name)).unwrap();
    for secrets in [&stored, &updated] {
        assert_is_registered(&table, &secrets["oauth_client"]).await;
    }
}

async fn assert_is_registered(table: &Table, client: &Value) {
    let text = |field: &str| client[field].as_str().unwrap();
    let stored = table.client(text("client_id").parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.redirect_uris, ["http://127.0.0.1:9010/callback"]);
    assert!(stored.secret_hash.as_ref().unwrap().matches(text("client_secret").as_bytes()));
}
