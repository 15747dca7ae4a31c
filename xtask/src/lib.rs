//! The commands behind `cargo xtask`, and what they and the tests share.
