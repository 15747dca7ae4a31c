//! Runs every stored input of the fuzzer once: written by hand, found by it, or breaking a rule
//! once.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod layout;

use std::panic::{AssertUnwindSafe, catch_unwind};

use testkit::fuzz::{Property, TARGETS, answered, corpus};
use testkit::operations;

/// Runs a property on all inputs stored for it, and names every file that breaks it.
fn holds(target: &str) {
    let property: Property = TARGETS.iter().find(|(name, _)| *name == target).unwrap().1;
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "nothing is stored for {target}");
    let breaks = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| property(input))).is_err();
    let broken: Vec<_> = corpus.iter().filter(|(_, input)| breaks(input)).collect();
    let files: Vec<_> = broken.iter().map(|(file, _)| file.display().to_string()).collect();
    assert_eq!(files, Vec::<String>::new());
}

#[test]
fn an_authorization_header_is_one_kind_of_credential_or_rejected_and_never_logged() {
    holds("authorization");
}

#[test]
fn an_accepted_address_and_its_normal_form_claim_the_same() {
    holds("email");
}

#[test]
fn an_event_gets_a_response_in_its_dialect_in_time_and_no_5xx() {
    holds("event");
}

#[test]
fn the_fuzzer_starts_from_events_that_succeed_in_its_service() {
    let responses = operations().into_iter().map(|operation| {
        let expected = match operation.name {
            // Other events change and delete the same address, so the user has it; no device has
            // signed what it was asked.
            "hub-add-email" | "passkeys-confirm" | "passkeys-register" | "passkeys-sign-in" => 400,
            // Another event deletes the same key; the user has no passkey and no second factor.
            "pages-delete-api-key"
            | "pages-remove-passkey"
            | "pages-rename-passkey"
            | "pages-renew-api-key"
            | "rollcall-delete-api-key"
            | "rollcall-remove-second-factor" => 404,
            // The user has the address, which nobody has verified or proved; whoever is invited has
            // a profile, and is invited already. No second factor is on.
            "pages-renew-recovery-codes"
            | "pages-turn-off-second-factor"
            | "rollcall-add-email"
            | "rollcall-update-email"
            | "pages-set-primary-email"
            | "pages-join-by-invitation" => 409,
            "rollcall-send-invitation" => 200,
            // Nobody began to sign in, or to set a second factor up.
            "pages-complete-sign-in" => 403,
            "pages-turn-on-second-factor" => 410,
            // The user has allowed all of it before.
            "hub-oauth-ask" => 303,
            _ => operation.success(),
        };
        (answered(operation.text.as_bytes()), Some(expected), operation.name)
    });
    let others: Vec<_> = responses.filter(|(own, expected, _)| own != expected).collect();
    assert_eq!(others, Vec::new());
}

#[test]
fn a_form_is_within_its_limits_or_an_error_that_every_dialect_can_show() {
    holds("form");
}

#[test]
fn a_json_body_is_within_its_limits_or_an_error_that_every_dialect_can_show() {
    holds("json");
}

#[test]
fn a_multipart_form_is_read_or_an_error_that_every_dialect_can_show() {
    holds("multipart");
}

#[test]
fn a_name_has_valid_slugs_and_a_slug_is_its_own_slug() {
    holds("slug");
}

#[test]
fn a_credential_prints_as_parsed_and_none_parses_with_a_bit_changed() {
    holds("token");
}

#[test]
fn a_parsed_date_is_the_same_time_when_printed_and_parsed_again() {
    holds("x_date");
}
