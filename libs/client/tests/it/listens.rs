//! Listeners that are disturbed.

use bytes::Bytes;
use lectern_client::{Client, Sound};
use lectern_core::{Failure, Kind, Reason};

use crate::server::{AUDIO, Cut, End, Fake, NARRATION, State, broken, noise};

async fn with_cuts(cuts: impl IntoIterator<Item = Cut>) -> (Fake, Vec<Bytes>) {
    let all = noise(14 * AUDIO);
    let sections = vec![all.slice(..8 * AUDIO), all.slice(8 * AUDIO..)];
    let state = State { sections: sections.clone(), cuts: cuts.into_iter().collect(), ..State::default() };
    (Fake::start(state).await, sections)
}

/// The samples of each section, as they were heard, and how often the format was told.
async fn heard(client: &Client) -> Result<(Vec<Vec<u8>>, usize), Failure> {
    let mut listen = client.listen(NARRATION);
    let (mut sections, mut formats) = (Vec::<Vec<u8>>::new(), 0);
    while let Some(sound) = listen.next().await? {
        match sound {
            Sound::Format(_) => formats += 1,
            Sound::Section(section) => {
                assert_eq!(usize::try_from(section.index), Ok(sections.len()), "in order");
                sections.push(Vec::new());
            }
            Sound::Audio(samples) => sections.last_mut().expect("a section").extend_from_slice(&samples),
        }
    }
    assert_eq!(usize::try_from(listen.section()), Ok(sections.len()), "all were heard to their end");
    Ok((sections, formats))
}

fn whole(sections: &[Bytes]) -> Vec<Vec<u8>> {
    sections.iter().map(|audio| audio.to_vec()).collect()
}

#[tokio::test]
async fn a_broken_listener_hears_every_sample_once() {
    // In the first section, in the second, and behind the last sample.
    let (fake, sections) = with_cuts([broken(4), broken(12), broken(8)]).await;
    assert_eq!(heard(&fake.client()).await, Ok((whole(&sections), 1)));
    assert_eq!(fake.asked(), ["listen 0", "listen 0", "listen 1", "listen 2"]);
}

#[tokio::test]
async fn a_section_that_ends_early_is_asked_for_again() {
    let (fake, sections) = with_cuts([Cut { after: 5, end: End::Early }]).await;
    assert_eq!(heard(&fake.client()).await, Ok((whole(&sections), 1)));
    assert_eq!(fake.asked(), ["listen 0", "listen 0"]);
}

#[tokio::test]
async fn a_narration_that_ended_without_its_audio_says_why() {
    let cancelled = Failure::new(Kind::FailedPrecondition, Reason::Cancelled, "the caller cancelled it");
    let (fake, _) = with_cuts([Cut { after: 3, end: End::With(cancelled.clone()) }]).await;
    assert_eq!(heard(&fake.client()).await, Err(cancelled));
    assert_eq!(fake.asked().len(), 1);
}
