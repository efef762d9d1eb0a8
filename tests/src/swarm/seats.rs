//! Where members sit: awake with an open client, or asleep with their profile closed, as people
//! open and close their apps.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealwire_core::CoreError;
use sealwire_core::api::Options;
use tokio::runtime::Handle;
use tokio::sync::RwLock;

use crate::Person;
use crate::person::quick;

/// Members by name.
pub(super) struct Seats {
    home: PathBuf,
    seats: RwLock<HashMap<String, Arc<Seat>>>,
    /// How many are awake at once, unless more have something to do.
    most: AtomicUsize,
    /// Counts what members were asked to do.
    turns: AtomicU64,
}

#[derive(Default)]
struct Seat {
    person: tokio::sync::Mutex<Option<Arc<Person>>>,
    /// Turn in which the member was last asked something.
    asked: AtomicU64,
    /// What the clients that were closed had warned of.
    warnings: Mutex<Vec<String>>,
}

/// Opens a profile where the work on its key is in nobody's way.
pub(super) async fn aside(
    work: impl FnOnce(Handle) -> Result<Person, CoreError> + Send + 'static,
) -> Result<Person, String> {
    let runtime = Handle::current();
    let done = tokio::task::spawn_blocking(move || work(runtime)).await;
    done.map_err(|error| error.to_string())?
        .map_err(super::host::words)
}

impl Seats {
    /// No members yet; their profiles lie below `home`.
    pub(super) fn new(home: &Path) -> Self {
        Self {
            home: home.into(),
            seats: RwLock::default(),
            most: AtomicUsize::new(usize::MAX),
            turns: AtomicU64::new(0),
        }
    }

    /// Lets those asked longest ago sleep when more than `most` are awake.
    pub(super) async fn let_sleep(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
        self.rest().await;
    }

    /// Gives a seat to somebody who is awake.
    pub(super) async fn seat(&self, who: &str, person: Person) {
        let seat = Seat {
            person: tokio::sync::Mutex::new(Some(Arc::new(person))),
            ..Seat::default()
        };
        self.take_turn(&seat);
        self.seats.write().await.insert(who.into(), Arc::new(seat));
        self.rest().await;
    }

    /// Opens the profile that is there.
    pub(super) async fn open(&self, who: &str) -> Result<Person, String> {
        self.open_with(who, quick()).await
    }

    /// As [`Seats::open`], with these options. Only until it falls asleep.
    pub(super) async fn open_with(&self, who: &str, options: Options) -> Result<Person, String> {
        let (home, name) = (self.home.clone(), who.to_owned());
        aside(move |runtime| runtime.block_on(Person::try_open(&home, &name, options))).await
    }

    /// A member, woken if asleep; nobody falls asleep whom somebody holds.
    pub(super) async fn member(&self, who: &str) -> Result<Arc<Person>, String> {
        let seat = self.find(who).await?;
        self.take_turn(&seat);
        let mut place = seat.person.lock().await;
        if let Some(person) = &*place {
            return Ok(Arc::clone(person));
        }
        let person = Arc::new(self.open(who).await?);
        *place = Some(Arc::clone(&person));
        drop(place);
        self.rest().await;
        Ok(person)
    }

    /// What a member's clients have warned of so far.
    pub(super) async fn warnings(&self, who: &str) -> Result<Vec<String>, String> {
        let seat = self.find(who).await?;
        let place = seat.person.lock().await;
        let mut warnings = seat.asleep().clone();
        warnings.extend(place.iter().flat_map(|person| person.warnings()));
        Ok(warnings)
    }

    async fn find(&self, who: &str) -> Result<Arc<Seat>, String> {
        let seats = self.seats.read().await;
        let seat = seats.get(who).cloned();
        seat.ok_or_else(|| format!("{who} is not in this swarm"))
    }

    fn take_turn(&self, seat: &Seat) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        seat.asked.store(turn, Ordering::Relaxed);
    }

    /// Lets some fall asleep, if too many are awake.
    async fn rest(&self) {
        let most = self.most.load(Ordering::Relaxed);
        let mut awake: Vec<Arc<Seat>> = self.seats.read().await.values().cloned().collect();
        awake.retain(|seat| seat.person.try_lock().is_ok_and(|place| place.is_some()));
        awake.sort_by_key(|seat| std::cmp::Reverse(seat.asked.load(Ordering::Relaxed)));
        for seat in awake.iter().skip(most) {
            seat.fall_asleep().await;
        }
    }
}

impl Seat {
    fn asleep(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the client, unless somebody uses it or it has something left to do.
    async fn fall_asleep(&self) {
        let Ok(mut place) = self.person.try_lock() else {
            return;
        };
        let Some(person) = place.take() else {
            return;
        };
        if !matches!(person.left_to_do().await, Ok(0)) {
            *place = Some(person);
            return;
        }
        match Arc::try_unwrap(person) {
            Ok(mut person) => {
                person.close().await;
                self.asleep().extend(person.warnings());
            }
            Err(used) => *place = Some(used),
        }
    }
}
