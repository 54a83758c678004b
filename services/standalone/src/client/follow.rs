//! Follows a narration to its end: progress, outages of the server, interrupts.

use std::time::Duration;

use lectern_client::retry::may_pass;
use lectern_client::{Client, is_terminal};
use lectern_core::Failure;
use lectern_proto::v1::Narration;
use lectern_proto::v1::narration::State;
use lectern_runtime::Shutdown;
use tokio::time::Instant;

use super::out::Out;
use super::progress::Progress;
use super::words;

/// A server that does not answer is waited for so long.
const LONGEST_OUTAGE: Duration = Duration::from_secs(600);
/// How long it is left alone between two calls, beyond what the client waits by itself.
const PAUSE: Duration = Duration::from_secs(2);

/// How following a narration ended.
#[derive(Debug)]
pub enum Followed {
    /// It is terminal. Its state says whether it succeeded, and `failure` why it did not.
    Ended(Box<Narration>),
    /// Its script waits for an approval.
    Held(Box<Narration>),
    /// The command was interrupted. The narration goes on as if nobody had followed it.
    Interrupted,
}

/// Follows the narration `narrations/{id}` until it is terminal or waits for a person, and shows
/// its progress. The outage of a `server` is told, and waited out for up to ten minutes; an
/// instance of the command's own has none.
///
/// # Errors
/// What the server answers. After a longer outage the failure says how to go on.
pub async fn follow(
    client: &Client,
    name: &str,
    progress: &mut Progress,
    shutdown: &Shutdown,
    server: Option<&str>,
) -> Result<Followed, Failure> {
    let watched = tokio::select! {
        biased;
        () = shutdown.wait() => Ok(Followed::Interrupted),
        watched = watch(client, name, progress, server) => watched.map(|narration| {
            if is_terminal(&narration) { Followed::Ended(narration) } else { Followed::Held(narration) }
        }),
    };
    progress.end();
    watched
}

async fn watch(
    client: &Client,
    name: &str,
    progress: &mut Progress,
    server: Option<&str>,
) -> Result<Box<Narration>, Failure> {
    let mut watch = client.watch(name);
    let mut outage = Outage::of(server);
    loop {
        match watch.next().await {
            Ok(Some(narration)) => {
                if outage.over() {
                    progress.say("  the server answers again");
                }
                progress.show(&narration);
                if is_terminal(&narration) || narration.state() == State::AwaitingApproval {
                    return Ok(Box::new(narration));
                }
            }
            // It had told of the end before.
            Ok(None) => return client.narration(name).await.map(Box::new),
            Err(failure) => {
                let said = outage.wait(failure, |text| progress.say(text)).await;
                said.map_err(|failure| take_up_again(failure, name, server))?;
                // A watch counts its tries in a row, so it begins anew from where it was.
                let token = watch.resume_token().to_owned();
                watch = client.watch(name).after(token);
            }
        }
    }
}

/// Says in a failure that may pass how to go on with a narration that a server works on.
fn take_up_again(mut failure: Failure, name: &str, server: Option<&str>) -> Failure {
    if let Some(server) = server.filter(|_| may_pass(&failure)) {
        failure.message = format!(
            "{}; the server goes on with it by itself: `lectern watch {name} --server {server}` follows it again",
            failure.message
        );
    }
    failure
}

/// Makes a call that is safe to repeat, and makes it again through an outage of the server, which
/// is told.
///
/// # Errors
/// What the server answers; after ten minutes, that it does not.
pub async fn patiently<T, F>(out: &Out, server: Option<&str>, mut call: impl FnMut() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut outage = Outage::of(server);
    loop {
        match call().await {
            Ok(answer) => {
                if outage.over() {
                    out.say("  the server answers again");
                }
                return Ok(answer);
            }
            Err(failure) => outage.wait(failure, |text| out.say(text)).await?,
        }
    }
}

/// A server that does not answer, or that does.
#[derive(Debug)]
struct Outage<'a> {
    server: Option<&'a str>,
    since: Option<Instant>,
}

impl<'a> Outage<'a> {
    const fn of(server: Option<&'a str>) -> Self {
        Self { server, since: None }
    }

    /// Waits until a call is to be made again that ended with `failure`, and tells of it once.
    ///
    /// # Errors
    /// `failure` itself, where it does not pass, or has lasted for too long.
    async fn wait(&mut self, failure: Failure, mut say: impl FnMut(&str)) -> Result<(), Failure> {
        let Some(server) = self.server.filter(|_| may_pass(&failure)) else { return Err(failure) };
        let begun = self.since.is_none();
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= LONGEST_OUTAGE {
            return Err(failure);
        }
        if begun {
            let minutes = LONGEST_OUTAGE.as_secs() / 60;
            say(&format!("  {server} does not answer: {}", words::sentence(&failure)));
            say(&format!("  it is tried again for {minutes} minutes; Ctrl-C ends that"));
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    /// The server answers; says whether it did not before.
    fn over(&mut self) -> bool {
        self.since.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use lectern_core::{Kind, Reason};

    use super::*;
    use crate::client::out::Mode;

    fn down() -> Failure {
        Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "connection refused")
    }

    const SERVER: Option<&str> = Some("http://127.0.0.1:7400");

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_waited_out_and_no_longer_than_ten_minutes() {
        let out = Out::new(Mode::Quiet);
        let calls = Cell::new(0);
        let after = |failures: u32| {
            let calls = &calls;
            move || {
                calls.set(calls.get() + 1);
                let answer = if calls.get() > failures { Ok(()) } else { Err(down()) };
                std::future::ready(answer)
            }
        };
        assert_eq!(patiently(&out, SERVER, after(20)).await, Ok(()));
        let started = Instant::now();
        assert_eq!(patiently(&out, SERVER, after(u32::MAX)).await, Err(down()));
        assert!((LONGEST_OUTAGE..LONGEST_OUTAGE * 2).contains(&started.elapsed()), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_else_is_waited_for() {
        let out = Out::new(Mode::Quiet);
        let calls = Cell::new(0);
        let fails = |failure: Failure| {
            let calls = &calls;
            move || {
                calls.set(calls.get() + 1);
                std::future::ready(Err::<(), _>(failure.clone()))
            }
        };
        for (server, failure) in [(None, down()), (SERVER, Failure::not_found("narrations/n1"))] {
            calls.set(0);
            assert_eq!(patiently(&out, server, fails(failure.clone())).await, Err(failure));
            assert_eq!(calls.get(), 1);
        }
    }

    #[test]
    fn a_break_tells_how_to_go_on() {
        let failure = take_up_again(down(), "narrations/n1", SERVER);
        assert!(failure.message.contains("`lectern watch narrations/n1 --server http://127.0.0.1:7400`"), "{failure}");
        assert_eq!(take_up_again(down(), "narrations/n1", None), down());
    }
}
