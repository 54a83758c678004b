//! What a caller does with a script that waits for a person: change it, approve it.

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_store::Versioned;
use tracing::info;

use super::{Orders, not_found};
use crate::conduct::wire::ObjectKeys;
use crate::domain::{Narration, ScriptEdits, Transition};

impl Orders {
    /// The keys of what is made for a narration.
    #[must_use]
    pub fn keys(&self, narration: &Narration) -> ObjectKeys {
        ObjectKeys::of(narration, &self.secrets.names())
    }

    /// A narration whose script may be changed by who has read it under this etag.
    ///
    /// # Errors
    /// `INVALID_FIELD` without an etag, `RESOURCE_NOT_FOUND`, `DOCUMENT_ERASED`, `WRONG_STATE`,
    /// `ETAG_MISMATCH`.
    pub async fn editable(
        &self,
        tenant: &TenantId,
        id: &NarrationId,
        etag: &str,
    ) -> Result<Versioned<Narration>, Failure> {
        given(etag)?;
        let known = self.get(tenant, id).await?;
        self.may_be_changed(&known.record, etag)?;
        Ok(known)
    }

    /// Names the edits that were made of the script of `known`, which its caller has read under
    /// this etag; everything that they name is durable. Two who edit at once do not both succeed.
    ///
    /// # Errors
    /// Those of [`Self::editable`].
    pub async fn edit(
        &self,
        known: &Narration,
        etag: &str,
        edits: ScriptEdits,
    ) -> Result<Versioned<Narration>, Failure> {
        let id = &known.id;
        let edited = self
            .change(id, "", |narration, now| {
                self.may_be_changed(narration, etag)?;
                match narration.edited(known.run, known.edits.as_ref(), edits.clone(), now) {
                    Transition::Changed => Ok(Transition::Changed),
                    Transition::Unchanged => Err(changed_meanwhile(narration)),
                }
            })
            .await?;
        let edited = edited.ok_or_else(|| not_found(id))?;
        info!(narration = %id, "script edited");
        self.conductor.changed(&edited);
        Ok(edited)
    }

    /// Approves the script of a narration, as its caller has read it under this etag. One that was
    /// approved so is answered as it is: this may be the call that did it, repeated.
    ///
    /// `note` is awaited before anything is changed, and only where there is something to approve:
    /// it writes down who approves it. What it answers ends the call.
    ///
    /// # Errors
    /// Those of [`Self::editable`].
    pub async fn approve(
        &self,
        tenant: &TenantId,
        id: &NarrationId,
        etag: &str,
        note: impl Future<Output = Result<(), Failure>> + Send,
    ) -> Result<Versioned<Narration>, Failure> {
        given(etag)?;
        let known = self.get(tenant, id).await?;
        if self.is_approved(&known.record, etag) {
            return Ok(known);
        }
        self.may_be_changed(&known.record, etag)?;
        note.await?;
        let approved = self
            .change(id, "", |narration, now| {
                self.may_be_changed(narration, etag)?;
                Ok(narration.approve(now))
            })
            .await;
        match approved {
            Ok(approved) => {
                let approved = approved.ok_or_else(|| not_found(id))?;
                info!(narration = %id, "script approved");
                self.conductor.changed(&approved);
                Ok(approved)
            }
            // Unless the same call was faster.
            Err(refused) => {
                let now = self.get(tenant, id).await?;
                if self.is_approved(&now.record, etag) { Ok(now) } else { Err(refused) }
            }
        }
    }

    /// Whether the script that is known under this etag was approved.
    fn is_approved(&self, narration: &Narration, etag: &str) -> bool {
        narration.approved.is_some() && !narration.erased() && self.keys(narration).script_etag() == etag
    }

    /// Whether a script may be changed, or approved, by who has read it under this etag.
    fn may_be_changed(&self, narration: &Narration, etag: &str) -> Result<(), Failure> {
        if narration.erased() {
            let message = "the document was erased, and its scripts with it; hand it in again, and order it anew";
            return Err(Failure::new(Kind::NotFound, Reason::DocumentErased, message));
        }
        if !narration.awaits_approval() {
            let message = "the script does not wait for an approval: only one that was ordered with hold_script can be \
                           changed, from when it is written until it is approved";
            let failure = Failure::new(Kind::FailedPrecondition, Reason::WrongState, message);
            return Err(failure.about(names::of_narration(&narration.id)));
        }
        if self.keys(narration).script_etag() == etag { Ok(()) } else { Err(changed_meanwhile(narration)) }
    }
}

/// Whether a call says which script it is about.
fn given(etag: &str) -> Result<(), Failure> {
    if etag.is_empty() {
        return Err(Failure::invalid("etag", "etag is missing; send that of the script as GetScript answered it"));
    }
    Ok(())
}

fn changed_meanwhile(narration: &Narration) -> Failure {
    let message = "the script is another one than that of this etag; read it again and decide anew";
    let failure = Failure::new(Kind::Aborted, Reason::EtagMismatch, message).at("etag");
    failure.about(names::of_narration(&narration.id))
}
