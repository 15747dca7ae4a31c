//! Showing a second factor, and taking it from a user who has lost it.

use serde_json::{Value, json};
use shared::model::{
    Passkey, PasskeyChallenge, PasskeyId, PasskeyPurpose, ServiceKey, SessionId, Timestamp,
    TotpSecret,
};
use shared::table::{Actor, fetch};

use crate::stage::{Stage, text};

fn key() -> ServiceKey {
    ServiceKey::new("1".to_owned(), "a service key of the tests".to_owned())
}

/// Turns the second factor on, and gives the recovery codes.
pub(crate) async fn turn_on(stage: &Stage, id: &Value) -> Vec<String> {
    let (user, secret) = (stage.user(id).await, TotpSecret::generate().unwrap());
    let totp = secret.seal(&key(), user.id).unwrap();
    let write = stage.table.turn_on_second_factor(&Actor::operator(), &user, totp, 1).unwrap();
    write.commit().await.unwrap().iter().map(ToString::to_string).collect()
}

pub(crate) async fn add_passkey(stage: &Stage, id: &Value, name: &str) -> PasskeyId {
    let (table, user) = (&stage.table, stage.user(id).await.id);
    let purpose = PasskeyPurpose::Registration { user, session: SessionId::generate().unwrap() };
    let asked = PasskeyChallenge::begin(purpose, Vec::new(), &key()).unwrap();
    table.ask_passkey(&Actor::operator(), &asked).unwrap().commit().await.unwrap();
    let passkey = Passkey {
        id: PasskeyId::of_credential(name.as_bytes()),
        user,
        epoch: 0,
        name: name.parse().unwrap(),
        credential: "what the device said".to_owned(),
        created_at: Timestamp::now(),
        last_used_at: None,
        rejected_at: Vec::new(),
    };
    let counts = table.user_and(user, fetch::counts()).await.unwrap().1;
    let write = table.add_passkey(&Actor::operator(), counts.as_ref(), asked.id, passkey);
    write.unwrap().commit().await.unwrap().id
}

fn actions(stage: &Stage) -> Vec<String> {
    let output = stage.run(&["audit", "export", "--user", "janedoe"], "");
    let lines = String::from_utf8(output.stdout).unwrap();
    let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.map(|entry| text(&entry, "action").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_second_factor_is_shown_and_taken_away_with_all_passkeys_and_nothing_else_ends() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let token = stage.done(&["create-token", "--user", "janedoe", "--name", "laptop"]);
    let show = || stage.done(&["show-user", "--user", "janedoe"]);
    let none = show();
    assert_eq!((&none["secondFactor"], &none["passkeys"]), (&Value::Null, &json!([])));
    let codes = turn_on(&stage, &made["id"]).await;
    let passkeys =
        [add_passkey(&stage, &made["id"], "a").await, add_passkey(&stage, &made["id"], "b").await];

    let shown = show();

    let since = text(&shown["secondFactor"], "since");
    assert_eq!(shown["secondFactor"], json!({ "since": since, "recoveryCodesLeft": 10 }));
    for (place, (id, name)) in passkeys.iter().zip(["a", "b"]).enumerate() {
        let own = &shown["passkeys"][place];
        let time = text(own, "createdAt");
        let expected = json!({ "id": id, "name": name, "createdAt": time, "lastUsedAt": null });
        assert_eq!(*own, expected);
    }
    let whole = shown.to_string();
    for secret in ["encrypted", "keyVersion", "what the device said", codes[0].as_str()] {
        assert!(!whole.contains(secret), "{secret}: {whole}");
    }
    let before = stage.user(&made["id"]).await;
    let reset = stage.done(&["reset-second-factor", "--user", "Jane.Doe@example.com"]);
    let of = |second_factor: bool, passkeys: u32| {
        json!({
            "id": made["id"], "username": "janedoe", "secondFactor": second_factor,
            "passkeys": passkeys, "hasPassword": true,
        })
    };
    assert_eq!(reset, of(true, 2));
    let after = stage.user(&made["id"]).await;
    assert_eq!(after.second_factor_since, None);
    assert_eq!(after.credential_epoch, before.credential_epoch);
    assert!(stage.token(&token).await.is_some());
    let left = show();
    assert_eq!((&left["secondFactor"], &left["passkeys"]), (&Value::Null, &json!([])));
    let (items, log) = (stage.items().await, actions(&stage));
    assert!(!items.contains("PASSKEY#") && !items.contains("\"FACTOR\""), "{items}");
    for (action, times) in [("second_factor.off", 1), ("passkey.removed", 2)] {
        assert_eq!(log.iter().filter(|own| *own == action).count(), times, "{action}: {log:?}");
    }

    // Whoever has none loses nothing.
    assert_eq!(stage.done(&["reset-second-factor", "--user", "janedoe"]), of(false, 0));

    assert_eq!((stage.items().await, actions(&stage)), (items, log));
    let nobody = stage.rejected(&["reset-second-factor", "--user", "johnroe"], "").await;
    assert_eq!(nobody, "error: no user johnroe: `rollcall list-users` lists them all\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn passkeys_are_taken_away_from_who_has_no_codes() {
    let stage = Stage::new().await;
    let made = stage.jane();
    add_passkey(&stage, &made["id"], "laptop").await;

    let reset = stage.done(&["reset-second-factor", "--user", "janedoe"]);

    assert_eq!((&reset["secondFactor"], &reset["passkeys"]), (&json!(false), &json!(1)));
    assert!(!actions(&stage).iter().any(|action| action == "second_factor.off"));
    // There is room for others.
    add_passkey(&stage, &made["id"], "phone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_cannot_sign_in_without_passkeys_and_the_command_says_so() {
    let stage = Stage::new().await;
    let made = stage.jane();
    add_passkey(&stage, &made["id"], "laptop").await;
    stage.remove_password(&made["id"]).await;

    let output = stage.run(&["reset-second-factor", "--user", "janedoe"], "");

    assert!(output.status.success(), "{output:?}");
    let reset: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&reset["passkeys"], &reset["hasPassword"]), (&json!(1), &json!(false)));
    let note = String::from_utf8(output.stderr).unwrap();
    let command = format!("`rollcall reset-password --user {}`", text(&made, "id"));
    assert!(note.contains("nobody can sign in") && note.contains(&command), "{note}");
}
