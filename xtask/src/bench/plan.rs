//! What is measured, and what came of it, as the measuring program reads and writes it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Sizes;

/// What a run measures.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Task {
    /// Programs against each other; its results are [`Results`].
    Programs(Plan),
    /// Requests as what they work on grows; its results are [`Scaled`](super::Scaled).
    Scale(Sizes),
}

/// Which programs are measured, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// The functions' programs.
    pub functions: Vec<Function>,
    /// The floors' programs, where they are measured too.
    pub floors: Option<Floors>,
    /// Whether the table is reached over TLS, as in the cloud. The programs then trust what `AWS_CA_BUNDLE` names.
    pub tls: bool,
    /// How often each program is started.
    pub rounds: usize,
    /// Warm requests after each start.
    pub warm_requests: usize,
    /// Whether the instructions of a warm request are counted.
    pub counted: bool,
    /// A folder for what the run needs.
    pub folder: PathBuf,
}

/// One function's program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Function {
    /// Of the function.
    pub name: String,
    /// What sets the program apart from another one of the same function.
    pub label: Option<String>,
    /// Where it is.
    pub program: PathBuf,
}

/// The programs that the functions are measured against.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Floors {
    /// Answers the same to everything.
    pub constant: PathBuf,
    /// Reads four items by the SDK with its own defaults.
    pub stock: PathBuf,
    /// The same with some of the functions' measures, each under its name.
    pub rungs: Vec<(String, PathBuf)>,
}

/// What all programs came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// In the order of the plan, floors first.
    pub all: Vec<Measured>,
}

impl Results {
    /// How often each was started.
    pub fn starts(&self) -> usize {
        self.all.iter().map(|measured| measured.rounds.len()).min().unwrap_or_default()
    }
}

/// What one program came to with one request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// Of the function or floor.
    pub program: String,
    /// Name of the request's event; a floor takes any.
    pub operation: String,
    /// Rounds of calls that the documentation allows the request; none of a floor.
    pub due_rounds: u32,
    /// Whether it was built in another way, to be compared.
    pub is_compared: bool,
    /// Whether the request is a read.
    pub is_read: bool,
    /// Whether the function has the means to hash passwords.
    pub hashes: bool,
    /// From the start of the process to its first question for an event, in milliseconds: the median.
    pub init_ms: f64,
    /// From the first event to its answer, in milliseconds: the median.
    pub first_ms: f64,
    /// Both together, in milliseconds: the median.
    pub cold_ms: f64,
    /// What its threads ran until then, in milliseconds: the median.
    pub cold_cpu_ms: f64,
    /// What its threads ran for the first event, in milliseconds: the median.
    pub first_cpu_ms: f64,
    /// A later request, in milliseconds: the median, and what 99 in 100 stay below.
    pub warm_p50_ms: f64,
    /// See there.
    pub warm_p99_ms: f64,
    /// Of a warm request, while a call was under way behind the front, in milliseconds: the median of the starts' means.
    pub table_ms: f64,
    /// The most memory that it had at any time, in KiB: the median.
    pub peak_kib: f64,
    /// Of the program's file, in bytes.
    pub size: u64,
    /// Calls to the table in a warm request.
    pub calls: f64,
    /// What passes between function and table in a warm request, in bytes, both ways and without TLS.
    pub bytes: f64,
    /// Its starts, one by one.
    pub rounds: Vec<Round>,
    /// Of a warm request, if they were counted.
    pub instructions: Option<u64>,
}

/// One start of a program.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    /// From the start of the process to its first answer, in milliseconds.
    pub cold_ms: f64,
    /// The later requests, in milliseconds: the median.
    pub warm_p50_ms: f64,
}

impl Measured {
    /// Whether it is one of the service's own, and not a floor.
    pub fn is_function(&self) -> bool {
        !self.program.starts_with("floor")
    }
}
