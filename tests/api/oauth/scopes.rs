//! The scopes that a client can be granted.

use serde_json::json;
use shared::model::{Client, Scope};
use shared::table::ClientChange;
use testkit::{ConsentPage, OAuthClient, TestApp, form, parameter};

use super::{CALLBACK, arranged, assert_error, change};

/// Sets the list of a client.
async fn limit(app: &TestApp, client: &OAuthClient, scopes: &[Scope]) {
    let scopes = Some(scopes.iter().copied().collect());
    change(app, client, ClientChange { scopes, ..ClientChange::default() }).await;
}

#[tokio::test]
async fn a_client_is_granted_the_scopes_of_its_list_and_told_them_for_any_other() {
    arranged!(app, client, jane);
    let narrow = app.new_client(CALLBACK, true).await;
    limit(&app, &narrow, &[Scope::ProfileRead, Scope::EmailWrite]).await;
    let writer = app.new_client(CALLBACK, true).await;
    limit(&app, &writer, &[Scope::EmailWrite]).await;
    let all = "profile_read profile_write email_read email_write";
    let long = "x".repeat(100);

    for (client, scope, description) in [
        (&client, "account_read", format!("the scope account_read is not one of {all}")),
        (&client, "email_read everything", format!("the scope everything is not one of {all}")),
        (&client, "\"\\\u{e9}\u{7f}", format!("the scope '??? is not one of {all}")),
        (&client, &long, format!("the scope {} is not one of {all}", &long[..60])),
        (
            &narrow,
            "profile_read email_read",
            "the scope email_read is not one of profile_read email_write".to_owned(),
        ),
        (&writer, "", "scope must name at least one of email_write".to_owned()),
    ] {
        let response = app.send("GET", &client.authorize_path(scope), &[], None).await;
        let place = response.header("location").unwrap_or_else(|| panic!("{response:?}"));
        assert_eq!(parameter(place, "error").as_deref(), Some("invalid_scope"), "{scope}");
        assert_eq!(parameter(place, "error_description"), Some(description), "{scope}");
    }
    for (client, scope, shown, granted) in [
        (&narrow, "", &["see your profile"][..], "profile_read"),
        (&narrow, "email_write", &["add, change and delete"], "email_write"),
        (&writer, "email_write", &["add, change and delete"], "email_write"),
    ] {
        let page = ConsentPage::open(&app, &client.authorize_path(scope), &jane.credentials())
            .await
            .response;
        let page = page.body.as_str().unwrap();
        assert_eq!(page.matches("<li>").count(), shown.len(), "{page}");
        assert!(shown.iter().all(|text| page.contains(text)), "{page}");
        let code = client.code(&app, &jane.credentials(), scope).await;
        assert_eq!(client.redeem(&app, &code).await.text("scope"), granted);
    }
}

#[tokio::test]
async fn a_page_that_showed_other_scopes_than_the_request_is_now_for_is_shown_again() {
    arranged!(app, client, jane);
    let path = client.authorize_path("");
    let (read, both) = (Scope::ProfileRead, [Scope::ProfileRead, Scope::EmailRead]);

    for (before, now) in [(&[read][..], &both[..]), (&both, &[read])] {
        limit(&app, &client, before).await;
        let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
        limit(&app, &client, now).await;

        let again = shown.decide(&app, "allow").await;

        assert_eq!(again.status, 403, "{again:?}");
        let page = again.body.as_str().unwrap();
        assert!(page.contains("What is asked for has changed"), "{page}");
        assert_eq!(page.matches("<li>").count(), now.len(), "{page}");
        assert_eq!(app.items_of("grant").await.len(), 0);
        let denied = shown.decide(&app, "deny").await;
        let place = denied.header("location").unwrap();
        assert_eq!(parameter(place, "error").as_deref(), Some("access_denied"));
    }
    // The same, while the grant is written.
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let key = json!({ "S": format!("CLIENT#{}", client.id) });
    let change = json!({
        "Key": { "pk": key, "sk": { "S": "CLIENT" } },
        "UpdateExpression": "SET scopes = :scopes ADD #version :one",
        "ExpressionAttributeNames": { "#version": "version" },
        "ExpressionAttributeValues": {
            ":scopes": { "L": [{ "S": "profile_read" }, { "S": "email_read" }] },
            ":one": { "N": "1" },
        },
    });
    app.proxy().before("TransactWriteItems", app.engine_later("UpdateItem", change));
    assert_eq!(shown.decide(&app, "allow").await.status, 403);
    assert_eq!((app.items_of("grant").await.len(), app.proxy().faults_left()), (0, 0));
    let code = client.code(&app, &jane.credentials(), "").await;
    assert_eq!(client.redeem(&app, &code).await.text("scope"), "profile_read email_read");
}

