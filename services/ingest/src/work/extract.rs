//! `ExtractDocument`: a source to content. Documents are read when they are handed in, so most
//! often the content is there; it is not after an upgrade of the extractor, or when storage lost
//! it.

use lectern_core::Failure;
use lectern_core::content::document::Content;
use lectern_core::content::words;
use lectern_proto::work::v1::{ExtractDocument, Extracted, event::Outcome};
use lectern_stage::work::{key, same_pin};
use lectern_stage::{Job, Lookups};

use crate::library::Reader;

/// Puts the content under its key and says what is in it.
pub async fn extract(
    reader: &Reader,
    lookups: &Lookups,
    job: &Job,
    command: ExtractDocument,
) -> Result<Outcome, Failure> {
    same_pin(&command.extractor, reader.pin())?;
    let path = job.objects.folder().content(&key(&command.content_key, "content_key")?);
    let found = job.objects.find_json::<Content>(&path).await?;
    lookups.note(found.is_some());
    if let Some(content) = found {
        return Ok(extracted(&content));
    }
    let source = job.objects.folder().source(&key(&command.source, "source")?);
    // Dropping the future ends the reading process, so a cancel stops it at once.
    let content = tokio::select! {
        content = reader.read_stored(&job.tenant, &job.objects, &source, &command.file_name) => content?,
        () = job.cancel.cancelled() => return job.check().map(|()| Outcome::Extracted(Extracted::default())),
    };
    job.check()?;
    job.objects.write_json(&path, &content).await?;
    Ok(extracted(&content))
}

fn extracted(content: &Content) -> Outcome {
    Outcome::Extracted(Extracted {
        language_code: content.language.clone(),
        word_count: content.blocks.iter().map(|block| i64::from(words(&block.text))).sum(),
    })
}
