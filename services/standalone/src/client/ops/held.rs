//! Pauses.

use lectern_core::Failure;
use lectern_proto::v1::{CreatePauseRequest, DeletePauseRequest, Pause};

use super::{Admin, answered, json};
use crate::client::out::Out;

/// Holds something up.
pub(super) async fn pause(target: String, note: String, mut admin: Admin, out: &Out) -> Result<(), Failure> {
    let pause = Pause { target, note, ..Pause::default() };
    let paused = answered(admin.create_pause(CreatePauseRequest { pause: Some(pause) }).await)?;
    let pause = paused.pause.unwrap_or_default();
    out.json(&json::pause(&pause));
    out.line(&format!("{} is paused; `lectern ops resume {}` ends that", pause.target, pause.target));
    Ok(())
}

/// Lets it go on. What is paused is named by its target, or as the pause itself.
pub(super) async fn resume(target: &str, mut admin: Admin, out: &Out) -> Result<(), Failure> {
    let name = name_of(target);
    answered(admin.delete_pause(DeletePauseRequest { name: name.clone(), allow_missing: false }).await)?;
    out.json(&serde_json::json!({ "name": name }));
    out.line(&format!("{target} goes on"));
    Ok(())
}

/// The name of the pause of a target.
fn name_of(target: &str) -> String {
    if target.starts_with("pauses/") { target.to_owned() } else { format!("pauses/{}", target.replacen('/', ".", 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_named_by_its_target() {
        for target in ["engines/local", "pauses/engines.local"] {
            assert_eq!(name_of(target), "pauses/engines.local");
        }
    }
}
