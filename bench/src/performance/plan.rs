//! What is measured, and the results.

use std::path::PathBuf;

use serde::Serialize;

/// The floor that the others are measured against.
pub(crate) const LEAN: &str = "floor B: lean";
/// The one that budgets are shares of.
pub(crate) const STOCK: &str = "floor C: stock";

/// Which programs are measured, and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The functions' programs.
    pub(crate) functions: Vec<Function>,
    /// The floors' programs, where they are measured too.
    pub(crate) floors: Option<Floors>,
    /// Whether the table is reached over TLS, as in the cloud. The programs then trust what
    /// `AWS_CA_BUNDLE` names.
    pub(crate) tls: bool,
    /// How often each program is started.
    pub(crate) rounds: usize,
    /// Warm requests after each start.
    pub(crate) warm_requests: usize,
    /// Whether the instructions of a warm request are counted.
    pub(crate) counted: bool,
    /// A folder for what the run needs.
    pub(crate) folder: PathBuf,
}

/// One function's program.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Of the function.
    pub(crate) name: String,
    /// The label that distinguishes the program from another one of the same function.
    pub(crate) label: Option<String>,
    /// Where it is.
    pub(crate) program: PathBuf,
}

/// The programs that the functions are measured against.
#[derive(Debug, Clone)]
pub(crate) struct Floors {
    /// A constant response.
    pub(crate) constant: PathBuf,
    /// Reads the items of a request by as little of the SDK as it can.
    pub(crate) lean: PathBuf,
    /// The same by the SDK with its own defaults.
    pub(crate) stock: PathBuf,
    /// That one, built without what it gathers entropy for at its start.
    pub(crate) stock_without_jitter: PathBuf,
    /// The same read by SDKs of other languages, where they are measured too.
    pub(crate) peers: Option<Peers>,
}

/// What the programs of other languages take.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    /// Node's packages.
    pub(crate) node: PathBuf,
    /// The Python that has boto3.
    pub(crate) python: PathBuf,
}

/// The results of all programs.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    /// In the order of the plan, floors first.
    pub(crate) all: Vec<Measured>,
    /// With a part of a core; nothing where the machine takes no quota.
    pub(crate) throttled: Vec<Throttled>,
    /// One request after the other to one process and to ten.
    pub(crate) loaded: Vec<Loaded>,
}

/// Requests to a process that has a part of a core, in milliseconds a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Throttled {
    /// Name of the request's event.
    pub(crate) operation: String,
    /// The memory size that has this part.
    pub(crate) megabytes: f64,
    /// From the event to its response: the mean.
    pub(crate) took_ms: f64,
    /// What its threads ran.
    pub(crate) cpu_ms: f64,
}

/// A program under load.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Loaded {
    /// Of the function, floor or peer.
    pub(crate) program: String,
    /// How many processes were loaded at once.
    pub(crate) processes: usize,
    /// Of all together.
    pub(crate) requests_per_second: f64,
    /// What the threads ran for a request, in milliseconds.
    pub(crate) cpu_ms: f64,
}

impl Results {
    /// How often each was started.
    pub(crate) fn starts(&self) -> usize {
        self.all.iter().map(|measured| measured.rounds.len()).min().unwrap_or_default()
    }
}

/// The results of one program with one request.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Measured {
    /// Of the function or floor.
    pub(crate) program: String,
    /// Name of the request's event; a floor takes any.
    pub(crate) operation: String,
    /// Round trips that the documentation allows the request; none of a floor.
    pub(crate) due_rounds: u32,
    /// Whether it was built in another way, to be compared.
    pub(crate) is_compared: bool,
    /// Whether the request is a read.
    pub(crate) is_read: bool,
    /// Whether the function has the means to hash passwords.
    pub(crate) hashes: bool,
    /// From the start of the process to its first question for an event, in milliseconds: the
    /// median.
    pub(crate) init_ms: f64,
    /// From the first event to its response, in milliseconds: the median.
    pub(crate) first_ms: f64,
    /// Both together, in milliseconds: the median.
    pub(crate) cold_ms: f64,
    /// What its threads ran until then, in milliseconds: the median.
    pub(crate) cold_cpu_ms: f64,
    /// What its threads ran for the first event, in milliseconds: the median.
    pub(crate) first_cpu_ms: f64,
    /// A later request, in milliseconds: the median, and what 99 in 100 stay below.
    pub(crate) warm_p50_ms: f64,
    /// See there.
    pub(crate) warm_p99_ms: f64,
    /// What its threads ran for a later request, in milliseconds: the median of the starts' means.
    pub(crate) warm_cpu_ms: f64,
    /// Of a warm request, while a call was in progress behind the front, in milliseconds: the median
    /// of the starts' means.
    pub(crate) table_ms: f64,
    /// The most memory that it had at any time, in KiB: the median.
    pub(crate) peak_kib: f64,
    /// Of the program's file, in bytes; 0 of a script.
    pub(crate) size: u64,
    /// Calls to the table in a warm request.
    pub(crate) calls: f64,
    /// The bytes between function and table in a warm request, both ways and without TLS.
    pub(crate) bytes: f64,
    /// Its starts, one by one.
    pub(crate) rounds: Vec<Round>,
    /// Of a warm request, if they were counted.
    pub(crate) instructions: Option<u64>,
    /// Of a start up to its first response, likewise.
    pub(crate) start_instructions: Option<u64>,
}

/// One start of a program.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Round {
    /// From the start of the process to its first response, in milliseconds.
    pub(crate) cold_ms: f64,
    /// The later requests, in milliseconds: the median.
    pub(crate) warm_p50_ms: f64,
}

impl Measured {
    /// Whether it is one of the service's own, and neither a floor nor a peer.
    pub(crate) fn is_function(&self) -> bool {
        !["floor", "peer"].iter().any(|kind| self.program.starts_with(kind))
    }
}

#[cfg(test)]
impl Measured {
    /// A read of one call by a function that hashes nothing.
    pub(crate) fn of_a_read() -> Self {
        Self {
            program: "golem-accounts".to_owned(),
            operation: "golem-get-account".to_owned(),
            is_read: true,
            hashes: false,
            init_ms: 5.0,
            first_ms: 5.0,
            cold_ms: 10.0,
            cold_cpu_ms: 8.0,
            first_cpu_ms: 1.0,
            warm_p50_ms: 1.0,
            warm_p99_ms: 2.0,
            warm_cpu_ms: 0.5,
            table_ms: 0.5,
            peak_kib: 8192.0,
            size: 7_000_000,
            calls: 1.0,
            due_rounds: 1,
            is_compared: false,
            bytes: 3000.0,
            rounds: Vec::new(),
            instructions: None,
            start_instructions: None,
        }
    }
}
