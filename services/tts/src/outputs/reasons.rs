//! Why something is not heard, in the words of a reader.

use lectern_core::content::script::SkipReason;

/// What stands behind "Not read: ".
#[must_use]
pub(super) const fn words(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::RunningHead => "running head or foot",
        SkipReason::PageNumber => "page number",
        SkipReason::Navigation => "menu and the like",
        SkipReason::TableOfContents => "table of contents",
        SkipReason::FrontMatter => "front matter",
        SkipReason::BackMatter => "back matter",
        SkipReason::References => "list of references",
        SkipReason::Citation => "citation",
        SkipReason::NoteMark => "mark of a note",
        SkipReason::FootnoteSkipped => "footnote",
        SkipReason::CodeBody => "code, which is announced",
        SkipReason::TableBody => "table, which is announced",
        SkipReason::Formula => "formula without words",
        SkipReason::FigureWithoutText => "picture without a text",
        SkipReason::LanguageUnsupported => "a language that the voice does not speak",
        SkipReason::Summarised => "covered in other words",
        SkipReason::NothingToSay => "no letters or digits",
        SkipReason::Watermark => "watermark or stamp",
        SkipReason::Hidden => "hidden text",
        SkipReason::Deleted => "deleted text",
        SkipReason::Comment => "comment",
        SkipReason::Placeholder => "prompt of a form",
        SkipReason::NotSelected => "outside of what was selected",
        SkipReason::NotWanted => "of a kind that was left out",
        SkipReason::Edited => "other words stand for it",
        SkipReason::Unaccounted => "forgotten, which is a defect",
    }
}
