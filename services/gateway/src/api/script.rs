//! `UpdateScript`: ai makes what becomes of the sections, and then the narration's record names it.

use lectern_core::{Digest, Failure};
use lectern_proto::ai::v1::EditScriptRequest;
use lectern_proto::{names, v1 as api};
use lectern_rpc::{Caller, Refusal};
use lectern_store::Versioned;

use crate::audit::{Action, Audit, Entry};
use crate::domain::{Bits, Narration, ScriptEdits};
use crate::orders::Orders;
use crate::upstream::{Upstream, missing, passed_on};

/// A script that was changed.
#[derive(Debug)]
pub struct Updated {
    /// The narration as it is then.
    pub narration: Versioned<Narration>,
    /// How many sentences were changed.
    pub sentences: i32,
}

/// Changes sentences of a script that waits for its approval. Who changed it is written down before
/// it is.
pub async fn update(
    orders: &Orders,
    upstream: &Upstream,
    audit: &Audit,
    caller: &Caller,
    request: api::UpdateScriptRequest,
) -> Result<Updated, Refusal> {
    let api::UpdateScriptRequest { name, edits, etag, edits_of } = request;
    let id = names::narration(&name, "name")?;
    let known = orders.editable(&caller.tenant, &id, &etag).await?;
    let carried_key = match edits_of.as_str() {
        "" => String::new(),
        _ if !edits.is_empty() => return Err(both().into()),
        other => {
            let other = names::narration(other, "edits_of")?;
            // Also where it is the same.
            let other = orders.get(&caller.tenant, &other).await?.record;
            carried(&known.record, &other)?.to_string()
        }
    };
    let keys = orders.keys(&known.record);
    let asked = EditScriptRequest {
        scope: known.record.scope.to_string(),
        plan_key: keys.plan.to_string(),
        edits_key: keys.edits().map(|edits| edits.to_string()).unwrap_or_default(),
        edits,
        carried_key,
    };
    // Sections are read and put: longer than a short answer takes.
    let answer = upstream.previews(&caller.tenant).edit_script(asked).await.map_err(passed_on)?.into_inner();
    let sentences = answer.added_count;
    if sentences == 0 {
        return Ok(Updated { narration: known, sentences });
    }
    let made = made(&answer.edits_key, &answer.sections)?;
    let entry = Entry {
        actor: caller.actor(),
        action: Action::ScriptUpdated,
        target: names::of_narration(&id),
        tenant: Some(caller.tenant.clone()),
        detail: format!("sentences: {sentences}"),
    };
    audit.record(entry).await?;
    let narration = orders.edit(&known.record, &etag, made).await?;
    Ok(Updated { narration, sentences })
}

/// The edits of another script that this one is to be changed by: those of another narration, or
/// those of an earlier run of this one, which another version wrote.
fn carried(narration: &Narration, other: &Narration) -> Result<Digest, Failure> {
    let refused = |message: &str| Failure::invalid("edits_of", message).about(names::of_narration(&other.id));
    if other.scope != narration.scope {
        return Err(refused("edits_of is of another document; name a narration of this one, or of a revision of it"));
    }
    let edits = if other.id == narration.id { None } else { other.edits.as_ref().map(|edits| edits.key) };
    let nothing = "nothing was changed in the script of edits_of; name a narration whose manifest or script says so";
    edits.or(other.earlier_edits).ok_or_else(|| refused(nothing))
}

fn both() -> Failure {
    Failure::invalid("edits_of", "a call has edits or edits_of and not both; send one after the other")
}

/// The edits that ai has put.
fn made(key: &str, sections: &[i32]) -> Result<ScriptEdits, Failure> {
    let key: Digest = key.parse().map_err(|_| missing("the key of the edits"))?;
    let mut edited = Bits::default();
    for section in sections {
        edited.insert(u32::try_from(*section).map_err(|_| missing("a section"))?);
    }
    Ok(ScriptEdits { key, sections: edited })
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;
    use crate::testing::narration;

    #[test]
    fn a_script_is_changed_as_another_one_of_its_scope_was() {
        let edits = |what: &str| ScriptEdits { key: Digest::of(what.as_bytes()), sections: Bits::first(1) };
        let mut n = narration();
        let mut other = narration();
        other.id = "n2".parse().expect("an id");
        let refused = carried(&n, &other).expect_err("nothing was changed there");
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("edits_of")));
        other.edits = Some(edits("theirs"));
        assert_eq!(carried(&n, &other), Ok(edits("theirs").key));
        n.edits = Some(edits("mine"));
        assert!(carried(&n, &n).is_err(), "it has these");
        n.earlier_edits = Some(edits("of old").key);
        assert_eq!(carried(&n, &n), Ok(edits("of old").key));
        other.scope = "another".parse().expect("an id");
        assert!(carried(&n, &other).is_err(), "of another document");
    }

    #[test]
    fn what_ai_has_put_is_named_whole_or_not_at_all() {
        let key = Digest::of(b"edits");
        let edits = made(&key.to_string(), &[0, 9]).expect("edits");
        assert_eq!((edits.key, edits.sections.indexes().collect::<Vec<_>>()), (key, vec![0, 9]));
        for (key, sections) in [("", &[0][..]), (key.to_string().as_str(), &[-1][..])] {
            assert_eq!(made(key, sections).expect_err("no answer").reason, Reason::Internal);
        }
    }
}
