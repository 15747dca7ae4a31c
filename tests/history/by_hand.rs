//! Histories made by hand: what no order explains is found, and what one explains is not.

use testkit::history::linearizable::{Entry, Verdict, check};
use testkit::history::rules::{Condition, Event, State, has, is, not, set, unset};
use testkit::history::shrink::shrink;

/// An operation that had its response.
fn from(invoked: u64, returned: u64, what: &str, event: Event) -> Entry {
    Entry { what: what.to_owned(), invoked, returned: Some(returned), event }
}

/// An operation with an unknown outcome.
fn lost(invoked: u64, what: &str, event: Event) -> Entry {
    Entry { what: what.to_owned(), invoked, returned: None, event }
}

fn writes(name: &str) -> Event {
    Event::changed(Condition::Always, [set("name", name)])
}

fn reads(name: &str) -> Event {
    Event::seen(is("name", name))
}

/// A free address goes to a user.
fn takes(user: &str) -> Event {
    Event::changed(not(has("owner")), [set("owner", user)])
}

fn start(facts: &[(&str, &str)]) -> State {
    State::default().with(&facts.iter().map(|(fact, value)| set(*fact, *value)).collect::<Vec<_>>())
}

fn is_linearizable(initial: &State, entries: &[Entry]) -> bool {
    match check(initial, entries) {
        Verdict::Linearizable => true,
        Verdict::Violated(_) => false,
        Verdict::Undecided => panic!("the search was given up"),
    }
}

#[test]
fn a_lost_update_is_found() {
    let history = [
        from(1, 2, "a writes", writes("a")),
        from(3, 4, "b writes", writes("b")),
        from(5, 6, "reads", reads("a")),
    ];

    assert!(!is_linearizable(&State::default(), &history));
    assert!(is_linearizable(&State::default(), &history[..2]));
}

#[test]
fn two_updates_that_respond_with_both_fields_must_not_lose_each_other() {
    let both = |name: &str, phone: &str, own: &str| {
        let (fact, value, other) = match own {
            "name" => ("name", name, is("phone", phone)),
            _ => ("phone", phone, is("name", name)),
        };
        Event::changed(other, [set(fact, value)])
    };
    let initial = start(&[("name", "old"), ("phone", "1")]);
    let good = [
        from(1, 4, "name", both("new", "1", "name")),
        from(2, 5, "phone", both("new", "2", "phone")),
    ];
    let bad = [good[0].clone(), from(2, 5, "phone", both("old", "2", "phone"))];

    assert!(is_linearizable(&initial, &good));
    assert!(!is_linearizable(&initial, &bad));
}

#[test]
fn a_stale_read_is_found_but_not_one_during_the_write() {
    let initial = start(&[("name", "old")]);
    let stale = [from(1, 2, "writes", writes("new")), from(3, 4, "reads", reads("old"))];
    let beside = [from(1, 5, "writes", writes("new")), from(3, 4, "reads", reads("old"))];

    assert!(!is_linearizable(&initial, &stale));
    assert!(is_linearizable(&initial, &beside));
}

#[test]
fn two_reads_during_a_write_cannot_see_it_and_then_not() {
    let initial = start(&[("name", "old")]);
    let history = |first: &str, second: &str| {
        [
            from(1, 9, "writes", writes("new")),
            from(2, 3, "reads", reads(first)),
            from(4, 5, "reads", reads(second)),
        ]
    };

    assert!(is_linearizable(&initial, &history("old", "new")));
    assert!(!is_linearizable(&initial, &history("new", "old")));
}

#[test]
fn two_winners_of_one_address_are_found_unless_it_was_released_in_between() {
    let twice =
        [from(1, 6, "jane takes it", takes("jane")), from(2, 5, "john takes it", takes("john"))];
    let gives_back = Event::changed(is("owner", "jane"), [unset("owner")]);
    let between = [&twice[..], &[from(3, 4, "jane gives it back", gives_back)]].concat();

    assert!(!is_linearizable(&State::default(), &twice));
    assert!(is_linearizable(&State::default(), &between));
}

