//! Facts about one object, and what an operation requires of them and changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The facts about an object by name, each with a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct State(BTreeMap<String, String>);

/// A requirement on the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// No requirement.
    Always,
    /// The fact has this value.
    Is(String, String),
    /// The fact has any value.
    Has(String),
    /// Of the facts whose names start so, there are those with these ends, and no others.
    Exactly(String, BTreeSet<String>),
    /// The other does not hold.
    Not(Box<Self>),
    /// All of them hold.
    All(Vec<Self>),
    /// One of them holds.
    Any(Vec<Self>),
}

/// A possible course of an operation: the facts before it, and the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    when: Condition,
    /// Facts with their new values; nothing takes the fact away.
    then: Vec<(String, Option<String>)>,
}

/// What an operation and its response say about one object: one of these variants happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    ways: Vec<Variant>,
}

/// The fact has this value.
pub fn is(fact: impl Into<String>, value: impl Into<String>) -> Condition {
    Condition::Is(fact.into(), value.into())
}

/// The fact has any value.
pub fn has(fact: impl Into<String>) -> Condition {
    Condition::Has(fact.into())
}

/// The other does not hold.
pub fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

/// A fact and the value that it gets.
pub fn set(fact: impl Into<String>, value: impl Into<String>) -> (String, Option<String>) {
    (fact.into(), Some(value.into()))
}

/// A removed fact.
pub fn unset(fact: impl Into<String>) -> (String, Option<String>) {
    (fact.into(), None)
}

impl Condition {
    /// Whether it holds of a state.
    pub fn holds(&self, state: &State) -> bool {
        let facts = &state.0;
        match self {
            Self::Always => true,
            Self::Is(fact, value) => facts.get(fact) == Some(value),
            Self::Has(fact) => facts.contains_key(fact),
            Self::Exactly(start, ends) => {
                let from = facts.range(start.clone()..);
                let own = from.map_while(|(fact, _)| fact.strip_prefix(start.as_str()));
                own.eq(ends.iter().map(String::as_str))
            }
            Self::Not(other) => !other.holds(state),
            Self::All(all) => all.iter().all(|one| one.holds(state)),
            Self::Any(any) => any.iter().any(|one| one.holds(state)),
        }
    }
}

impl Event {
    /// It saw the object so, and changed nothing.
    pub fn seen(when: Condition) -> Self {
        Self { ways: vec![Variant { when, then: Vec::new() }] }
    }

    /// It found the object so, and changed it.
    pub fn changed(
        when: Condition,
        then: impl IntoIterator<Item = (String, Option<String>)>,
    ) -> Self {
        Self { ways: vec![Variant { when, then: then.into_iter().collect() }] }
    }

    /// It may also have gone as another one.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.ways.extend(other.ways);
        self
    }

    /// Whether it never changes anything.
    pub fn is_read(&self) -> bool {
        self.ways.iter().all(|way| way.then.is_empty())
    }

    /// Every state that it may leave behind; none if it cannot have happened in this one.
    pub fn after(&self, state: &State) -> Vec<State> {
        let possible = self.ways.iter().filter(|way| way.when.holds(state));
        possible.map(|way| state.with(&way.then)).collect()
    }
}

impl State {
    /// The same with these changes.
    #[must_use]
    pub fn with(&self, changes: &[(String, Option<String>)]) -> Self {
        let mut facts = self.0.clone();
        for (fact, value) in changes {
            match value {
                Some(value) => facts.insert(fact.clone(), value.clone()),
                None => facts.remove(fact),
            };
        }
        Self(facts)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.0.iter().map(|(fact, value)| format!("{fact}={value}"));
        write!(f, "{{{}}}", facts.collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |all: &[Self], joint: &str| {
            let shown = all.iter().filter(|one| **one != Self::Always).map(Self::to_string);
            shown.collect::<Vec<_>>().join(joint)
        };
        match self {
            Self::Always => f.write_str("anything"),
            Self::Is(fact, value) => write!(f, "{fact}={value}"),
            Self::Has(fact) => write!(f, "some {fact}"),
            Self::Exactly(start, ends) => {
                write!(f, "{start}[{}]", ends.iter().cloned().collect::<Vec<_>>().join(" "))
            }
            Self::Not(other) => write!(f, "not ({other})"),
            Self::All(all) => f.write_str(&list(all, ", ")),
            Self::Any(any) => write!(f, "({})", list(any, " or ")),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Variant { when, then }) in self.ways.iter().enumerate() {
            let changes = then
                .iter()
                .map(|(fact, value)| format!("{fact}:={}", value.as_deref().unwrap_or("none")));
            let changes = changes.collect::<Vec<_>>().join(", ");
            let arrow = if changes.is_empty() { "" } else { " → " };
            write!(f, "{}{when}{arrow}{changes}", if place == 0 { "" } else { "; or " })?;
        }
        Ok(())
    }
}
