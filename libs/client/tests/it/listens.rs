//! Listeners that are disturbed.

use bytes::Bytes;
use lectern_client::{Client, Sound};
use lectern_core::{Failure, Kind, Reason};

use crate::server::{AUDIO, Cut, End, Fake, NARRATION, SAMPLES, State, broken, etag_of, noise};

async fn with_cuts(cuts: impl IntoIterator<Item = Cut>) -> (Fake, Vec<Bytes>) {
    let all = noise(14 * AUDIO);
    let sections = vec![all.slice(..8 * AUDIO), all.slice(8 * AUDIO..)];
    let state = State { sections: sections.clone(), cuts: cuts.into_iter().collect(), ..State::default() };
    (Fake::start(state).await, sections)
}

/// The samples of each section, as they were heard, and how often the format was told.
async fn heard(client: &Client) -> Result<(Vec<Vec<u8>>, usize), Failure> {
    let mut listen = client.listen(NARRATION);
    let (mut sections, mut ends, mut formats) = (Vec::<Vec<u8>>::new(), 0, 0);
    while let Some(sound) = listen.next().await? {
        match sound {
            Sound::Format(_) => formats += 1,
            Sound::SectionStart(section) => {
                assert_eq!((usize::try_from(section.index), section.first_sample), (Ok(sections.len()), 0), "in order");
                sections.push(Vec::new());
            }
            Sound::Audio(samples) => sections.last_mut().expect("a section").extend_from_slice(&samples),
            Sound::SectionEnd(end) => {
                let heard = sections.last().expect("a section").len() / 2;
                assert_eq!(usize::try_from(end.sample_count), Ok(heard), "all of it");
                ends += 1;
            }
        }
    }
    assert_eq!(ends, sections.len(), "all were heard to their end");
    assert_eq!((usize::try_from(listen.section()), listen.sample()), (Ok(ends), 0));
    Ok((sections, formats))
}

fn whole(sections: &[Bytes]) -> Vec<Vec<u8>> {
    sections.iter().map(|audio| audio.to_vec()).collect()
}

fn listened(places: &[(usize, usize)]) -> Vec<String> {
    places.iter().map(|(section, sample)| format!("listen {section} from {sample}")).collect()
}

#[tokio::test]
async fn a_cut_listener_goes_on_at_the_very_sample() {
    // After three messages of the first section's audio; after its other five, its end, and of the
    // second its beginning and one message; after the last of all samples; and after the last end.
    let (fake, sections) = with_cuts([broken(5), broken(10), broken(7), broken(3)]).await;
    assert_eq!(heard(&fake.client()).await, Ok((whole(&sections), 1)));
    let places = [(0, 0), (0, 3 * SAMPLES), (1, SAMPLES), (1, 6 * SAMPLES), (2, 0)];
    assert_eq!(fake.asked(), listened(&places));
}

#[tokio::test]
async fn a_section_that_ends_early_is_asked_for_again() {
    let (fake, sections) = with_cuts([Cut { after: 5, end: End::Early }]).await;
    assert_eq!(heard(&fake.client()).await, Ok((whole(&sections), 1)));
    assert_eq!(fake.asked(), listened(&[(0, 0), (0, 3 * SAMPLES)]));
}

#[tokio::test]
async fn another_listener_goes_on_where_one_was() {
    let (fake, sections) = with_cuts([broken(3)]).await;
    let mut first = fake.client().listen(NARRATION);
    for _ in 0..4 {
        first.next().await.unwrap().expect("the format, a section, and two messages of its audio");
    }
    assert_eq!((first.section(), first.sample()), (0, 2 * SAMPLES as i64));
    assert_eq!(first.section_etag(), etag_of(&sections[0]));
    let second = fake.client().listen(NARRATION).starting_at(first.section(), first.sample());
    let mut second = second.under(first.section_etag());
    let mut rest = Vec::new();
    while let Some(sound) = second.next().await.unwrap() {
        match sound {
            Sound::Audio(samples) => rest.extend_from_slice(&samples),
            Sound::Format(_) | Sound::SectionStart(_) | Sound::SectionEnd(_) => {}
        }
    }
    assert!(rest == sections.concat()[2 * AUDIO..], "every sample once");
}

#[tokio::test]
async fn a_section_that_was_made_anew_is_told_and_heard_from_its_beginning() {
    // Longer than the old one, and shorter than what was heard of it.
    for length in [20 * AUDIO, AUDIO] {
        let (fake, _) = with_cuts([broken(5)]).await;
        let mut listen = fake.client().listen(NARRATION);
        for _ in 0..5 {
            listen.next().await.unwrap().expect("the format, a section, and three messages of its audio");
        }
        let anew = noise(20 * AUDIO + length).slice(20 * AUDIO..);
        fake.state().sections = vec![anew.clone()];
        let failure = listen.next().await.unwrap_err();
        assert_eq!((failure.kind, failure.reason), (Kind::Aborted, Reason::WrongState));
        assert!(failure.message.contains("section 0") && failure.message.contains("drop"), "{failure}");
        assert_eq!((listen.section(), listen.sample(), listen.section_etag()), (0, 0, ""));

        let Some(Sound::SectionStart(start)) = listen.next().await.unwrap() else { panic!("it begins again") };
        assert_eq!((start.index, start.first_sample, start.etag), (0, 0, etag_of(&anew)));
        let mut samples = Vec::new();
        loop {
            match listen.next().await.unwrap() {
                Some(Sound::Audio(audio)) => samples.extend_from_slice(&audio),
                Some(Sound::SectionEnd(_)) => break,
                other => panic!("{other:?} among the audio"),
            }
        }
        assert!(samples == anew, "all of the new one, and nothing of the old");
        assert_eq!(listen.next().await, Ok(None));
        assert_eq!(fake.asked(), listened(&[(0, 0), (0, 3 * SAMPLES), (0, 0)]));
    }
}

#[tokio::test]
async fn a_section_that_is_gone_is_no_end_of_the_narration() {
    // Its first section was heard, and of its second one message.
    let (fake, sections) = with_cuts([broken(13)]).await;
    let mut listen = fake.client().listen(NARRATION);
    for _ in 0..13 {
        listen.next().await.unwrap().expect("what comes before the cut");
    }
    assert_eq!((listen.section(), listen.section_etag()), (1, etag_of(&sections[1]).as_str()));
    fake.state().sections.truncate(1);
    let failure = listen.next().await.unwrap_err();
    assert_eq!((failure.kind, failure.reason), (Kind::Aborted, Reason::WrongState));
}

#[tokio::test]
async fn a_narration_that_ended_without_its_audio_says_why() {
    let cancelled = Failure::new(Kind::FailedPrecondition, Reason::Cancelled, "the caller cancelled it");
    let (fake, _) = with_cuts([Cut { after: 3, end: End::With(cancelled.clone()) }]).await;
    assert_eq!(heard(&fake.client()).await, Err(cancelled));
    assert_eq!(fake.asked().len(), 1);
}
