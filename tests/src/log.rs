//! What the functions log while the tests run: every line is searched for secrets and addresses.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use shared::telemetry::{LevelFilter, lines};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;
use xtask::leaks::looks_secret;

/// The lines that told something.
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Has every line searched from now on, at the level on which the functions log most.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if lines(LevelFilter::TRACE, Searched).try_init().is_err() {
            LEAKS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push("nothing is searched".to_owned());
        }
    });
}

/// The lines that told something so far.
pub(crate) fn leaks() -> Vec<String> {
    LEAKS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

struct Searched;

impl Write for Searched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if looks_secret(&line) {
            LEAKS.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Searched {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
