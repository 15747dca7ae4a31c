//! Which functions are built, as far as cargo's output tells.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use devkit::gateway::Failure;
use devkit::template::Template;
use devkit::workspace;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// What the functions are built from.
pub(super) const SOURCES: [&str; 6] =
    ["Cargo.toml", "Cargo.lock", "docs", "functions", "openapi", "shared"];
/// For how long a request waits while its function is built.
const BUILD_TIMEOUT: Duration = Duration::from_mins(5);
/// For how long API Gateway waits for a function.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A function, as requests to it see it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// It is running, or is started by the next request.
    Built,
    Building,
    /// Its sources, last changed at this time, do not compile.
    Broken(String, SystemTime),
}

/// The state of every function, and whether cargo is compiling.
pub(super) struct Builds(watch::Sender<BTreeMap<String, State>>, AtomicBool);

/// The state of one function, as it changes.
pub(super) struct Build {
    states: watch::Receiver<BTreeMap<String, State>>,
    function: String,
}

impl Builds {
    /// All functions are built.
    pub(super) fn new(template: &Template) -> Self {
        let routed = template.functions().iter().filter(|own| !own.routes.is_empty());
        let mapped = template.event_source_mappings().iter().map(|own| &own.function);
        let called = routed.map(|own| &own.binary).chain(mapped);
        let states = called.map(|binary| (binary.clone(), State::Built)).collect();
        Self(watch::Sender::new(states), AtomicBool::new(false))
    }

    pub(super) fn subscribe(&self, function: &str) -> Build {
        Build { states: self.0.subscribe(), function: function.to_owned() }
    }

    /// Cargo compiles a package; whether this begins a new build.
    ///
    /// Every function's cargo compiles broken sources again, which is nothing new.
    pub(super) fn compiles(&self, package: &str) -> bool {
        self.begins(package, last_change(workspace::root()))
    }

    fn begins(&self, package: &str, changed: SystemTime) -> bool {
        let mut begins = false;
        self.0.send_modify(|states| {
            for state in concerned(states, package) {
                if state.error(changed).is_none() {
                    *state = State::Building;
                    begins = true;
                }
            }
        });
        begins && !self.1.swap(true, Ordering::Relaxed)
    }

    /// Cargo starts a function; whether it is the first one of a build.
    pub(super) fn starts(&self, function: &str) -> bool {
        self.0.send_modify(|states| {
            states.entry(function.to_owned()).and_modify(|state| *state = State::Built);
        });
        self.1.swap(false, Ordering::Relaxed)
    }

    /// A package does not compile, with this as the first error; whether that is new.
    pub(super) fn fails(&self, package: &str, error: Option<String>) -> bool {
        let changed = last_change(workspace::root());
        let error = error.unwrap_or_else(|| "error: it does not build".to_owned());
        let mut is_new = false;
        self.0.send_modify(|states| {
            for state in concerned(states, package) {
                if state.error(changed).is_none() {
                    *state = State::Broken(error.clone(), changed);
                    is_new = true;
                }
            }
        });
        self.1.store(false, Ordering::Relaxed);
        is_new
    }

    /// Whether something does not build.
    pub(super) fn are_broken(&self) -> bool {
        self.0.borrow().values().any(|state| matches!(state, State::Broken(..)))
    }
}

impl State {
    /// Why it does not build, unless its sources have changed since.
    fn error(&self, changed: SystemTime) -> Option<&str> {
        match self {
            Self::Broken(error, then) if *then >= changed => Some(error),
            _ => None,
        }
    }
}

/// A function's package is its own; any other one is part of all functions.
fn concerned<'a>(
    states: &'a mut BTreeMap<String, State>,
    package: &str,
) -> impl Iterator<Item = &'a mut State> {
    let own = states.contains_key(package).then(|| package.to_owned());
    let is_concerned = move |name: &str| own.as_deref().is_none_or(|own| own == name);
    states.iter_mut().filter_map(move |(name, state)| is_concerned(name).then_some(state))
}

impl Build {
    /// Fails if the function does not build. What is being built may be called: the server keeps
    /// the call until the function has started.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.error().map_or(Ok(()), |error| Err(Failure::Broken(error)))
    }

    /// Resolves when no response of the function can come any more.
    pub(super) async fn given_up(mut self) -> Failure {
        let mut deadline = Instant::now() + RESPONSE_TIMEOUT;
        loop {
            if let Some(error) = self.error() {
                return Failure::Broken(error);
            }
            let is_built = match self.states.borrow_and_update().get(&self.function) {
                Some(State::Built) | None => true,
                Some(State::Building | State::Broken(..)) => false,
            };
            // What was running has been ended; what takes its place has the whole time.
            deadline = if is_built {
                deadline.min(Instant::now() + RESPONSE_TIMEOUT)
            } else {
                Instant::now() + BUILD_TIMEOUT
            };
            tokio::select! {
                () = sleep_until(deadline) => return Failure::Unavailable,
                changed = self.states.changed() => if changed.is_err() {
                    return Failure::Unavailable;
                },
            }
        }
    }

    fn error(&self) -> Option<String> {
        let states = self.states.borrow();
        let state = states.get(&self.function).filter(|own| matches!(own, State::Broken(..)))?;
        state.error(last_change(workspace::root())).map(str::to_owned)
    }
}

/// When a source was changed last.
fn last_change(root: &Path) -> SystemTime {
    let changes = SOURCES.iter().map(|source| last_change_below(&root.join(source)));
    changes.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn last_change_below(path: &Path) -> SystemTime {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let below = entries.map(|entry| last_change_below(&entry.path())).max();
    let own = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    own.max(below).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builds() -> Builds {
        Builds::new(&Template::load().unwrap())
    }

    #[test]
    fn a_compile_error_fails_requests_of_the_functions_it_concerns_until_it_is_mended() {
        let builds = builds();
        let broken = Err(Failure::Broken("error: no".to_owned()));

        let error = || Some("error: no".to_owned());

        assert!(builds.compiles("hub-users"));
        assert!(builds.fails("hub-users", error()));
        assert_eq!(builds.subscribe("hub-users").check(), broken);
        assert_eq!(builds.subscribe("golem-accounts").check(), Ok(()));

        assert!(builds.fails("shared", error()));
        assert!(!builds.compiles("shared"), "the next function's cargo tries it too");
        assert!(!builds.fails("shared", None), "it is known");
        assert_eq!(builds.subscribe("golem-accounts").check(), broken);

        let mended = SystemTime::now() + Duration::from_secs(1);
        assert!(builds.begins("shared", mended));
        assert!(builds.starts("golem-accounts"));
        assert!(!builds.starts("hub-users"));
        assert_eq!(builds.subscribe("golem-accounts").check(), Ok(()));
        assert!(!builds.are_broken());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pending_request_fails_at_once_if_a_build_breaks_and_after_30_seconds_without_one() {
        let builds = builds();
        let start = Instant::now();

        let pending = tokio::spawn(builds.subscribe("hub-users").given_up());
        builds.compiles("shared");
        builds.fails("shared", Some("error: no".to_owned()));
        assert_eq!(pending.await.unwrap(), Failure::Broken("error: no".to_owned()));
        assert_eq!(start.elapsed(), Duration::ZERO);

        builds.starts("hub-users");
        assert_eq!(builds.subscribe("hub-users").given_up().await, Failure::Unavailable);
        assert_eq!(start.elapsed(), RESPONSE_TIMEOUT);
    }
}
