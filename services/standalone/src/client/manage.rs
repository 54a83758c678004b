//! What is done with narrations and documents that are there, against a server or the data folder
//! of this machine. Every command but those that follow a narration starts an instance that does no
//! work, if it needs one of its own.

pub mod describe;
pub mod json;

use std::path::{Path, PathBuf};

use lectern_client::Client;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::{Document, Narration};
use lectern_runtime::Context;

use super::deliver::{self, Target, deliver};
use super::follow::{Followed, follow};
use super::instance::{Instance, Work};
use super::out::{Mode, Out};
use super::play::{self, Fetched};
use super::progress::{self, Progress};
use super::words::{self, Stop};
use super::{library, script, show};
use crate::cli::manage::{Follow, Get, Manage};
use crate::config::Config;

/// Does what the command says.
///
/// # Errors
/// What the server answers, and why files cannot be written.
pub async fn run(mut manage: Manage, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(mode(&manage));
    if let Manage::Play(what) = &manage
        && let Some(path) = play::on_disk(what)
    {
        return play::path(&path, &context).await;
    }
    check(&manage)?;
    let work = if manage.follow().is_some() { Work::All } else { Work::Idle };
    let at = manage.at().clone();
    let instance = Box::pin(Instance::open(&at, work, &config, &context, &out)).await?;
    let result = Box::pin(one(&manage, &instance, &context, &out)).await;
    let ended = instance.close(result).await;
    let printed = out.finish();
    let fetched = ended?;
    printed?;
    // Others may work on the data while this is heard.
    match fetched {
        Some(fetched) => fetched.play(&context).await,
        None => Ok(()),
    }
}

/// For whom a command prints.
const fn mode(manage: &Manage) -> Mode {
    match manage {
        Manage::List(list) => Mode::of(list.json, false),
        Manage::Show(show) => Mode::of(show.json, false),
        Manage::Watch(follow) | Manage::Retry(follow) => Mode::of(follow.json, follow.quiet),
        Manage::Script(read) => Mode::of(read.json, false),
        Manage::Edit(edit) => Mode::of(edit.json, false),
        Manage::Approve(approve) => Mode::of(approve.follow.json, approve.follow.quiet),
        Manage::Get(get) => Mode::of(get.json, false),
        Manage::Cancel(cancel) => Mode::of(cancel.json, false),
        Manage::Delete(delete) => Mode::of(delete.json, false),
        Manage::Documents(documents) => Mode::of(documents.json, false),
        Manage::Play(_) => Mode::Plain,
    }
}

/// Refuses a folder that is somebody else's before anything is waited for.
fn check(manage: &Manage) -> Result<(), Failure> {
    let (folder, force) = if let Some(follow) = manage.follow() {
        (&follow.out, follow.force)
    } else if let Manage::Get(get) = manage {
        (&get.out, get.force)
    } else {
        return Ok(());
    };
    // The names of the files are of no account for that.
    folder.as_ref().map_or(Ok(()), |folder| Target::new(folder.clone(), String::new(), force).check_foreign())
}

/// Does what the command says. What is to be played is only fetched, and returned, unless it is
/// heard while it is made.
async fn one(manage: &Manage, instance: &Instance, context: &Context, out: &Out) -> Result<Option<Fetched>, Stop> {
    let client = &instance.client;
    let doing = Box::pin(async {
        match manage {
            Manage::Play(what) => return play::fetch(what, instance, out).await,
            Manage::List(list) => library::narrations(list, instance, out).await?,
            Manage::Documents(documents) => library::documents(documents, client, out).await?,
            Manage::Delete(delete) => library::delete(delete, instance, out).await?,
            Manage::Show(show) => show::run(named(show.name.as_ref()), instance, out).await?,
            Manage::Get(of) => get(of, instance, out).await?,
            Manage::Cancel(of) => cancel(named(of.name.as_ref()), instance, out).await?,
            Manage::Script(of) => script::show(named(of.name.as_ref()), instance, out).await?,
            Manage::Edit(of) => script::edit(named(of.name.as_ref()), of, instance, out).await?,
            Manage::Approve(of) => {
                let name = named(of.follow.name.as_ref());
                script::approve(name, of.etag.as_deref(), instance).await?;
                end(&of.follow, instance, context, out).await?;
            }
            Manage::Watch(of) => end(of, instance, context, out).await?,
            Manage::Retry(of) => {
                let name = named(of.name.as_ref());
                client.retry(name).await.map_err(|failure| not_to_retry(failure, name, instance.flags()))?;
                end(of, instance, context, out).await?;
            }
        }
        Ok(None)
    });
    // Who follows is told of an interrupt himself, and says how to go on.
    if manage.follow().is_some() { doing.await } else { unless_interrupted(context, doing).await }
}

