//! What IAM would deny.

use std::collections::BTreeSet;

use crate::app::TEMPLATE;

/// The actions that the template does not grant the function, with its name. An unnamed caller may
/// do everything.
pub(super) fn denied(caller: &str, mut actions: BTreeSet<String>) -> Vec<String> {
    if caller.is_empty() {
        return Vec::new();
    }
    if let Some(function) = TEMPLATE.functions().iter().find(|function| function.binary == caller) {
        actions.retain(|action| !function.actions.contains(action));
    }
    actions.iter().map(|action| format!("{caller}: {action}")).collect()
}
