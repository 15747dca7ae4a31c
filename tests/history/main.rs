//! The checker accepts good histories and rejects bad ones.

mod by_hand;
mod in_process;
