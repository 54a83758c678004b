//! What an order would make of a document, before anything is spent.

use lectern_core::Failure;
use lectern_proto::v1::preview_document_response::Part;
use lectern_proto::v1::{
    EstimateNarrationRequest, Narration, NarrationEstimate, PreviewBlock, PreviewDocumentRequest, PreviewSummary,
    StoredSpeech,
};
use tonic::Request;

use crate::client::{Client, unsaid};
use crate::retry::{broke_off, failed};

/// What an order would make of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Of the whole document.
    pub summary: PreviewSummary,
    /// Every block in the source's order, each in one piece.
    pub blocks: Vec<PreviewBlock>,
    /// How much of the speech is there already, where that was asked for.
    pub stored: Option<StoredSpeech>,
}

impl Client {
    /// Previews an order; nothing is stored by it. What would fail to be ordered since nothing is
    /// left to speak is shown, with the failure in its summary. With `count_stored` it also counts
    /// the sentences whose speech is there already, for which the voice must be installed.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn preview(&self, narration: Narration, count_stored: bool) -> Result<Preview, Failure> {
        let request = PreviewDocumentRequest { narration: Some(narration), count_stored_speech: count_stored };
        let mut tries = self.tries();
        loop {
            match self.preview_once(request.clone()).await {
                Ok(preview) => return Ok(preview),
                Err(failure) => tries.wait(failure).await?,
            }
        }
    }

    /// Estimates what an order would take: tokens, words, minutes, and what a model's provider
    /// would ask. No model is asked for it.
    ///
    /// # Errors
    /// What the server answers.
    pub async fn estimate(&self, narration: Narration) -> Result<NarrationEstimate, Failure> {
        let call = |request: Request<EstimateNarrationRequest>| {
            let mut client = self.narrations();
            async move { client.estimate_narration(request).await }
        };
        // The document is read for it.
        let request = EstimateNarrationRequest { narration: Some(narration) };
        let answer = self.call(&request, self.policy().read_timeout, call).await?;
        answer.estimate.ok_or_else(|| unsaid("the estimate"))
    }

    async fn preview_once(&self, request: PreviewDocumentRequest) -> Result<Preview, Failure> {
        let answer = Box::pin(self.narrations().preview_document(request)).await;
        let mut stream = answer.map_err(|status| failed(&status))?.into_inner();
        let (mut summary, mut blocks, mut stored) = (None, Vec::<PreviewBlock>::new(), None);
        while let Some(message) = stream.message().await.map_err(|status| failed(&status))? {
            match message.part {
                Some(Part::Summary(first)) => summary = Some(first),
                Some(Part::Block(block)) => match blocks.last_mut().filter(|_| block.continued) {
                    Some(begun) => {
                        begun.text.push_str(&block.text);
                        begun.utterances.extend(block.utterances);
                        begun.skipped.extend(block.skipped);
                    }
                    None => blocks.push(block),
                },
                Some(Part::StoredSpeech(counts)) => stored = Some(counts),
                None => {}
            }
        }
        let summary = summary.ok_or_else(|| broke_off("the preview"))?;
        Ok(Preview { summary, blocks, stored })
    }
}