/// Does what is cut short by an interrupt.
///
/// # Errors
/// Those of the work, and that it was interrupted.
pub async fn unless_interrupted<T, E: From<Failure>>(
    context: &Context,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        biased;
        () = context.shutdown.wait() => Err(words::interrupted("interrupted before it was done").into()),
        result = work => result,
    }
}

/// The name that a command was given; only `--print-config`, which runs none, does without.
fn named(name: Option<&String>) -> &str {
    name.map_or("", String::as_str)
}

/// Fetches the files of a narration that has succeeded.
async fn get(get: &Get, instance: &Instance, out: &Out) -> Result<(), Stop> {
    let client = &instance.client;
    let narration = client.narration(named(get.name.as_ref())).await?;
    if narration.state() != State::Succeeded || narration.artifacts.is_empty() {
        return Err(not_there(&narration, instance.flags()).into());
    }
    fetch(&narration, get.out.as_deref(), get.force, client, out).await?;
    out.json(&json::narration(&narration));
    Ok(())
}

/// Puts the files into `folder`, or into one that is named by the document.
async fn fetch(
    narration: &Narration,
    folder: Option<&Path>,
    force: bool,
    client: &Client,
    out: &Out,
) -> Result<(), Failure> {
    let document = document_of(narration, client).await?;
    let stem = deliver::stem(&document.display_name);
    let folder: PathBuf = folder.map_or_else(|| Path::new(deliver::OUT).join(&stem), Path::to_owned);
    let target = Target::new(folder, stem, force);
    let files = Box::pin(deliver(client, narration, &document, &target)).await?;
    out.line(&target.folder.display().to_string());
    let names = files.iter().filter_map(|file| file.file_name());
    names.for_each(|name| out.line(&format!("  {}", name.to_string_lossy())));
    Ok(())
}

/// The document that a narration is of.
async fn document_of(narration: &Narration, client: &Client) -> Result<Document, Failure> {
    match narration.documents.first() {
        Some(document) => client.get_document(document).await,
        None => Err(Failure::internal(format!("{} names no document", narration.name))),
    }
}

/// Why there are no files of a narration, and what to do; `flags` lead to where it is.
pub fn not_there(narration: &Narration, flags: &str) -> Failure {
    let name = &narration.name;
    let why = match narration.state() {
        State::Failed => {
            format!(
                "it failed; `lectern show {name}{flags}` says why, and `lectern retry {name}{flags}` goes on with \
                 it"
            )
        }
        State::Cancelled => format!("it is cancelled; `lectern retry {name}{flags}` goes on with it"),
        State::Succeeded => "they were deleted with its document".to_owned(),
        State::AwaitingApproval => format!(
            "its script waits for an approval; `lectern script {name}{flags}` shows it, and `lectern approve {name} -o \
             DIR{flags}` goes on with it"
        ),
        State::Unspecified
        | State::Queued
        | State::Extracting
        | State::Planning
        | State::Narrating
        | State::Assembling => {
            let state = progress::state(narration.state());
            format!("it is {state}; `lectern watch {name} -o DIR{flags}` waits for them")
        }
    };
    let message = format!("{name} has no files: {why}");
    let erased = narration.state() == State::Succeeded;
    let reason = if erased { Reason::DocumentErased } else { Reason::WrongState };
    Failure::new(Kind::FailedPrecondition, reason, message).about(name)
}

/// A refusal to retry in the words of the command line.
fn not_to_retry(failure: Failure, name: &str, flags: &str) -> Failure {
    if failure.reason != Reason::WrongState {
        return failure;
    }
    let message = format!(
        "{name} has neither failed nor been cancelled, so there is nothing to retry; `lectern show {name}{flags}` says \
         where it stands"
    );
    Failure { message, ..failure }
}

