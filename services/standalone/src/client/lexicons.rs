//! `lectern lexicon`: lists of words and how they are said, of a server or of this machine.

use lectern_client::Authorized;
use lectern_core::Failure;
use lectern_proto::v1::lexicon_service_client::LexiconServiceClient;
use lectern_proto::v1::{
    CreateLexiconRequest, DeleteLexiconRequest, GetLexiconRequest, Lexicon, LexiconEntry, ListLexiconsRequest,
    UpdateLexiconRequest, lexicon_entry::Written,
};
use lectern_rpc::failure;
use lectern_runtime::Context;
use serde_json::{Value, json};
use tonic::{Response, Status};

use super::instance::{Instance, Work};
use super::manage::unless_interrupted;
use super::message::Message;
use super::out::{Mode, Out};
use super::words::{Stop, count};
use super::{lexicon_file, named, pages};
use crate::cli::{LexiconCommand, Lexicons};
use crate::config::Config;

/// Does what the command says.
///
/// # Errors
/// What the server answers, what is wrong with a file, and that it was interrupted.
pub async fn run(lexicons: Lexicons, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(Mode::of(lexicons.json, false));
    if let LexiconCommand::Check { file } = &lexicons.command {
        let entries = lexicon_file::read(file)?;
        out.json(&json!({"entries": entries.len()}));
        out.line(&format!("{}, all of which can be said", count(number(entries.len()), "word")));
        return out.finish().map_err(Stop::from);
    }
    // What is wrong with a file is said before anything is asked.
    let call = Call::of(lexicons.command)?;
    let instance = Box::pin(Instance::open(&lexicons.at.place(), Work::Idle, &config, &context, &out)).await?;
    let client = LexiconServiceClient::new(instance.client.channel());
    let doing = Box::pin(one(call, client, &out));
    let result = unless_interrupted(&context, doing).await.map_err(Stop::from);
    instance.close(result).await?;
    out.finish().map_err(Stop::from)
}

/// What is asked of the server.
enum Call {
    Create(CreateLexiconRequest),
    List,
    Show(GetLexiconRequest),
    Update(UpdateLexiconRequest),
    Delete(DeleteLexiconRequest),
}

impl Call {
    fn of(command: LexiconCommand) -> Result<Self, Failure> {
        let whole = |id: &str| named("lexicons", id);
        Ok(match command {
            LexiconCommand::Create { id, file, name, by_default } => {
                let entries = lexicon_file::read(&file)?;
                let lexicon = Some(Lexicon { display_name: name, entries, by_default, ..Lexicon::default() });
                Self::Create(CreateLexiconRequest { lexicon_id: id, lexicon })
            }
            LexiconCommand::Update { id, file, by_default, not_by_default, etag } => {
                let entries = file.as_deref().map(lexicon_file::read).transpose()?;
                let changed = [("entries", entries.is_some()), ("by_default", by_default || not_by_default)];
                let paths = changed.iter().filter(|(_, is_set)| *is_set).map(|(path, _)| (*path).to_owned()).collect();
                let entries = entries.unwrap_or_default();
                let lexicon = Some(Lexicon { name: whole(&id), entries, etag, by_default, ..Lexicon::default() });
                let update_mask = Some(prost_types::FieldMask { paths });
                Self::Update(UpdateLexiconRequest { lexicon, update_mask })
            }
            LexiconCommand::Show { id } => Self::Show(GetLexiconRequest { name: whole(&id) }),
            LexiconCommand::Delete { id, etag } => Self::Delete(DeleteLexiconRequest { name: whole(&id), etag }),
            // It asks nobody, and is done by now.
            LexiconCommand::List | LexiconCommand::Check { .. } => Self::List,
        })
    }
}

async fn one(call: Call, mut client: LexiconServiceClient<Authorized>, out: &Out) -> Result<(), Failure> {
    match call {
        Call::Create(request) => {
            let made = answered(client.create_lexicon(request).await)?.lexicon.unwrap_or_default();
            told(out, &made);
        }
        Call::Update(request) => {
            let changed = answered(client.update_lexicon(request).await)?.lexicon.unwrap_or_default();
            told(out, &changed);
        }
        Call::Show(request) => {
            let lexicon = answered(client.get_lexicon(request).await)?.lexicon.unwrap_or_default();
            let file = lexicon_file::write(&lexicon.entries)?;
            out.json(&shown(&lexicon));
            out.line(&format!("# {}", line(&lexicon)));
            file.trim_end().lines().for_each(|line| out.line(line));
        }
        Call::Delete(request) => {
            let name = request.name.clone();
            answered(client.delete_lexicon(request).await)?;
            out.json(&json!({"deleted": name}));
            out.line(&format!("{name} is deleted"));
        }
        Call::List => {
            let page = |_, page_token| {
                let mut client = client.clone();
                async move {
                    let page = answered(client.list_lexicons(ListLexiconsRequest { page_size: 0, page_token }).await)?;
                    Ok((page.lexicons, page.next_page_token))
                }
            };
            let mut none = true;
            let take = |lexicon: Lexicon| {
                none = false;
                told(out, &lexicon);
            };
            pages::up_to(usize::MAX, out, page, take).await?;
            if none {
                out.say("there is no lexicon; `lectern lexicon create` makes one");
            }
        }
    }
    Ok(())
}

