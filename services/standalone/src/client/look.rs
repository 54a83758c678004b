//! A look at what an order would make of a document. What was handed in for it is erased after it,
//! and what was there before stays.

use lectern_client::Client;
use lectern_core::{Failure, Reason};
use lectern_proto::v1::{Document, Narration, PreviewBlock, PreviewSummary, StoredSpeech};
use lectern_runtime::Shutdown;

use super::hand_in::{self, Handed};
use super::sources::Item;
use super::words;

/// A document as it was looked at.
#[derive(Debug)]
pub struct Look {
    /// The document.
    pub document: Document,
    /// What an order would make of it as a whole.
    pub summary: PreviewSummary,
    /// Every block, in the source's order.
    pub blocks: Vec<PreviewBlock>,
    /// How much of its speech is there already, where that was asked for and a voice is there.
    pub stored: Option<StoredSpeech>,
}

/// Looks at what an `order` of a document would make of it, and erases what it handed in, also when
/// it is interrupted.
///
/// # Errors
/// Why the document cannot be read, or what the server answers.
pub async fn look(
    client: &Client,
    item: &Item,
    order: impl Fn(&Document) -> Narration,
    count_stored: bool,
    shutdown: &Shutdown,
) -> Result<Look, Failure> {
    let look = |document: Document| {
        let order = order(&document);
        async move { preview(client, order, count_stored).await }
    };
    let (document, looked) = Box::pin(handed_in_for(client, item, shutdown, look)).await?;
    let lectern_client::Preview { summary, blocks, stored } = looked;
    Ok(Look { document, summary, blocks, stored })
}

/// Does something with a document, which is handed in for it, and erases it after that unless it
/// was there before; also when it is interrupted.
///
/// # Errors
/// Why the document cannot be read, what is done with it answers, or what the server does.
pub async fn handed_in_for<T, F>(
    client: &Client,
    item: &Item,
    shutdown: &Shutdown,
    then: impl FnOnce(Document) -> F,
) -> Result<(Document, T), Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let interrupted = || words::interrupted("stopped; nothing was made");
    let id = hand_in::fresh_id();
    let handed = tokio::select! {
        biased;
        () = shutdown.wait() => return Err(interrupted()),
        handed = Box::pin(hand_in::hand_in(client, item, &id, None)) => handed?,
    };
    let Handed { document, new } = handed;
    let done = tokio::select! {
        biased;
        () = shutdown.wait() => Err(interrupted()),
        done = Box::pin(then(document.clone())) => done,
    };
    let erased = if new { hand_in::erase(client, &document.name).await } else { Ok(()) };
    let done = done?;
    erased?;
    Ok((document, done))
}

/// What is there already can only be counted for a voice that is there; all else can be said
/// without one.
async fn preview(client: &Client, order: Narration, count_stored: bool) -> Result<lectern_client::Preview, Failure> {
    match client.preview(order.clone(), count_stored).await {
        Err(failure) if count_stored && failure.reason == Reason::VoiceNotInstalled => {
            client.preview(order, false).await
        }
        looked => looked,
    }
}
