use shared::{Error, Result};

/// Whether a change of the password takes the current one.
#[derive(Debug, Clone, Copy, Default)]
pub struct PasswordPolicy {
    /// Whether it does.
    pub requires_current: bool,
}

impl PasswordPolicy {
    /// What `REQUIRE_CURRENT_PASSWORD` says; without it, not.
    pub fn from_env() -> Result<Self> {
        let value = std::env::var("REQUIRE_CURRENT_PASSWORD").ok();
        let requires_current = value.map_or(Ok(false), |value| value.parse());
        let requires_current = requires_current.map_err(|error| Error::Internal {
            action: "read REQUIRE_CURRENT_PASSWORD",
            source: error.into(),
        })?;
        Ok(Self { requires_current })
    }
}
