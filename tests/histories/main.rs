//! Runs against the real binaries.
