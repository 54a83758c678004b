//! What the words of an order are said by: tts puts it into the scope of the document.

use lectern_core::id::{ScopeId, TenantId};
use lectern_core::{Digest, Failure};
use lectern_proto::{convert, ingest::v1 as ingest, names, tts::v1 as tts};

use super::{Upstream, missing, short, told};
use crate::domain::{NarrationRequest, OrderedLexicon, Words};

impl Upstream {
    /// The key of what the words of an order, whose script is in this language, are said by; none
    /// where that is nothing. What was put when it was accepted is not put again.
    ///
    /// # Errors
    /// What tts answers.
    pub(super) async fn lexicon(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        ordered: &OrderedLexicon,
        language_code: &str,
    ) -> Result<Option<Digest>, Failure> {
        let entries = match &ordered.words {
            Words::Nothing => return Ok(None),
            Words::Put(key) => return Ok(Some(*key)),
            Words::Entries(entries) => entries,
        };
        let lexicon = Some(convert::order_lexicon_to_wire(language_code, entries));
        let request = short(tts::PutLexiconRequest { scope: scope.to_string(), lexicon });
        let put = self.speech(tenant).put_lexicon(request).await.map_err(|status| told(&status))?.into_inner();
        put.lexicon_key.parse().map(Some).map_err(|_| missing("the key of a lexicon"))
    }

    /// The language of the script of an order.
    ///
    /// # Errors
    /// What ingest answers.
    pub async fn language_of(&self, tenant: &TenantId, ordered: &NarrationRequest) -> Result<String, Failure> {
        if let Some(language) = &ordered.order.language {
            return Ok(language.clone());
        }
        let request = short(ingest::GetSourceRequest { document: names::of_document(&ordered.document) });
        let source = self.ingest(tenant).get_source(request).await.map_err(|status| told(&status))?;
        Ok(source.into_inner().language_code)
    }
}
