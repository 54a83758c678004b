//! What ends: records of steps, and of which runs are over, that nobody needs any more.
//!
//! A stage knows no narration's end, and a narration may wait longer than any retention, paused or
//! held. So what is deleted is what nothing depends on, whether the narration has ended or not:
//!
//! - **A step that ended.** Its record answers a repeated command with the event of its end. The
//!   gateway asks for a step until it has seen its end, every few seconds, and never again after
//!   that; a record that has been as it is for days was seen, unless the gateway was away for as
//!   long. Then the command comes once more, the step begins anew, finds what it had made by its
//!   key, and ends with the same result: I2 is about the content, which is the same, and nothing
//!   that was paid for is paid again (I8). The old holder has ended, so no fence is compared with
//!   one that begins anew (I3). An end that was a failure may be another one the second time, of
//!   which nobody had heard before (I4).
//! - **A step of a run that is over**, cancelled or followed by a later one. Nobody can claim it
//!   any more, and whoever holds it still, after all that time, does so for nobody.
//! - **The note of which runs are over**, once no step is left that it is about. It keeps commands
//!   away that were published before the run was over. These are older than the retention and have
//!   long been taken and refused, unless no worker of the stage has run meanwhile; therefore a
//!   sweeper begins only when its process has been at work for a while. A command that is later
//!   still makes nothing of an erased document: whatever a step makes is made of objects that the
//!   erasure has deleted, and its event is about a run that is over.
//!
//! A step that waits, or is leased, in a run that goes on is kept for as long as that takes, with
//! its fence, attempts and crashes.

use futures::future::try_join_all;
use lectern_core::{Failure, Timestamp};
use lectern_store::{Direction, Op, Query, Record, StoreError, Stored};

use super::{PAGE, RunsRecord, StepRecord, Steps, of_narration};

/// Steps that are deleted at the same time: one after the other, a sweep would fall behind a busy
/// service.
const AT_ONCE: usize = 16;

/// How many records a sweep deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Steps.
    pub steps: u64,
    /// Notes of which runs of a narration are over.
    pub runs: u64,
}

impl Steps {
    /// Deletes steps that ended before `before`, steps of runs that were over by then, and what
    /// says that these were; how many. It can be stopped at any time and begun again, and several
    /// processes may do it at once.
    ///
    /// # Errors
    /// Those of the store; call it again.
    pub async fn sweep(&self, before: Timestamp) -> Result<Swept, Failure> {
        let steps = self.sweep_ended(before).await?;
        let over = self.sweep_runs(before).await?;
        Ok(Swept { steps: steps + over.steps, runs: over.runs })
    }

    async fn sweep_ended(&self, before: Timestamp) -> Result<u64, Failure> {
        let mut query = changed_before(before).eq("state.at", "ended");
        let mut swept = 0;
        loop {
            // By the ids as stored, so that damaged and newer records go as well.
            let rows = self.steps.store().find(StepRecord::SPEC.name, &query).await?;
            for some in rows.chunks(AT_ONCE) {
                let deleted = try_join_all(some.iter().map(|row| self.delete_ended(row))).await?;
                swept += deleted.into_iter().sum::<u64>();
            }
            match rows.last() {
                Some(last) if rows.len() >= PAGE as usize => query.after = Some(query.cursor_after(last)),
                Some(_) | None => return Ok(swept),
            }
        }
    }

    /// Deletes a step as it was found; how many that were. One that another sweeper deleted, and
    /// that has begun anew since, is not the one that was found.
    async fn delete_ended(&self, found: &Stored) -> Result<u64, Failure> {
        match self.steps.delete(&found.id, Some(found.revision)).await {
            Ok(deleted) => Ok(u64::from(deleted)),
            Err(StoreError::Conflict { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    async fn sweep_runs(&self, before: Timestamp) -> Result<Swept, Failure> {
        let mut query = changed_before(before);
        let mut swept = Swept::default();
        loop {
            let page = self.runs.find(&query).await?;
            for item in page.items {
                let (steps, left) = self.sweep_over(&item.record).await?;
                swept.steps += steps;
                if left {
                    continue;
                }
                match self.runs.delete(item.record.narration.as_str(), Some(item.revision)).await {
                    Ok(deleted) => swept.runs += u64::from(deleted),
                    // A run of it was just begun or cancelled.
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(swept),
            }
        }
    }

    /// Deletes the steps of those runs of a narration that are over: how many, and whether there
    /// are steps of others.
    async fn sweep_over(&self, runs: &RunsRecord) -> Result<(u64, bool), Failure> {
        let mut query = of_narration(&runs.narration);
        let (mut swept, mut left) = (0, false);
        loop {
            let page = self.steps.find(&query).await?;
            for item in page.items {
                if runs.over(item.record.step.run).is_some() {
                    swept += u64::from(self.steps.delete(&item.record.id(), None).await?);
                } else {
                    left = true;
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok((swept, left)),
            }
        }
    }
}

/// Records that last changed before this time, the oldest first.
fn changed_before(before: Timestamp) -> Query {
    Query::new().filter("updated", Op::Lt, before.millis()).order("updated", Direction::Asc).limit(PAGE)
}
