//! `/v2/account`.
