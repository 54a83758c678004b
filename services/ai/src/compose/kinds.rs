//! Which kinds of content a block is of, as an order names them, and what the order wants of them.

use lectern_core::content::document::{Block, BlockKind, Matter};
use lectern_core::content::script::{ContentKind, Order, SkipReason};

/// Whether the order leaves a block out for its kind. What is usually left out anyway keeps the
/// reason that it usually has.
pub(super) fn unwanted(block: &Block, in_appendix: bool, order: &Order) -> bool {
    let appendix = in_appendix.then_some(ContentKind::Appendices);
    of_block(&block.kind).into_iter().chain(appendix).any(|kind| order.skip.contains(&kind))
}

/// Why a block is left out for the place that it stands in, unless the order wants it read.
pub(super) fn out_of_place(block: &Block, order: &Order) -> Option<SkipReason> {
    let (kind, reason) = match block.matter {
        Matter::Body => return None,
        Matter::Front => (ContentKind::FrontMatter, SkipReason::FrontMatter),
        Matter::Back => (ContentKind::BackMatter, SkipReason::BackMatter),
        Matter::References => (ContentKind::References, SkipReason::References),
    };
    (!order.read.contains(&kind)).then_some(reason)
}

/// Kinds that are heard unless an order leaves them out.
pub(super) const fn usually_heard(kind: ContentKind) -> bool {
    match kind {
        ContentKind::Code
        | ContentKind::Tables
        | ContentKind::Captions
        | ContentKind::Figures
        | ContentKind::Formulas
        | ContentKind::Appendices => true,
        ContentKind::Citations | ContentKind::FrontMatter | ContentKind::BackMatter | ContentKind::References => false,
    }
}

const fn of_block(kind: &BlockKind) -> Option<ContentKind> {
    match kind {
        BlockKind::Code { .. } => Some(ContentKind::Code),
        BlockKind::Table { .. } => Some(ContentKind::Tables),
        BlockKind::Caption => Some(ContentKind::Captions),
        BlockKind::Figure => Some(ContentKind::Figures),
        BlockKind::Formula { .. } => Some(ContentKind::Formulas),
        BlockKind::Heading { .. }
        | BlockKind::Paragraph
        | BlockKind::ListItem { .. }
        | BlockKind::Quote
        | BlockKind::Footnote { .. }
        | BlockKind::Furniture { .. } => None,
    }
}
