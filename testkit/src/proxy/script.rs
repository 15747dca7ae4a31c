//! Which call meets which fault.

use super::fault::Fault;

/// The requested faults; the first one is met first.
#[derive(Default)]
pub(super) struct Script {
    rules: Vec<Rule>,
    /// How many calls have met a fault.
    pub(super) met: usize,
}

struct Rule {
    /// None means every operation.
    operation: Option<String>,
    /// So many calls of the operation go by before.
    after: usize,
    lasts: bool,
    fault: Fault,
}

impl Script {
    /// One call meets it.
    pub(super) fn once(&mut self, operation: &str, after: usize, fault: Fault) {
        let operation = Some(operation.to_owned());
        // What lasts comes last.
        let place = self.rules.iter().position(|rule| rule.lasts).unwrap_or(self.rules.len());
        self.rules.insert(place, Rule { operation, after, lasts: false, fault });
    }

    /// That call and all later ones of the operation meet it.
    pub(super) fn from(&mut self, operation: &str, after: usize, fault: Fault) {
        self.rules.push(Rule { operation: Some(operation.to_owned()), after, lasts: true, fault });
    }

    /// Every call meets it; with nothing, none does any more.
    pub(super) fn always(&mut self, fault: Option<Fault>) {
        self.rules.retain(|rule| rule.operation.is_some());
        let rule = |fault| Rule { operation: None, after: 0, lasts: true, fault };
        self.rules.extend(fault.map(rule));
    }

    /// Every call of the operation meets it; with nothing, none does any more.
    pub(super) fn always_of(&mut self, operation: &str, fault: Option<Fault>) {
        self.rules.retain(|rule| !(rule.lasts && rule.operation.as_deref() == Some(operation)));
        if let Some(fault) = fault {
            self.from(operation, 0, fault);
        }
    }

    /// Faults that are met once and were not yet.
    pub(super) fn left(&self) -> usize {
        self.rules.iter().filter(|rule| !rule.lasts).count()
    }

    /// What the next call of this operation meets.
    pub(super) fn next(&mut self, operation: &str) -> Option<Fault> {
        let is_of = |rule: &Rule| rule.operation.as_ref().is_none_or(|own| own == operation);
        let due = self.rules.iter().position(|rule| is_of(rule) && rule.after == 0);
        for rule in self.rules.iter_mut().filter(|rule| is_of(rule)) {
            rule.after = rule.after.saturating_sub(1);
        }
        let place = due?;
        let (fault, lasts) = (self.rules[place].fault, self.rules[place].lasts);
        if !lasts {
            self.rules.remove(place);
        }
        self.met += 1;
        Some(fault)
    }
}
