//! `lectern writers`: who can be ordered to write scripts, what each can do, and whether it could
//! just now.

use lectern_proto::convert;
use lectern_proto::v1::{Style, Writer};
use lectern_runtime::Context;

use super::instance::{Instance, Work};
use super::manage::{json, unless_interrupted};
use super::out::{self, Mode, Out};
use super::word;
use super::words::{self, Stop};
use crate::cli::Writers;
use crate::config::Config;

/// Lists the writers of a server, or of this machine. The first is the default.
///
/// # Errors
/// What the server answers.
pub async fn list(writers: Writers, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(Mode::of(writers.json, false));
    let instance = Box::pin(Instance::open(&writers.at, Work::Idle, &config, &context, &out)).await?;
    let own = instance.is_own();
    let result = unless_interrupted(&context, instance.client.writers(true)).await;
    let listed = instance.close(result.map_err(Stop::from)).await?;
    listed.iter().for_each(|writer| out.json(&json::writer(writer)));
    let rows: Vec<Vec<String>> = listed.iter().enumerate().map(|(index, writer)| row(index == 0, writer)).collect();
    out::table(&rows).iter().for_each(|line| out.line(line));
    if own && !listed.iter().any(|writer| writer.own_words) {
        out.say(&format!("{} for this command alone", crate::writers::HOW));
    }
    Ok(out.finish()?)
}

/// Name, engine, styles, languages, what it costs, and whether it could write.
fn row(default: bool, writer: &Writer) -> Vec<String> {
    let styles = writer.styles.iter().filter_map(|style| Style::try_from(*style).ok());
    let styles: Vec<String> = styles.map(|style| word(style.as_str_name(), "STYLE_")).collect();
    let state = match (&writer.failure, default) {
        (Some(failure), _) => format!("not ready: {}", words::sentence(&convert::failure(failure))),
        (None, true) => "the default writer".to_owned(),
        (None, false) => String::new(),
    };
    vec![
        writer.name.clone(),
        writer.engine.clone(),
        styles.join(", "),
        writer.language_codes.join(", "),
        if writer.paid { "costs money" } else { "" }.to_owned(),
        state,
    ]
}

#[cfg(test)]
mod tests {
    use lectern_core::{Failure, Kind, Reason};

    use super::*;

    #[test]
    fn a_row_says_what_a_writer_can_and_why_it_cannot_now() {
        let mut writer = Writer {
            name: "gemini".to_owned(),
            engine: "gemini/gemini-3.8-flash+prompts/1".to_owned(),
            styles: vec![Style::Briefing.into(), Style::Dialogue.into()],
            language_codes: vec!["en".to_owned()],
            own_words: true,
            paid: true,
            failure: None,
        };
        let expected = [
            "gemini",
            "gemini/gemini-3.8-flash+prompts/1",
            "briefing, dialogue",
            "en",
            "costs money",
            "the default writer",
        ];
        assert_eq!(row(true, &writer), expected);
        let refused = Failure::new(Kind::FailedPrecondition, Reason::EngineCredentials, "the key is refused");
        writer.failure = Some(convert::failure_to_wire(&refused, None));
        writer.paid = false;
        let cells = row(true, &writer);
        assert_eq!((cells[4].as_str(), cells[5].as_str()), ("", "not ready: the key is refused [ENGINE_CREDENTIALS]"));
    }
}
