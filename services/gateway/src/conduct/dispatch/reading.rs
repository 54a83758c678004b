//! Reads the narrations that wait: those of turns that this gateway begins to look after, those
//! behind the ones that are used up, and now and then whether there are turns that nobody told of.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::{StreamExt as _, TryStreamExt as _};
use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_store::{Cursor, Page};
use tokio::time::Instant;

use super::backlog::{Known, Reach};
use super::pass::Pass;
use super::walk::{Walk, oldest_narrations, place_of};
use super::{Dispatcher, ServiceState};
use crate::domain::{Narration, Turn};

/// Between two looks at all turns, for what was not told.
const LOOKED_OVER: Duration = Duration::from_secs(30);
/// Turns of which more is read between two times of granting.
const TURNS: usize = 64;
/// Turns read at once.
const AT_ONCE: usize = 16;

impl Dispatcher {
    /// Reads a part of what is to be read; whether there is more. Bounded, so that what is known
    /// is granted meanwhile.
    pub(super) async fn read_on(
        &self,
        service: Service,
        state: &ServiceState,
        pass: &mut Pass,
    ) -> Result<bool, Failure> {
        if pass.walk.is_none() && pass.walked.elapsed() >= LOOKED_OVER {
            pass.walk = Some(Walk::light(service, &pass.owned));
            pass.walked = Instant::now();
        }
        let hungry = state.backlog.lock().hungry(TURNS);
        if pass.walk.is_none() && hungry.is_empty() {
            return Ok(false);
        }
        state.backlog.lock().set_reading(true);
        let read = self.read(service, state, pass, hungry).await;
        // What was heard meanwhile is taken in after what was read.
        self.take_inbox(state, pass);
        state.backlog.lock().set_reading(false);
        read?;
        Ok(pass.walk.is_some() || !state.backlog.lock().hungry(1).is_empty())
    }

    async fn read(
        &self,
        service: Service,
        state: &ServiceState,
        pass: &mut Pass,
        hungry: Vec<(Arc<Turn>, Reach)>,
    ) -> Result<(), Failure> {
        self.walk(service, state, pass).await?;
        let width = state.backlog.lock().width();
        let reads = hungry.into_iter().map(|(turn, reach)| async move {
            let behind = if let Reach::UpTo(place) = &reach { Some(place) } else { None };
            let query = oldest_narrations(service, &turn.to_string(), behind, width);
            let found = self.shared.narrations.find(&query).await?;
            Ok::<_, Failure>((turn, reach, found))
        });
        let mut reads = futures::stream::iter(reads).buffer_unordered(AT_ONCE);
        while let Some((turn, from, found)) = reads.try_next().await? {
            let reach = reach(found.next.as_ref());
            let found: Vec<Known> = found.items.into_iter().map(Arc::new).collect();
            let held = |turn: &Turn| self.shared.held_by_operator_in(service, turn);
            state.backlog.lock().take_read((*turn).clone(), &found, &from, reach, held);
        }
        Ok(())
    }

    /// Takes one step of the walk that is under way, if there is one.
    async fn walk(&self, service: Service, state: &ServiceState, pass: &mut Pass) -> Result<(), Failure> {
        let Some(walk) = &mut pass.walk else { return Ok(()) };
        let queries = walk.queries(state.backlog.lock().width());
        let pages = join_all(queries.iter().map(|query| self.shared.narrations.find(query))).await;
        let pages: Vec<Page<Narration>> = pages.into_iter().collect::<Result<_, _>>()?;
        let text = |narration: &Known| narration.record.ready.at(service).map(|waiting| waiting.turn.clone());
        let mut ends: Vec<Option<String>> = Vec::with_capacity(pages.len());
        for page in pages {
            let last = page.next.as_ref().and_then(|next| next.0.first()?.as_str()).map(str::to_owned);
            let found: Vec<Known> = page.items.into_iter().map(Arc::new).collect();
            for of_turn in found.chunk_by(|a, b| text(a) == text(b)) {
                let Some(oldest) = of_turn.first() else { continue };
                let Some(turn_text) = text(oldest) else { continue };
                // One that cannot be read is of another layout: its reconciler writes it anew.
                let Ok(turn) = turn_text.parse::<Turn>() else { continue };
                if !pass.owned.contains(&turn.shard()) {
                    continue;
                }
                let cut_off = page.next.as_ref().filter(|_| last.as_ref() == Some(&turn_text));
                let held = |turn: &Turn| self.shared.held_by_operator_in(service, turn);
                let mut backlog = state.backlog.lock();
                if walk.is_thorough() {
                    backlog.take_read(turn, of_turn, &Reach::Nothing, reach(cut_off), held);
                } else {
                    backlog.suspect(turn, oldest);
                }
            }
            ends.push(last);
        }
        walk.advance(ends);
        if walk.is_over() {
            pass.walk = None;
        }
        Ok(())
    }
}

/// How far a turn is known where a page of its narrations ended so.
fn reach(next: Option<&Cursor>) -> Reach {
    next.and_then(place_of).map_or(Reach::All, Reach::UpTo)
}
