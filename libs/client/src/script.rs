//! A script that waits for a person: read, changed, approved.

use lectern_core::Failure;
use lectern_proto::v1::{
    ApproveScriptRequest, GetScriptRequest, GetScriptResponse, Narration, ScriptSection, UpdateScriptRequest,
    UpdateScriptResponse,
};
use tonic::{Request, Response};

use crate::client::{Client, timed, unsaid};
use crate::retry::failed;

/// Sections of an answer: the most that a server gives at once.
const PAGE: i32 = 50;

impl Client {
    /// The sections of a narration's script, as far as they are written, and its etag, by which it
    /// is changed and approved.
    ///
    /// # Errors
    /// What the server answers: `WRONG_STATE` where it is not planned yet; `PAGE_TOKEN_INVALID`
    /// where somebody changed it while it was read, so that it is to be read again.
    pub async fn script(&self, name: &str) -> Result<(Vec<ScriptSection>, String), Failure> {
        let mut sections: Vec<ScriptSection> = Vec::new();
        let mut request = GetScriptRequest { name: name.to_owned(), page_size: PAGE, ..GetScriptRequest::default() };
        loop {
            let page = self.page_of_script(&request).await?;
            let nothing_more = page.sections.is_empty() || page.next_page_token.is_empty();
            page.sections.into_iter().for_each(|section| add(&mut sections, section));
            if nothing_more {
                return Ok((sections, page.etag));
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn page_of_script(&self, request: &GetScriptRequest) -> Result<GetScriptResponse, Failure> {
        let call = |request: Request<GetScriptRequest>| {
            let mut client = self.narrations();
            async move { client.get_script(request).await }
        };
        self.call(request, self.policy().call_timeout, call).await
    }

    /// Changes sentences of a script, as `request` says; the script's new etag, and how many were
    /// changed. The call is made once: where its answer is lost, the script says whether it was
    /// changed.
    ///
    /// # Errors
    /// What the server answers: `ETAG_MISMATCH` where somebody else changed the script,
    /// `WRONG_STATE` where it does not wait for an approval.
    pub async fn update_script(&self, request: UpdateScriptRequest) -> Result<UpdateScriptResponse, Failure> {
        let call = timed(request, self.policy().call_timeout);
        let answer = Box::pin(self.narrations().update_script(call)).await;
        answer.map(Response::into_inner).map_err(|status| failed(&status))
    }

    /// Approves the script of this etag, so that it is spoken.
    ///
    /// # Errors
    /// What the server answers: `ETAG_MISMATCH` where somebody has changed the script,
    /// `WRONG_STATE` where it does not wait for an approval.
    pub async fn approve_script(&self, name: &str, etag: &str) -> Result<Narration, Failure> {
        let call = |request: Request<ApproveScriptRequest>| {
            let mut client = self.narrations();
            async move { client.approve_script(request).await }
        };
        let request = ApproveScriptRequest { name: name.to_owned(), etag: etag.to_owned() };
        let answer = self.call(&request, self.policy().call_timeout, call).await?;
        answer.narration.ok_or_else(|| unsaid("the narration"))
    }
}

/// Adds a section of an answer, which may go on with the last one of the answer before.
fn add(sections: &mut Vec<ScriptSection>, section: ScriptSection) {
    match sections.last_mut().filter(|_| section.continued) {
        Some(last) => {
            last.utterances.extend(section.utterances);
            last.skipped.extend(section.skipped);
            last.dropped.extend(section.dropped);
        }
        None => sections.push(section),
    }
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::{DroppedSentence, SkippedPart, Utterance};

    use super::*;

    #[test]
    fn a_section_that_goes_on_is_one() {
        let section = |index, ids: &[i32], continued| {
            let utterances = ids.iter().map(|id| Utterance { id: *id, ..Utterance::default() }).collect();
            let (skipped, dropped) = (vec![SkippedPart::default()], vec![DroppedSentence::default()]);
            ScriptSection { index, utterances, skipped, dropped, continued, ..ScriptSection::default() }
        };
        let mut sections = Vec::new();
        for part in [section(0, &[0, 1], false), section(0, &[2], true), section(1, &[0], false)] {
            add(&mut sections, part);
        }
        let counts = sections.iter().map(|part| (part.utterances.len(), part.skipped.len(), part.dropped.len()));
        assert_eq!(counts.collect::<Vec<_>>(), [(3, 2, 2), (1, 1, 1)]);
    }
}
