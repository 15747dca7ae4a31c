//! Everything that the fuzzer runs on, run once: what was written by hand, what it found, and what ever broke a rule.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod layout;

use std::panic::{AssertUnwindSafe, catch_unwind};

use testkit::fuzz::{Property, TARGETS, answered, corpus};
use testkit::operations;

/// Runs a property on all that is kept for it, and names every file that breaks it.
fn holds(target: &str) {
    let property: Property = TARGETS.iter().find(|(name, _)| *name == target).unwrap().1;
    let corpus = corpus(target);
    assert!(!corpus.is_empty(), "nothing is kept for {target}");
    let breaks = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| property(input))).is_err();
    let broken: Vec<_> = corpus.iter().filter(|(_, input)| breaks(input)).collect();
    let files: Vec<_> = broken.iter().map(|(file, _)| file.display().to_string()).collect();
    assert_eq!(files, Vec::<String>::new());
}

#[test]
fn an_authorization_header_is_one_kind_of_credential_or_refused_and_told_to_nobody() {
    holds("authorization");
}

#[test]
fn an_accepted_address_and_its_normal_form_claim_the_same() {
    holds("email");
}

#[test]
fn an_event_is_answered_in_its_dialect_in_time_without_a_fault_of_ours() {
    holds("event");
}

#[test]
fn the_fuzzer_starts_from_events_that_succeed_in_its_own_world() {
    let answers = operations().into_iter().map(|operation| {
        let expected = match operation.name {
            // Other events change and delete the same address, so the user has it.
            "hub-add-email" => 400,
            // It comes without the cookie of a browser.
            "hub-oauth-decide" => 403,
            _ => operation.success(),
        };
        (answered(operation.text.as_bytes()), Some(expected), operation.name)
    });
    let others: Vec<_> = answers.filter(|(own, expected, _)| own != expected).collect();
    assert_eq!(others, Vec::new());
}

#[test]
fn a_form_is_an_error_that_every_dialect_can_tell_or_keeps_to_its_bounds() {
    holds("form");
}

#[test]
fn a_json_body_is_an_error_that_every_dialect_can_tell_or_keeps_to_its_bounds() {
    holds("json");
}

#[test]
fn a_name_has_valid_slugs_and_a_slug_is_its_own() {
    holds("slug");
}

#[test]
fn a_credential_prints_as_what_it_was_read_from_and_none_is_read_with_a_bit_changed() {
    holds("token");
}

#[test]
fn a_date_that_is_understood_is_the_same_time_when_it_is_written_anew() {
    holds("x_date");
}
