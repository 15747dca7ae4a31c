//! Histories of many clients at once, and whether they can be explained.

pub mod linearizable;
pub mod rules;
pub mod shrink;