/// Stops a narration.
async fn cancel(name: &str, instance: &Instance, out: &Out) -> Result<(), Stop> {
    let flags = instance.flags();
    let narration = instance.client.cancel(name).await?;
    out.json(&json::narration(&narration));
    out.line(&if narration.state() == State::Cancelled {
        format!("{name} is cancelled; `lectern retry {name}{flags}` goes on from there")
    } else {
        format!("{name} stays as it is: {}", progress::state(narration.state()))
    });
    Ok(())
}

/// Follows a narration to its end, and does with it what was asked for.
async fn end(of: &Follow, instance: &Instance, context: &Context, out: &Out) -> Result<(), Stop> {
    let (client, name, flags) = (&instance.client, named(of.name.as_ref()), instance.flags());
    let mut progress = Progress::new(out, "");
    let followed = follow(client, name, &mut progress, &context.shutdown, instance.server()).await?;
    let narration = match followed {
        Followed::Ended(narration) => narration,
        Followed::Held(narration) => {
            out.json(&json::narration(&narration));
            let [show, approve] = ["script", "approve"].map(|command| format!("`lectern {command} {name}{flags}`"));
            out.line(&format!("{name} waits for the approval of its script: {show} shows it, and {approve} goes on"));
            return Ok(());
        }
        Followed::Interrupted => {
            let message = format!("{name} is not followed any more; `lectern watch {name}{flags}` takes it up again");
            return Err(words::interrupted(message).into());
        }
    };
    let result = if narration.state() != State::Succeeded {
        let why = convert::failure(&narration.failure.clone().unwrap_or_default());
        let why = instance.explain(why);
        let how = if narration.state() == State::Cancelled { "is cancelled" } else { "failed" };
        out.complain(&format!("lectern: {name} {how}: {}", words::sentence(&why)));
        Err(Stop::Said(words::of_narration(&why)))
    } else if let Some(folder) = of.out.as_deref() {
        tokio::select! {
            biased;
            () = context.shutdown.wait() => {
                let message = format!("its files are not fetched; `lectern get {name}{flags}` fetches them");
                Err(words::interrupted(message).into())
            }
            fetched = fetch(&narration, Some(folder), of.force, client, out) => fetched.map_err(Stop::from),
        }
    } else {
        let length = describe::length(&narration);
        out.line(&format!("{name} is done, {length} of audio; `lectern get {name}{flags}` fetches its files"));
        Ok(())
    };
    out.json(&json::narration(&narration));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::words::Status;

    #[test]
    fn what_has_no_files_says_how_to_get_them() {
        let at =
            |state: State| Narration { name: "narrations/n1".to_owned(), state: state.into(), ..Narration::default() };
        for (state, says) in [
            (State::Narrating, "it is narrating; `lectern watch narrations/n1 -o DIR --data d`"),
            (State::AwaitingApproval, "`lectern script narrations/n1 --data d` shows it, and `lectern approve"),
            (State::Failed, "it failed; `lectern show narrations/n1 --data d` says why"),
            (State::Cancelled, "it is cancelled; `lectern retry narrations/n1 --data d`"),
        ] {
            let failure = not_there(&at(state), " --data d");
            assert!(failure.message.contains(says), "{failure}");
            assert_eq!(words::status(&failure), Status::Usage);
        }
    }

    #[test]
    fn a_narration_that_was_cancelled_is_no_interrupt_of_this_command() {
        let status = |reason| words::of_narration(&Failure::new(Kind::FailedPrecondition, reason, ""));
        assert_eq!(status(Reason::Cancelled), Status::Failed);
        assert_eq!(status(Reason::SpeechRejected), Status::Failed);
        assert_eq!(status(Reason::DocumentEmpty), Status::Refused);
    }

    #[test]
    fn only_a_wrong_state_is_told_in_other_words() {
        let wrong = Failure::new(Kind::FailedPrecondition, Reason::WrongState, "x");
        assert!(not_to_retry(wrong, "narrations/n1", "").message.contains("`lectern show narrations/n1`"));
        let missing = Failure::not_found("narrations/n1");
        assert_eq!(not_to_retry(missing.clone(), "narrations/n1", ""), missing);
    }
}
