//! Refresh tokens: each works once.

use futures_util::future::join_all;
use serde_json::json;
use testkit::{Fault, TestApp};

use super::{CALLBACK, arranged, assert_error, profile, refresh, set};

/// Makes all that was spent a moment ago spent long ago.
async fn wait(app: &TestApp) {
    let at = json!({ "S": TestApp::in_seconds(-11).to_string() });
    set(app, "SET refresh.spent[0].spentAt = :value", at).await;
}

#[tokio::test]
async fn a_refresh_token_returns_new_tokens_and_the_last_access_token_stays_valid() {
    arranged!(app, client, jane);
    let first = client.tokens(&app, &jane.credentials(), "profile_read email_read").await;

    let next = refresh(&app, &client, &first.refresh).await;

    assert_eq!((next.status, next.text("scope")), (200, "profile_read email_read"));
    assert_eq!(next.text("username"), "janedoe");
    assert_ne!(next.text("refresh_token"), first.refresh);
    for token in [&first.access, next.text("access_token")] {
        assert_eq!(profile(&app, token).await, 200);
    }
}

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_never_for_more() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read email_read").await;
    let fields =
        |token: &str, scope: &str| ["refresh_token".to_owned(), token.to_owned(), scope.to_owned()];
    let refresh_with_scope = async |[kind, token, scope]: [String; 3]| {
        let fields = [("grant_type", kind.as_str()), ("refresh_token", &token), ("scope", &scope)];
        client.token(&app, &fields).await
    };

    for scope in
        ["email_write", "profile_read email_write", "account_read", " ", "profile_read\temail_read"]
    {
        let response = refresh_with_scope(fields(&tokens.refresh, scope)).await;
        assert_error(&response, 400, "invalid_scope");
    }
    let empty = refresh_with_scope(fields(&tokens.refresh, "")).await;
    assert_eq!((empty.status, empty.text("scope")), (200, "profile_read email_read"));
    let less = refresh_with_scope(fields(empty.text("refresh_token"), "email_read")).await;
    assert_eq!((less.status, less.text("scope")), (200, "email_read"));
    assert_eq!(profile(&app, less.text("access_token")).await, 403);
    let all = refresh(&app, &client, less.text("refresh_token")).await;
    assert_eq!(all.text("scope"), "profile_read email_read");
}

#[tokio::test]
async fn a_token_spent_a_moment_ago_is_rejected_and_the_family_stays_valid() {
    arranged!(app, client, jane);
    let first = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let second = refresh(&app, &client, &first.refresh).await;
    let third = refresh(&app, &client, second.text("refresh_token")).await;

    for spent in [first.refresh.as_str(), second.text("refresh_token")] {
        assert_error(&refresh(&app, &client, spent).await, 400, "invalid_grant");
    }

    assert_eq!(profile(&app, third.text("access_token")).await, 200);
    assert_eq!(refresh(&app, &client, third.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn a_token_spent_more_than_10_seconds_ago_revokes_the_family() {
    arranged!(app, client, jane);
    let first = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let second = refresh(&app, &client, &first.refresh).await;
    wait(&app).await;

    assert_error(&refresh(&app, &client, &first.refresh).await, 400, "invalid_grant");

    assert_eq!(profile(&app, second.text("access_token")).await, 401);
    assert_eq!(profile(&app, &first.access).await, 401);
    let last = refresh(&app, &client, second.text("refresh_token")).await;
    assert_error(&last, 400, "invalid_grant");
    assert_eq!(app.items_of("grant").await.len(), 0);
}

#[tokio::test]
async fn a_token_spent_long_ago_is_still_recognised_many_refreshes_later() {
    arranged!(app, client, jane);
    let first = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let mut last = first.refresh.clone();
    for _ in 0..3 {
        last = refresh(&app, &client, &last).await.text("refresh_token").to_owned();
        wait(&app).await;
    }
    refresh(&app, &client, &last).await;

    assert_error(&refresh(&app, &client, &first.refresh).await, 400, "invalid_grant");

    assert_eq!(app.items_of("grant").await.len(), 0);
}

#[tokio::test]
async fn a_token_used_twice_at_once_succeeds_once_and_that_result_stays_valid() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;

    let responses = join_all((0..8).map(|_| refresh(&app, &client, &tokens.refresh))).await;

    let (good, rejected): (Vec<_>, Vec<_>) =
        responses.into_iter().partition(|response| response.status == 200);
    assert_eq!(good.len(), 1);
    for response in rejected {
        assert_error(&response, 400, "invalid_grant");
    }
    assert_eq!(profile(&app, good[0].text("access_token")).await, 200);
    assert_eq!(refresh(&app, &client, good[0].text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn a_refresh_whose_table_response_was_lost_is_no_second_use_of_itself() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    app.proxy().disturb("TransactWriteItems", Fault::ResponseLost);

    let next = refresh(&app, &client, &tokens.refresh).await;

    assert_eq!((next.status, app.proxy().faults_left()), (200, 0), "{next:?}");
    assert_eq!(refresh(&app, &client, next.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn another_clients_refresh_token_is_invalid_and_unaffected() {
    arranged!(app, client, jane);
    let other = app.new_client(CALLBACK, true).await;
    let first = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let next = refresh(&app, &client, &first.refresh).await;
    wait(&app).await;

    for token in [first.refresh.as_str(), next.text("refresh_token")] {
        assert_error(&refresh(&app, &other, token).await, 400, "invalid_grant");
    }

    assert_eq!(refresh(&app, &client, next.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn a_made_up_refresh_token_of_a_real_grant_revokes_nothing() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let real = shared::model::GrantCredential::parse(
        shared::model::GrantTokenKind::Refresh,
        &tokens.refresh,
    )
    .unwrap();
    let made_up = shared::model::GrantCredential::generate(
        shared::model::GrantTokenKind::Refresh,
        real.owner(),
        real.grant(),
    )
    .unwrap();

    assert_error(&refresh(&app, &client, &made_up.reveal()).await, 400, "invalid_grant");

    assert_eq!(refresh(&app, &client, &tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn a_grant_has_ten_valid_access_tokens_and_a_further_one_ends_the_oldest() {
    arranged!(app, client, jane);
    let first = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let (mut access, mut last) = (vec![first.access], first.refresh);
    for _ in 0..10 {
        let next = refresh(&app, &client, &last).await;
        access.push(next.text("access_token").to_owned());
        next.text("refresh_token").clone_into(&mut last);
    }

    for (number, token) in access.iter().enumerate() {
        let expected = if number == 0 { 401 } else { 200 };
        assert_eq!(profile(&app, token).await, expected, "{number}");
    }
}