#[tokio::test]
async fn a_scope_taken_from_a_client_is_gone_from_its_tokens_with_the_next_request() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read email_read").await;
    let code = client.code(&app, &jane.credentials(), "profile_read email_read").await;
    let bearer = format!("Bearer {}", tokens.access);
    let status =
        async |path: &str| app.send("GET", path, &[("authorization", &bearer)], None).await.status;
    let emails = "/api/v1.1/users/janedoe/emails/";
    assert_eq!(status(emails).await, 200);

    limit(&app, &client, &[Scope::ProfileRead]).await;

    assert_eq!((status("/api/v1.1/users/janedoe/").await, status(emails).await), (200, 403));
    let basic = client.basic();
    let headers =
        [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let body = form(&[("token", &tokens.access)]);
    for path in ["/api/v1.1/o/introspect/", "/rollcall/v1/introspect"] {
        let seen = app.send("POST", path, &headers, Some(&body)).await;
        assert_eq!(seen.text("scope"), "profile_read", "{path}");
    }
    assert_eq!(client.redeem(&app, &code).await.text("scope"), "profile_read");
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh)];
    let more = [&refreshing[..], &[("scope", "email_read")]].concat();
    assert_error(&client.token(&app, &more).await, 400, "invalid_scope");
    assert_eq!(client.token(&app, &refreshing).await.text("scope"), "profile_read");
    let late = client.code(&app, &jane.credentials(), "profile_read").await;
    let listed = jane.send("GET", "/rollcall/v1/grants").await;
    assert_eq!(listed.body["grants"][0]["scopes"], json!(["profile_read"]), "{listed:?}");
    limit(&app, &client, &[Scope::EmailWrite]).await;
    assert_eq!(status("/api/v1.1/users/janedoe/").await, 401, "none is left");
    assert_error(&client.redeem(&app, &late).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_token_without_a_scope_left_is_inactive_wherever_it_is_used() {
    arranged!(app, client, jane);
    let narrow = client.tokens(&app, &jane.credentials(), "profile_read email_read").await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &narrow.refresh),
        ("scope", "email_read"),
    ];
    let narrowed = client.token(&app, &fields).await;
    let (access, refresh) = (narrowed.text("access_token"), narrowed.text("refresh_token"));
    let is_active = async |path: &str, token: &str| {
        let (basic, body) = (client.basic(), form(&[("token", token)]));
        let headers = [
            ("authorization", basic.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let seen = app.send("POST", path, &headers, Some(&body)).await;
        assert_eq!(seen.status, 200, "{seen:?}");
        if seen.body["active"] == false {
            assert_eq!(seen.body, json!({ "active": false }), "{path}");
        }
        seen.body["active"] == true
    };
    let states = async || {
        let mut states = Vec::new();
        for (path, token) in [
            ("/api/v1.1/o/introspect/", access),
            ("/rollcall/v1/introspect", access),
            ("/api/v1.1/o/introspect/", refresh),
        ] {
            states.push(is_active(path, token).await);
        }
        (states, super::profile(&app, access).await)
    };
    assert_eq!(states().await, (vec![true; 3], 403));

    // The access token has none left, its grant has.
    limit(&app, &client, &[Scope::ProfileRead]).await;
    assert_eq!(states().await, (vec![false, false, true], 401));
    assert_eq!(super::profile(&app, &narrow.access).await, 200);

    limit(&app, &client, &[Scope::EmailWrite]).await;
    assert_eq!(states().await, (vec![false; 3], 401));
    assert_error(&super::refresh(&app, &client, refresh).await, 400, "invalid_grant");
    // It still takes a place among its user's grants, so it is listed and can be revoked.
    let listed = jane.send("GET", "/rollcall/v1/grants").await;
    assert_eq!(listed.body["grants"][0]["scopes"], json!([]), "{listed:?}");
    let path = format!("/rollcall/v1/grants/{}", listed.body["grants"][0]["id"].as_str().unwrap());
    assert_eq!(jane.send("DELETE", &path).await.status, 204);
    assert_eq!(app.items_of("grant").await.len(), 0);
}

#[tokio::test]
async fn what_was_granted_does_not_get_a_scope_back_that_its_client_lost_meanwhile() {
    arranged!(app, client, jane);
    let (read, write) = (Scope::ProfileRead, Scope::EmailWrite);
    limit(&app, &client, &[read, Scope::EmailRead]).await;
    let both = "profile_read email_read";
    let tokens = client.tokens(&app, &jane.credentials(), both).await;
    let code = client.code(&app, &jane.credentials(), both).await;
    limit(&app, &client, &[read, write]).await;
    let between = client.tokens(&app, &jane.credentials(), "email_write").await;

    for scopes in [&[read, Scope::EmailRead, write][..], &Client::GRANTABLE] {
        limit(&app, &client, scopes).await;

        let emails = async |access: &str| {
            let bearer = format!("Bearer {access}");
            let headers = [("authorization", bearer.as_str())];
            app.send("GET", "/api/v1.1/users/janedoe/emails/", &headers, None).await.status
        };
        assert_eq!(emails(&tokens.access).await, 403);
        let listed = jane.send("GET", "/rollcall/v1/grants").await;
        let scopes: Vec<_> = (0..3).map(|at| listed.body["grants"][at]["scopes"].clone()).collect();
        assert_eq!(
            scopes,
            [json!(["profile_read"]), json!(["profile_read"]), json!(["email_write"])],
            "what it has had all the time stays"
        );
        let new = client.tokens(&app, &jane.credentials(), both).await;
        assert_eq!(emails(&new.access).await, 200, "a new grant has it");
    }
    let more = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.refresh),
        ("scope", "email_read"),
    ];
    assert_error(&client.token(&app, &more).await, 400, "invalid_scope");
    for token in [&tokens.refresh, &between.refresh] {
        let scope = if *token == tokens.refresh { "profile_read" } else { "email_write" };
        assert_eq!(super::refresh(&app, &client, token).await.text("scope"), scope);
    }
    assert_eq!(client.redeem(&app, &code).await.text("scope"), "profile_read");
}

#[tokio::test]
async fn a_refresh_for_a_scope_that_was_not_granted_names_it_and_those_that_were() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read email_read").await;
    let refresh = async |scope: &str| {
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), ("scope", scope)];
        client.token(&app, &fields).await
    };

    for (scope, problem) in [
        ("email_read email_write", "the scope email_write is not one of profile_read email_read"),
        (" ", "scope must name at least one of profile_read email_read"),
    ] {
        let expected = json!({ "error": "invalid_scope", "error_description": problem });
        assert_eq!(refresh(scope).await.parts(), (400, &expected));
    }
    assert_eq!(refresh("email_read").await.text("scope"), "email_read");
}
