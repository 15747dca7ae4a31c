//! The mails that were accepted.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::Outcome;
use super::message::Message;
use crate::private_file;

/// How many are kept in memory.
const MAX_MAILS: usize = 1000;

/// A mail that was accepted.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Its file's name, without `.eml`; these sort by time.
    pub id: String,
    /// When it was accepted.
    pub time: Timestamp,
    /// The addresses that it goes to.
    pub recipients: Vec<String>,
    /// The bytes that were sent.
    pub raw: Vec<u8>,
    /// What it says.
    pub message: Message,
}

/// The mails, and what comes of the next calls.
pub struct Mailbox {
    folder: Option<PathBuf>,
    report: Box<dyn Fn(&Mail) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    mails: VecDeque<Arc<Mail>>,
    count: usize,
    outcomes: VecDeque<Outcome>,
}

impl Mailbox {
    /// An empty one; the folder is emptied too.
    pub(crate) fn open(
        folder: Option<PathBuf>,
        report: impl Fn(&Mail) + Send + Sync + 'static,
    ) -> Result<Self> {
        if let Some(folder) = &folder {
            empty(folder).with_context(|| format!("cannot keep mails in {}", folder.display()))?;
        }
        Ok(Self { folder, report: Box::new(report), state: Mutex::default() })
    }

    /// The last ones, the oldest first.
    pub fn mails(&self) -> Vec<Arc<Mail>> {
        self.state().mails.iter().cloned().collect()
    }

    /// The mail of this id, if it is one of the last.
    pub fn mail(&self, id: &str) -> Option<Arc<Mail>> {
        self.state().mails.iter().find(|mail| mail.id == id).cloned()
    }

    /// Decides what comes of the next calls, in this order; those after them succeed.
    pub fn expect(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        self.state().outcomes.extend(outcomes);
    }

    pub(super) fn next_outcome(&self) -> Option<Outcome> {
        self.state().outcomes.pop_front()
    }

    /// Keeps a mail, and gives it an id.
    pub(crate) fn keep(&self, recipients: Vec<String>, raw: Vec<u8>) -> io::Result<String> {
        let message = Message::parse(&raw);
        let mut state = self.state();
        state.count += 1;
        let time = Timestamp::now();
        let id = format!("{}-{:06}", time.strftime("%Y%m%dT%H%M%S%3f"), state.count);
        if let Some(folder) = &self.folder {
            private_file::write(&folder.join(format!("{id}.eml")), &raw)?;
        }
        let mail = Arc::new(Mail { id: id.clone(), time, recipients, raw, message });
        if state.mails.len() == MAX_MAILS {
            state.mails.pop_front();
        }
        state.mails.push_back(Arc::clone(&mail));
        drop(state);
        (self.report)(&mail);
        Ok(id)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing but mails is removed.
fn empty(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
