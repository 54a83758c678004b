//! Who pays for a segment.

use async_trait::async_trait;
use lectern_blob::Objects;
use lectern_core::{Failure, Kind, Reason};
use lectern_provider::{Paid, PaidCall};

use super::SegmentKeys;
use crate::engine::Payments;

/// Who pays for a segment, and whether it is still to be spoken: while it waited, or its process
/// stood still, whoever had the step may have spoken it (I8).
#[derive(Debug)]
pub(super) struct OfSegment<'a> {
    pub(super) payments: &'a dyn Payments,
    pub(super) objects: &'a Objects,
    pub(super) keys: SegmentKeys,
}

#[async_trait]
impl Payments for OfSegment<'_> {
    async fn begin(&self, call: &PaidCall<'_>) -> Result<Paid, Failure> {
        self.still_wanted().await?;
        self.payments.begin(call).await
    }

    async fn still_wanted(&self) -> Result<(), Failure> {
        for key in self.keys.all() {
            if self.objects.exists(&self.objects.folder().segment(&key)).await? {
                return Err(Failure::new(Kind::Aborted, Reason::Internal, "somebody else has spoken it meanwhile"));
            }
        }
        self.payments.still_wanted().await
    }
}
