//! What is shown on the terminal, and `dev.log`, which has all of it and more.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use shared::table::{Table, fetch};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::exchange::{Exchange, line};
use super::mails;
use super::paint::{Colour, Paint, bare};
use devkit::console::Requests;
use devkit::out;
use devkit::ses::Mail;

/// For how long a request's line waits for the function's own: the two come by different ways.
const LOG_LINE_TIMEOUT: Duration = Duration::from_secs(1);
/// Log lines that no request has taken yet.
const MAX_LOG_LINES: usize = 256;

/// The terminal and the log.
pub(super) struct Terminal {
    pub(super) paint: Paint,
    /// Whether it shows the functions' own lines, and nothing of requests.
    is_json: bool,
    log: Mutex<File>,
    is_ready: AtomicBool,
    lines: Mutex<VecDeque<Value>>,
    arrived: Notify,
    requests: Arc<Requests>,
    table: Table,
    usernames: Mutex<HashMap<String, String>>,
}

impl Terminal {
    pub(super) fn new(
        log: File,
        is_json: bool,
        requests: Arc<Requests>,
        table: Table,
    ) -> Arc<Self> {
        Arc::new(Self {
            paint: Paint::for_stdout(),
            is_json,
            log: Mutex::new(log),
            is_ready: AtomicBool::new(false),
            lines: Mutex::default(),
            arrived: Notify::new(),
            requests,
            table,
            usernames: Mutex::default(),
        })
    }

    /// From here on the functions respond to others than this command.
    pub(super) fn ready(&self) {
        self.is_ready.store(true, Ordering::Relaxed);
    }

    /// Writes a line to both.
    pub(super) fn show(&self, line: &str) {
        self.keep(&bare(line));
        // Without a terminal there is nobody to tell.
        let _ = out::line(line);
    }

    /// Writes a line about a call of a function to both; before the service is ready, all calls are
    /// this command's own.
    pub(super) fn call(&self, line: &str) {
        if self.is_ready.load(Ordering::Relaxed) {
            self.show(&self.paint.with(Colour::Dim, line));
        } else {
            self.keep(line);
        }
    }

    /// Writes a line to both, with the time.
    pub(super) fn notice(&self, colour: Colour, text: &str) {
        let time = self.paint.with(Colour::Dim, Timestamp::now().strftime("%H:%M:%S"));
        self.show(&format!("{time} {}", self.paint.with(colour, text)));
    }

    /// Writes a mail's line to both, each its own.
    pub(super) fn mail(&self, mail: &Mail) {
        self.keep(&mails::log_line(mail));
        if !self.is_json {
            // As in `show`.
            let _ = out::line(mails::line(mail, self.paint));
        }
    }

    /// Writes a line to the log alone.
    pub(super) fn keep(&self, line: &str) {
        // A full disk must not end the service.
        let _ = lock(&self.log).write_all(format!("{line}\n").as_bytes());
    }

    /// Takes a line that a function has logged: a JSON object.
    pub(super) fn function_line(self: &Arc<Self>, text: &str) {
        self.keep(text);
        if self.is_json && self.is_ready.load(Ordering::Relaxed) {
            // As in `show`.
            let _ = out::line(text);
        }
        let Ok(line) = serde_json::from_str::<Value>(text) else { return };
        if line["Route"].is_string() {
            let mut lines = lock(&self.lines);
            lines.push_back(line);
            if lines.len() > MAX_LOG_LINES {
                lines.pop_front();
            }
            drop(lines);
            self.arrived.notify_waiters();
        } else if !self.is_json && ["WARN", "ERROR"].iter().any(|level| line["level"] == *level) {
            self.notice(Colour::Red, &fields(&line));
        }
    }

    /// Shows a request, once its function has logged it.
    pub(super) fn exchanged(self: &Arc<Self>, exchange: Exchange) {
        let terminal = Arc::clone(self);
        tokio::spawn(async move {
            let log = match &exchange.id {
                Some(id) => timeout(LOG_LINE_TIMEOUT, terminal.log_line(id)).await.ok(),
                None => None,
            };
            let user = match log.as_ref().and_then(|log| log["user"].as_str()) {
                Some(id) => Some(terminal.username(id).await),
                None => None,
            };
            let request = exchange.summary(log.as_ref(), user.as_deref());
            terminal.keep(&line(&request, Paint::plain()));
            if !terminal.is_json {
                // As in `show`.
                let _ = out::line(line(&request, terminal.paint));
            }
            terminal.requests.add(request);
        });
    }

    async fn log_line(&self, id: &str) -> Value {
        loop {
            let arrived = self.arrived.notified();
            if let Some(line) = self.taken(id) {
                return line;
            }
            arrived.await;
        }
    }

    fn taken(&self, id: &str) -> Option<Value> {
        let mut lines = lock(&self.lines);
        let place = lines.iter().position(|line| line["requestId"] == id)?;
        lines.remove(place)
    }

    /// The name of a user; the id, if there is none any more.
    async fn username(&self, id: &str) -> String {
        if let Some(name) = lock(&self.usernames).get(id) {
            return name.clone();
        }
        let Ok(user) = id.parse() else { return id.to_owned() };
        let Ok((Some(user), _)) = self.table.user_and(user, fetch::counts()).await else {
            return id.to_owned();
        };
        let name = user.username.to_string();
        lock(&self.usernames).insert(id.to_owned(), name.clone());
        name
    }
}

/// What a function reports beside its requests: the message, and what belongs to it.
fn fields(line: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let own = line.as_object().into_iter().flatten();
    let own = own
        .filter(|(name, _)| !["level", "message", "target", "timestamp"].contains(&name.as_str()));
    let fields = own.map(|(name, value)| format!("{name}={}", text(value)));
    let words = [text(&line["level"]), text(&line["message"])].into_iter().chain(fields);
    words.collect::<Vec<_>>().join(" ")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
