//! A write with a fault at one of its calls.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;
use testkit::{ApiResponse, Fault, State, TestApp, inconsistencies, seen};

use super::judge::{self, Came, Failure};
use super::rehearsal::{Place, Rehearsal};
use super::report;
use super::sample::Sample;

/// The faults, and what the report calls them.
pub(super) const FAULTS: [(Fault, &str); 14] = [
    (Fault::THROTTLED, "throttled"),
    (Fault::Failed, "500"),
    (Fault::Gone, "connection refused"),
    (Fault::Dropped, "request dropped"),
    (Fault::Late, "request late"),
    (Fault::FailedAfter, "done, then 500"),
    (Fault::ResponseLost, "response lost"),
    (Fault::ResponseCut, "response cut"),
    (Fault::ResponseLate, "response late"),
    (Fault::Conflict, "conflict"),
    (Fault::Crowded, "transaction throttled"),
    (Fault::InProgress, "in progress"),
    (Fault::Unprocessed, "unprocessed"),
    (Fault::StaleClock, "stale clock"),
];

/// How many cases are played at once: those that wait for time to pass, and the others.
const AT_ONCE: [usize; 2] = [8, 2];

/// How often a case is played again that did not come out as documented, where time may be why.
const ALONE: usize = 3;

/// A case, and what came of it.
pub(super) type Played = (Case, Result<Came, Failure>);

/// One fault at one call.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) place: Place,
    pub(super) fault: usize,
    /// Whether all later calls of the operation meet it too, so that no retry helps.
    pub(super) lasts: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasting = if self.lasts { "lasting" } else { "once" };
        write!(f, "{} × {}, {lasting}", self.place, FAULTS[self.fault].1)
    }
}

impl Case {
    pub(super) const fn fault(&self) -> Fault {
        FAULTS[self.fault].0
    }

    /// Whether the case makes sense: a refused connection and a wrong clock do not happen just
    /// once.
    const fn is_possible(&self) -> bool {
        match self.fault() {
            Fault::Gone => self.lasts,
            Fault::StaleClock => !self.lasts,
            _ => true,
        }
    }

    const fn is_slow(&self) -> bool {
        matches!(self.fault(), Fault::Late | Fault::ResponseLate)
    }
}

/// Services that no case uses at the moment. Before each case the items are restored and the
/// functions restarted.
#[derive(Default)]
pub(super) struct Idle {
    apps: Mutex<Vec<TestApp>>,
    /// The faults met so far.
    pub(super) met: AtomicUsize,
    /// The cases played again so far.
    pub(super) repeated: AtomicUsize,
}

impl Idle {
    async fn take(&self, items: &[Value]) -> TestApp {
        let idle = self.apps().pop();
        match idle {
            Some(app) => app.used_again(items).await,
            None => TestApp::restored(items).await,
        }
    }

    fn give_back(&self, app: TestApp) {
        self.apps().push(app);
    }

    fn apps(&self) -> MutexGuard<'_, Vec<TestApp>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rehearsal {
    /// All calls; under a key those from the write on: before it nothing is stored, and a key
    /// changes nothing.
    fn places_that_matter(&self) -> &[Place] {
        let is_write = |place: &Place| place.operation == "TransactWriteItems";
        let write = self.places.iter().position(is_write).unwrap_or_default();
        if self.write.is_keyed { &self.places[write..] } else { &self.places }
    }

    /// Every fault at every call, once and lasting.
    fn cases(&self) -> Vec<Case> {
        let all = self.places_that_matter().iter().flat_map(|place| {
            (0..FAULTS.len()).flat_map(move |fault| {
                [false, true].map(|lasts| Case { place: place.clone(), fault, lasts })
            })
        });
        all.filter(|case| case.fault().concerns(&case.place.operation) && case.is_possible())
            .collect()
    }

    /// Plays those that are drawn, each on a service of its own. The time limits of calls are real,
    /// so that a machine with too much to do comes out otherwise in some: these are played again,
    /// alone, and count if they never come out as documented. What breaks a promise counts at once.
    pub(super) async fn play_all(&self, idle: &Idle, sample: &mut Sample) -> Vec<Played> {
        let mut played = self.play_at_once(sample.draw(self.cases()), idle).await;
        for (case, outcome) in &mut played {
            for _ in 0..ALONE {
                let is_final = match outcome {
                    Ok(came) => report::is_documented(&self.write, case, *came),
                    Err(Failure::Violation(_)) => true,
                    Err(Failure::OutOfTime(_)) => false,
                };
                if is_final {
                    break;
                }
                idle.repeated.fetch_add(1, Relaxed);
                *outcome = self.play(case, idle).await;
            }
        }
        played
    }

