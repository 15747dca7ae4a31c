//! The state of a function: created once at its start, borrowed by every request.

#[cfg(feature = "password")]
use std::time::Duration;

#[cfg(feature = "password")]
use crate::password::PasswordCache;
use crate::service_key::ServiceKeys;
use crate::table::{Connection, Table};
#[cfg(feature = "password")]
use crate::timeouts;
use crate::{Result, Settings};

/// What the requests of a function share.
pub struct App {
    /// What the operator decided.
    pub settings: Settings,
    /// The single table.
    pub table: Table,
    /// The secret that is stored outside of the table.
    pub service_keys: ServiceKeys,
    /// The passwords that were verified a moment ago.
    #[cfg(feature = "password")]
    pub password_cache: PasswordCache,
    /// A rejected name and password take a multiple of this, and so does what is asked for with a
    /// name that perhaps nobody has.
    #[cfg(feature = "password")]
    pub rejected_sign_in: Duration,
}

impl App {
    /// The state, with an empty password cache.
    pub fn new(settings: Settings, table: Table, service_keys: ServiceKeys) -> Result<Self> {
        Ok(Self {
            table: table.sending_mail(settings.sends_mail),
            settings,
            service_keys,
            #[cfg(feature = "password")]
            password_cache: PasswordCache::new()?,
            #[cfg(feature = "password")]
            rejected_sign_in: timeouts::REJECTED_SIGN_IN,
        })
    }

    /// Reads the environment and opens the connection to `DynamoDB`, so that the first request
    /// finds it open. The service key is read when a request first needs it.
    ///
    /// Fails the cold start if the configuration is incomplete, but not if the database does not
    /// respond: requests then get 503, and the function recovers with the database.
    pub async fn from_env() -> Result<Self> {
        let settings = Settings::from_env()?;
        let table = Table::connect(Connection::from_env().await?)?;
        let service_keys = ServiceKeys::from_env().await?;
        table.warm().await;
        Self::new(settings, table, service_keys)
    }

    /// The same for a group that needs no service key.
    pub async fn without_service_keys() -> Result<Self> {
        let settings = Settings::from_env()?;
        let table = Table::connect(Connection::from_env().await?)?;
        table.warm().await;
        Self::new(settings, table, ServiceKeys::none().await?)
    }

    /// The same for a group that needs the service key in most requests: it is read at the start.
    pub async fn with_service_keys() -> Result<Self> {
        let settings = Settings::from_env()?;
        let table = Table::connect(Connection::from_env().await?)?;
        let service_keys = ServiceKeys::from_env().await?;
        tokio::join!(table.warm(), service_keys.warm());
        Self::new(settings, table, service_keys)
    }
}

impl AsRef<Settings> for App {
    fn as_ref(&self) -> &Settings {
        &self.settings
    }
}

/// With what else a function has made at its start.
impl<T> AsRef<Settings> for (App, T) {
    fn as_ref(&self) -> &Settings {
        &self.0.settings
    }
}
