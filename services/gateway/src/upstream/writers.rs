//! Who writes what was ordered: ai is asked for the writer, and an order that it could not write is
//! refused here, naming those that could.

use lectern_core::content::script::{Order, Style};
use lectern_core::id::TenantId;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::ai::v1::{DescribeEngineRequest, DescribeEngineResponse};
use lectern_proto::convert;
use lectern_proto::v1::{self as api, writer_service_client::WriterServiceClient};

use super::{Authorized, Upstream, at_order, short, told};

/// More writers than any installation has.
const ALL: i32 = 1_000;

impl Upstream {
    /// Writers.
    #[must_use]
    pub fn writers(&self, tenant: &TenantId) -> WriterServiceClient<Authorized> {
        WriterServiceClient::new(self.over(&self.ai.calls, tenant))
    }

    /// The writer of this name, or the default where it is empty, if it can write `order`.
    ///
    /// # Errors
    /// `INVALID_FIELD` where there is no such writer, or where it says the document's own words and
    /// the order says how they should be; `STYLE_UNSUPPORTED`; what ai answers.
    pub async fn writer(
        &self,
        tenant: &TenantId,
        name: &str,
        order: &Order,
    ) -> Result<DescribeEngineResponse, Failure> {
        let request = short(DescribeEngineRequest { writer: name.to_owned() });
        let described = self.scripts(tenant).describe_engine(request).await;
        let writer = described.map_err(|status| at_order(told(&status)))?.into_inner();
        let Some(wants) = Wants::of(order, &writer) else { return Ok(writer) };
        let request = short(api::ListWritersRequest { page_size: ALL, ..api::ListWritersRequest::default() });
        let listed = self.writers(tenant).list_writers(request).await.map_err(|status| told(&status))?;
        Err(wants.refused(&writer.writer, &listed.into_inner().writers))
    }
}

/// Refuses a script in another language than its document's, which is `language`.
///
/// # Errors
/// `FEATURE_UNAVAILABLE`.
pub(super) fn check_language(order: &Order, language: &str) -> Result<(), Failure> {
    let wanted = order.direction.language.as_str();
    let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    if wanted.is_empty() || language.is_empty() || primary(wanted) == primary(language) {
        return Ok(());
    }
    let message = format!(
        "a script is written in the document's language so far, which is {language}; leave the language of the \
         direction out, or, if the document is in {wanted}, order it with language_code set"
    );
    let failure = Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message);
    Err(failure.at("narration.direction.language_code"))
}

/// What an order wants that its writer cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// Another style.
    Style(Style),
    /// To say how it is written.
    Direction,
    /// To say who talks.
    Cast,
}

impl Wants {
    /// What `order` wants and `writer` cannot do; none where it can do all.
    fn of(order: &Order, writer: &DescribeEngineResponse) -> Option<Self> {
        if !writer.styles.contains(&convert::style_to_wire(order.style).into()) {
            return Some(Self::Style(order.style));
        }
        // A model alone reads so many tokens at once.
        if writer.context_token_count.is_some() {
            return None;
        }
        if !order.direction.is_plain() {
            return Some(Self::Direction);
        }
        (!order.cast.is_empty()).then_some(Self::Cast)
    }

    /// Whether another writer can.
    fn is_done_by(self, writer: &api::Writer) -> bool {
        match self {
            Self::Style(style) => writer.styles.contains(&convert::style_to_wire(style).into()),
            Self::Direction | Self::Cast => writer.own_words,
        }
    }

    /// Why an order is refused whose writer is `chosen`, with those of `all` who could write it.
    fn refused(self, chosen: &str, all: &[api::Writer]) -> Failure {
        let able: Vec<&str> =
            all.iter().filter(|writer| self.is_done_by(writer)).map(|writer| writer.name.as_str()).collect();
        let others = if able.is_empty() {
            "no writer here does; an operator adds one in the settings of ai".to_owned()
        } else {
            format!("narration.writer may name one that does: {}", able.join(", "))
        };
        match self {
            Self::Style(style) => {
                let own = all.iter().find(|writer| writer.name == chosen);
                let styles = own.map(styles).filter(|styles| !styles.is_empty());
                let styles = styles.map(|styles| format!(", but {styles}")).unwrap_or_default();
                let message = format!("the writer {chosen} does not write {}{styles}; {others}", name(style));
                Failure::new(Kind::InvalidArgument, Reason::StyleUnsupported, message).at("narration.style")
            }
            Self::Direction => {
                let message = format!(
                    "the writer {chosen} says the document's own words and takes no direction; leave it out; {others}"
                );
                Failure::invalid("narration.direction", message)
            }
            Self::Cast => {
                let message = format!(
                    "the writer {chosen} says the document's own words and takes no cast; leave it out; {others}"
                );
                Failure::invalid("narration.cast", message)
            }
        }
    }
}

