//! What IAM allows each function is what it really asks of the table.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use shared::model::Role;
use tests::{Person, TestApp, operations};
use xtask::template::Template;

/// What each function asks of the table when everything is done that it can do.
async fn asked() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut asked = BTreeMap::<_, BTreeSet<String>>::new();
    for operation in operations() {
        let app = TestApp::start().await;
        let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
        app.join(&john, &jane.account(), Role::Admin).await;
        let fresh = fresh(&jane).await;
        app.proxy().count();
        let answer = app.send_event(&operation.by(&fresh)).await;
        assert!(answer.status == 200 || operation.is_public(), "{operation}: {answer:?}");
        let actions = app.proxy().calls().into_iter().flat_map(|call| call.actions);
        asked.entry(operation.binary()).or_default().extend(actions);
    }
    asked
}

/// The same person with a token whose first use is yet to be noted.
async fn fresh<'a>(person: &Person<'a>) -> Person<'a> {
    person.with_token(person.new_token(shared::model::TokenKind::User, None, None).await)
}

#[tokio::test]
async fn every_function_may_do_what_it_does_and_nothing_else() {
    let asked = asked().await;

    for function in Template::load().unwrap().functions() {
        assert_eq!(
            Some(&function.actions),
            asked.get(function.binary.as_str()),
            "{}",
            function.binary
        );
    }
    assert_eq!(asked["not-found"], BTreeSet::new());
    assert!(asked["quave-accounts"].contains("dynamodb:BatchWriteItem"), "{}", json!(asked));
}