    async fn play_at_once(&self, cases: Vec<Case>, idle: &Idle) -> Vec<Played> {
        let (slow, quick): (Vec<_>, Vec<_>) = cases.into_iter().partition(Case::is_slow);
        let play = |cases: Vec<Case>, at_once| {
            let played = stream::iter(cases).map(async |case| {
                let outcome = self.play(&case, idle).await;
                (case, outcome)
            });
            played.buffer_unordered(at_once).collect::<Vec<_>>()
        };
        let (mut played, quick) = tokio::join!(play(slow, AT_ONCE[0]), play(quick, AT_ONCE[1]));
        played.extend(quick);
        played
    }

    /// The request with the fault, then the same request without one.
    async fn play(&self, case: &Case, idle: &Idle) -> Result<Came, Failure> {
        let app = idle.take(&self.items).await;
        let outcome = self.play_on(&app, case, idle).await;
        idle.give_back(app);
        outcome
    }

    async fn play_on(&self, app: &TestApp, case: &Case, idle: &Idle) -> Result<Came, Failure> {
        let Place { operation, after, .. } = &case.place;
        if case.lasts {
            app.proxy().disturb_from(operation, *after, case.fault());
        } else {
            app.proxy().disturb_at(operation, *after, case.fault());
        }
        let response = app.send_event(&self.event).await;
        let met = app.proxy().faults_met();
        idle.met.fetch_add(met, Relaxed);
        if met == 0 {
            return Err(Failure::OutOfTime(format!("no call met the fault: {response:?}")));
        }
        app.proxy().calm()?;
        if !case.lasts {
            app.proxy().deliver_late().await?;
        }
        let outcome = self.after_the_fault(app, &response, case).await?;
        self.asked_again(app, outcome, &response).await?;
        Ok(outcome)
    }

    async fn after_the_fault(
        &self,
        app: &TestApp,
        response: &ApiResponse,
        case: &Case,
    ) -> Result<Came, Failure> {
        let items = app.items().await;
        if let Some(broken) = broken(&seen(&items)) {
            return Err(format!("{response:?} leaves {broken}").into());
        }
        let outcome = judge::first(self, response, &State::from_items(&items))?;
        if !case.lasts && outcome != Came::AsEver {
            return Err(Failure::OutOfTime(format!("one fault was not got over: {response:?}")));
        }
        if outcome == Came::AsEver {
            judge::truth(app, response, &items).await?;
        }
        Ok(outcome)
    }

    /// A client that retries ends as without a fault, whatever arrives afterwards.
    async fn asked_again(
        &self,
        app: &TestApp,
        came: Came,
        first: &ApiResponse,
    ) -> Result<(), Failure> {
        let response = app.send_event(&self.event).await;
        let mut items = app.items().await;
        if self.write.is_keyed && broken(&items).is_some() {
            // After a replayed response the cleanup is left to the sweep.
            app.sweep().await.map_err(|error| Failure::OutOfTime(error.to_string()))?;
            items = app.items().await;
        }
        if let Some(broken) = broken(&items) {
            return Err(format!("the retry, {response:?}, leaves {broken}").into());
        }
        let state = State::from_items(&items);
        judge::second(self, came, &response, &state)?;
        if self.write.is_keyed {
            judge::repeated(self, came, first, &response)?;
            judge::truth(app, &response, &items).await?;
        }
        if app.proxy().deliver_late().await? > 0 {
            self.after_late_calls(app, &state).await?;
        }
        Ok(())
    }

    /// Calls that arrive after all that change nothing. Where asking again makes another one, so
    /// may a late call, and it touches nothing that is there.
    async fn after_late_calls(&self, app: &TestApp, before: &State) -> Result<(), String> {
        let items = app.items().await;
        let after = State::from_items(&items);
        let makes_another = !self.second.state.says_the_same(&self.first.state);
        if after.is_untouched_since(before) || makes_another && after.only_adds_to(before) {
            return broken(&items).map_or(Ok(()), Err);
        }
        Err(format!("late calls change what the retry left:{}", after.difference(before)))
    }
}

fn broken(items: &[Value]) -> Option<String> {
    let found = inconsistencies(items);
    (!found.is_empty()).then(|| found.join("\n      "))
}