/// The styles of a writer, as the API names them.
fn styles(writer: &api::Writer) -> String {
    let known = writer.styles.iter().filter_map(|style| api::Style::try_from(*style).ok());
    known.map(|style| style.as_str_name()).collect::<Vec<_>>().join(" and ")
}

fn name(style: Style) -> &'static str {
    convert::style_to_wire(style).as_str_name()
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::{Character, Direction};

    use super::*;

    fn extractive() -> DescribeEngineResponse {
        DescribeEngineResponse {
            engine: "extractive/5".to_owned(),
            styles: vec![api::Style::Narration.into(), api::Style::Briefing.into()],
            writer: "extractive".to_owned(),
            ..DescribeEngineResponse::default()
        }
    }

    fn listed() -> Vec<api::Writer> {
        let all = [api::Style::Narration, api::Style::Briefing, api::Style::Lesson, api::Style::Dialogue];
        let own = extractive();
        vec![
            api::Writer { name: own.writer, styles: own.styles, ..api::Writer::default() },
            api::Writer {
                name: "gemini".to_owned(),
                styles: all.map(Into::into).to_vec(),
                own_words: true,
                paid: true,
                ..api::Writer::default()
            },
        ]
    }

    #[test]
    fn what_a_writer_can_do_is_not_refused() {
        assert_eq!(Wants::of(&Order::of(Style::Briefing), &extractive()), None);
        let model = DescribeEngineResponse { context_token_count: Some(8192), ..extractive() };
        let direction = Direction { intro: true, ..Direction::PLAIN };
        assert_eq!(Wants::of(&Order { direction, ..Order::of(Style::Briefing) }, &model), None);
    }

    #[test]
    fn a_script_in_another_language_than_the_document_s_is_refused() {
        let checked = |wanted: &str, language: &str| {
            let direction = Direction { language: wanted.to_owned(), ..Direction::PLAIN };
            check_language(&Order { direction, ..Order::of(Style::Briefing) }, language)
        };
        for (wanted, language) in [("", "de"), ("en", "en"), ("en-GB", "en"), ("EN", "en-US"), ("fr", "")] {
            assert_eq!(checked(wanted, language), Ok(()), "{wanted} of {language}");
        }
        let refused = checked("fr", "en").unwrap_err();
        assert_eq!((refused.kind, refused.reason), (Kind::Unimplemented, Reason::FeatureUnavailable));
        assert_eq!(refused.field.as_deref(), Some("narration.direction.language_code"));
        assert!(refused.message.contains("if the document is in fr"), "{refused}");
    }

    #[test]
    fn what_it_cannot_do_is_refused_with_those_who_can() {
        let plain = || Order::of(Style::Narration);
        let direction = Direction { tone: "calm".to_owned(), ..Direction::PLAIN };
        let cast = vec![Character { name: "Ann".to_owned(), role: String::new(), manner: String::new() }];
        for (order, reason, field) in [
            (Order::of(Style::Dialogue), Reason::StyleUnsupported, "narration.style"),
            (Order { direction, ..plain() }, Reason::InvalidField, "narration.direction"),
            (Order { cast, ..plain() }, Reason::InvalidField, "narration.cast"),
        ] {
            let wants = Wants::of(&order, &extractive()).expect("it cannot");
            let refused = wants.refused("extractive", &listed());
            assert_eq!((refused.reason, refused.field.as_deref()), (reason, Some(field)));
            assert!(refused.message.contains("narration.writer may name one that does: gemini"), "{refused}");
            let alone = wants.refused("extractive", &listed()[..1]);
            assert!(alone.message.contains("an operator adds one"), "{alone}");
        }
        let refused = Wants::Style(Style::Lesson).refused("extractive", &listed());
        let says = "does not write STYLE_LESSON, but STYLE_NARRATION and STYLE_BRIEFING";
        assert!(refused.message.contains(says), "{refused}");
    }
}
