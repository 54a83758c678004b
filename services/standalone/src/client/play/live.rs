//! A narration that is heard while it is made: its samples go to the player as they come.

use std::ffi::OsStr;
use std::process::Stdio;

use lectern_client::{Client, Sound};
use lectern_proto::v1::PcmFormat;
use lectern_proto::v1::narration::State;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Child;

use super::{broke_off, not_started, start};
use crate::client::words::Stop;

/// By this name players read what they are given at their standard input.
const STANDARD_INPUT: &str = "-";
/// The length of a WAV that has no end yet, as players take it.
const UNKNOWN: u32 = u32::MAX;
/// Bytes of a sample.
const SAMPLE_BYTES: u16 = 2;

/// Whether somebody makes a narration, so that there is or will be something to hear.
pub(super) const fn is_made(state: State) -> bool {
    match state {
        State::Queued | State::Extracting | State::Planning | State::Narrating | State::Assembling => true,
        State::Unspecified | State::Succeeded | State::Failed | State::Cancelled | State::AwaitingApproval => false,
    }
}

/// Plays a narration from its beginning, as it comes, until it or its player ends.
///
/// # Errors
/// What the server answers, and what keeps it from being played.
pub(super) async fn play(client: &Client, name: &str) -> Result<(), Stop> {
    let mut listen = client.listen(name);
    let mut player: Option<Player> = None;
    while let Some(sound) = listen.next().await? {
        match sound {
            Sound::Format(format) if player.is_none() => player = Some(Player::start(format).await?),
            Sound::Audio(samples) => {
                let Some(player) = &mut player else { continue };
                if !player.takes(&samples).await {
                    break;
                }
            }
            Sound::Format(_) | Sound::SectionStart(_) | Sound::SectionEnd(_) => {}
        }
    }
    match player {
        Some(player) => player.end(name).await,
        None => Ok(()),
    }
}

/// A program that plays what it is given.
struct Player {
    program: &'static str,
    child: Child,
}

impl Player {
    async fn start(format: PcmFormat) -> Result<Self, Stop> {
        let (program, child) = start(OsStr::new(STANDARD_INPUT), Stdio::piped)?;
        let mut player = Self { program, child };
        player.takes(&head(format)).await;
        Ok(player)
    }

    /// Gives it more; false where it takes no more, since whoever listens has ended it.
    async fn takes(&mut self, bytes: &[u8]) -> bool {
        let Some(input) = &mut self.child.stdin else { return false };
        input.write_all(bytes).await.is_ok()
    }

    /// Lets it play what it has, to its end.
    async fn end(mut self, name: &str) -> Result<(), Stop> {
        drop(self.child.stdin.take());
        let ended = self.child.wait().await.map_err(|error| not_started(self.program, &error))?;
        if ended.success() { Ok(()) } else { Err(broke_off(self.program, ended, name).into()) }
    }
}

/// The head of a WAV without an end.
fn head(format: PcmFormat) -> Vec<u8> {
    let rate = u32::try_from(format.sample_rate_hertz).unwrap_or_default();
    let channels = u16::try_from(format.channel_count).unwrap_or(1);
    let frame = channels.saturating_mul(SAMPLE_BYTES);
    let mut head = b"RIFF".to_vec();
    head.extend(UNKNOWN.to_le_bytes());
    head.extend(b"WAVEfmt ");
    head.extend(16_u32.to_le_bytes());
    // PCM.
    head.extend(1_u16.to_le_bytes());
    head.extend(channels.to_le_bytes());
    head.extend(rate.to_le_bytes());
    head.extend(rate.saturating_mul(u32::from(frame)).to_le_bytes());
    head.extend(frame.to_le_bytes());
    head.extend((8 * SAMPLE_BYTES).to_le_bytes());
    head.extend(b"data");
    head.extend(UNKNOWN.to_le_bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_without_an_end_says_how_to_play_it() {
        let head = head(PcmFormat { sample_rate_hertz: 24_000, channel_count: 1 });
        assert_eq!(head.len(), 44);
        assert_eq!((&head[..4], &head[8..16], &head[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        assert_eq!((number(24), number(28), number(4), number(40)), (24_000, 48_000, u32::MAX, u32::MAX));
    }

    #[test]
    fn what_waits_for_a_person_or_has_ended_is_not_waited_for() {
        assert!(is_made(State::Queued) && is_made(State::Narrating));
        assert!(!is_made(State::AwaitingApproval) && !is_made(State::Failed) && !is_made(State::Succeeded));
    }
}
