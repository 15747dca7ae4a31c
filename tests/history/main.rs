//! The checker of histories can tell good ones from bad ones.

#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

mod by_hand;
mod in_process;