fn answered<T>(answer: Result<Response<T>, Status>) -> Result<T, Failure> {
    answer.map(Response::into_inner).map_err(|status| failure(&status))
}

fn told(out: &Out, lexicon: &Lexicon) {
    out.json(&shown(lexicon));
    out.line(&line(lexicon));
}

/// A lexicon by protobuf's rules for JSON.
fn shown(lexicon: &Lexicon) -> Value {
    let Lexicon { name, display_name, entries, entry_count, version, create_time, update_time, etag, by_default } =
        lexicon;
    Message::default()
        .text("name", name)
        .text("displayName", display_name)
        .list("entries", entries, entry)
        .number("entryCount", *entry_count)
        .long("version", *version)
        .time("createTime", create_time.as_ref())
        .time("updateTime", update_time.as_ref())
        .text("etag", etag)
        .flag("byDefault", *by_default)
        .end()
}

/// An entry of one by the same rules.
pub(super) fn entry(wire: &LexiconEntry) -> Value {
    let LexiconEntry { written, ipa, respelling, language_code, match_case } = wire;
    let message = match written {
        Some(Written::Text(text)) => Message::default().text("text", text),
        Some(Written::Pattern(pattern)) => Message::default().text("pattern", pattern),
        None => Message::default(),
    };
    message
        .text("ipa", ipa)
        .text("respelling", respelling)
        .text("languageCode", language_code)
        .flag("matchCase", *match_case)
        .end()
}

fn line(lexicon: &Lexicon) -> String {
    let Lexicon { name, version, display_name, .. } = lexicon;
    let words = count(lexicon.entry_count, "word");
    let by_default = if lexicon.by_default { "  by default" } else { "" };
    format!("{name}  version {version}  {words}{by_default}  {display_name}").trim_end().to_owned()
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn a_line_says_which_version_it_is_and_how_much_is_in_it() {
        let mut lexicon =
            Lexicon { name: "lexicons/names".to_owned(), version: 3, entry_count: 1, ..Lexicon::default() };
        assert_eq!(line(&lexicon), "lexicons/names  version 3  1 word");
        let entries = vec![LexiconEntry {
            written: Some(Written::Text("lead".to_owned())),
            respelling: "led".to_owned(),
            ..LexiconEntry::default()
        }];
        let expected = json!({
            "name": "lexicons/names",
            "entries": [{"text": "lead", "respelling": "led"}],
            "entryCount": 1,
            "version": "3",
        });
        assert_eq!(shown(&Lexicon { entries, ..lexicon.clone() }), expected);
        lexicon.display_name = "People".to_owned();
        assert_eq!(line(&lexicon), "lexicons/names  version 3  1 word  People");
        lexicon.by_default = true;
        assert_eq!(line(&lexicon), "lexicons/names  version 3  1 word  by default  People");
        assert_eq!(shown(&lexicon)["byDefault"], json!(true));
    }

    /// What is asked of a server by these arguments.
    fn asked(arguments: &[&str]) -> Call {
        let arguments = [&["lectern", "lexicon"], arguments].concat();
        match Cli::try_parse_from(&arguments).unwrap().command {
            Some(Command::Lexicon(lexicons)) => Call::of(lexicons.command).unwrap(),
            other => panic!("{arguments:?}: {other:?}"),
        }
    }

    #[test]
    fn what_is_changed_is_what_the_flags_say() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("words.toml");
        std::fs::write(&file, "[[entry]]\ntext = \"lead\"\nrespelling = \"led\"\n").unwrap();
        let file = file.display().to_string();
        for (flags, by_default, paths) in [
            (&[file.as_str()][..], false, &["entries"][..]),
            (&["--by-default"][..], true, &["by_default"]),
            (&["--not-by-default"], false, &["by_default"]),
            (&[file.as_str(), "--by-default"], true, &["entries", "by_default"]),
        ] {
            let Call::Update(request) = asked(&[&["update", "names"], flags].concat()) else { panic!("{flags:?}") };
            assert_eq!(request.update_mask.unwrap_or_default().paths, paths, "{flags:?}");
            let lexicon = request.lexicon.unwrap_or_default();
            let entries = usize::from(paths.contains(&"entries"));
            assert_eq!((lexicon.by_default, lexicon.entries.len()), (by_default, entries), "{flags:?}");
        }
        for (flags, expected) in [(&[][..], false), (&["--by-default"][..], true)] {
            let arguments = [&["create", "names", file.as_str()], flags].concat();
            let Call::Create(request) = asked(&arguments) else { panic!("{flags:?}") };
            assert_eq!(request.lexicon.unwrap_or_default().by_default, expected);
        }
        for refused in [&["update", "names"][..], &["update", "names", "--by-default", "--not-by-default"]] {
            let arguments = [&["lectern", "lexicon"], refused].concat();
            assert!(Cli::try_parse_from(&arguments).is_err(), "{arguments:?}");
        }
    }
}