#[test]
fn a_resurrected_token_is_found() {
    let works = || Event::seen(has("works"));
    let revoked = || Event::changed(has("works"), [unset("works")]);
    let initial = start(&[("works", "yes")]);

    let resurrected = [from(1, 2, "revokes", revoked()), from(3, 4, "uses it", works())];
    let in_time = [from(1, 4, "revokes", revoked()), from(2, 3, "uses it", works())];

    assert!(!is_linearizable(&initial, &resurrected));
    assert!(is_linearizable(&initial, &in_time));
}

#[test]
fn an_operation_without_outcome_may_happen_late_or_never_but_not_too_early() {
    let initial = start(&[("name", "old")]);
    let late = [
        lost(1, "writes", writes("new")),
        from(2, 3, "reads", reads("old")),
        from(40, 41, "reads", reads("new")),
    ];
    let never = &late[..2];
    let early = [from(1, 2, "reads", reads("new")), lost(3, "writes", writes("new"))];
    let twice = [&late[..], &[from(50, 51, "reads", reads("old"))]].concat();

    assert!(is_linearizable(&initial, &late));
    assert!(is_linearizable(&initial, never));
    assert!(!is_linearizable(&initial, &early));
    assert!(!is_linearizable(&initial, &twice));
}

#[test]
fn an_operation_with_two_possible_outcomes_is_followed_in_both() {
    let spent =
        || Event::seen(Condition::Always).or(Event::changed(has("works"), [unset("works")]));
    let initial = start(&[("works", "yes")]);
    let still = [from(1, 2, "spends", spent()), from(3, 4, "uses", Event::seen(has("works")))];
    let gone = [from(1, 2, "spends", spent()), from(3, 4, "uses", Event::seen(not(has("works"))))];
    let both = [&still[..], &[from(5, 6, "uses", Event::seen(not(has("works"))))]].concat();

    assert!(is_linearizable(&initial, &still));
    assert!(is_linearizable(&initial, &gone));
    assert!(!is_linearizable(&initial, &both));
}

#[test]
fn a_list_shows_exactly_what_exists() {
    let list = |keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        [from(1, 2, "lists", Event::seen(Condition::Exactly("key:".to_owned(), keys)))]
    };
    let initial = start(&[("key:a", "yes"), ("key:b", "yes"), ("keys", "2"), ("name", "n")]);

    assert!(is_linearizable(&initial, &list(&["a", "b"])));
    for other in [&["a"][..], &["a", "b", "c"], &[]] {
        assert!(!is_linearizable(&initial, &list(other)), "{other:?}");
    }
}

#[test]
fn histories_of_many_clients_with_a_hundred_operations_are_checked_quickly() {
    let wide = |number: u64, event: Event| from(number, 1000 + number, "at once", event);
    let mut history: Vec<_> = (0..100).map(|n| wide(n, writes(&(n % 4).to_string()))).collect();
    history.extend((0..4).map(|n| wide(100 + n, reads(&n.to_string()))));

    assert!(is_linearizable(&State::default(), &history));
}

#[test]
fn a_long_bad_history_is_shortened_and_cut_after_the_violation() {
    let noise = |n: u64| {
        let at = 10 * n;
        [
            from(at, at + 1, "noise", writes(&n.to_string())),
            from(at + 2, at + 3, "look", reads(&n.to_string())),
        ]
    };
    let mut history: Vec<_> = (0..200).flat_map(noise).collect();
    history.push(from(2000, 2001, "jane writes", writes("jane")));
    history.push(from(2002, 2003, "john reads", reads("7")));
    history.push(from(2004, 2005, "joan reads", reads("jane")));

    let shown = shrink(&State::default(), &history).to_string();

    assert!(shown.contains("john reads: name=7") && !shown.contains("joan"), "{shown}");
    assert!(shown.lines().count() <= 10 && shown.contains("stuck at {name=jane}"), "{shown}");
}
