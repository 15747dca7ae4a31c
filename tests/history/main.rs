//! The checker of histories can tell good ones from bad ones.

mod by_hand;
mod in_process;
