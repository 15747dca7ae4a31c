//! The functions over the embedded engine, as their clients see them.

mod quave_accounts;
