//! What comes back: audio in base64, and the times at which marks were reached.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lectern_core::content::Range;
use lectern_core::content::timeline::WordTime;
use serde::Deserialize;

use super::ssml::mark;
use crate::engine::remote::audio::{self, NoSpeech};
use crate::engine::remote::words::{at, shared_out};

/// An answer. Fields that nobody needs are not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Answer {
    audio_content: String,
    timepoints: Vec<Timepoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Timepoint {
    mark_name: String,
    time_seconds: f64,
}

impl Answer {
    /// The sample rate, the samples, and the times of the words that marks stand before.
    pub(super) fn speech(&self, runs: &[Vec<Range>]) -> Result<(u32, Vec<f32>, Vec<WordTime>), NoSpeech> {
        let bytes = STANDARD.decode(&self.audio_content).map_err(|error| NoSpeech::NotAudio(error.to_string()))?;
        // LINEAR16 has the header of a WAV, which says its rate.
        let (rate, samples) = audio::speech(&bytes, "")?;
        let words = self.words(runs, rate, samples.len());
        Ok((rate, samples, words))
    }

    /// The times of all words; none where a mark is missing or out of order, since of voices that
    /// leave marks out nobody knows which.
    fn words(&self, runs: &[Vec<Range>], rate: u32, samples: usize) -> Vec<WordTime> {
        let time = |run: usize| {
            let name = mark(run);
            let point = self.timepoints.iter().find(|point| point.mark_name == name)?;
            Some(at(point.time_seconds, rate, samples))
        };
        let Some(starts) = (0..runs.len()).map(time).collect::<Option<Vec<u64>>>() else { return Vec::new() };
        let end = u64::try_from(samples).unwrap_or(u64::MAX);
        let ends = starts.iter().skip(1).copied().chain([end]);
        let mut words = Vec::new();
        for ((run, start), end) in runs.iter().zip(&starts).zip(ends) {
            let times = shared_out(run, *start, end);
            if times.is_empty() {
                return Vec::new();
            }
            words.extend(times);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A second of samples at 1 kHz in the header of a WAV.
    fn second() -> String {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        file.extend(1_000_u32.to_le_bytes());
        file.extend(2_000_u32.to_le_bytes());
        file.extend(b"\x02\0\x10\0data");
        file.extend(2_000_u32.to_le_bytes());
        file.extend([0; 2_000]);
        STANDARD.encode(file)
    }

    fn read(points: &[(&str, f64)], audio: &str) -> Result<Vec<(u64, u64)>, NoSpeech> {
        let points: Vec<_> = points.iter().map(|(name, time)| json!({"markName": name, "timeSeconds": time})).collect();
        let json = json!({"audioContent": audio, "timepoints": points, "audioConfig": {"audioEncoding": "LINEAR16"}});
        let answer: Answer = serde_json::from_value(json).unwrap();
        let runs = [vec![Range::new(0, 3)], vec![Range::new(4, 8), Range::new(9, 13)], vec![Range::new(14, 17)]];
        let (rate, samples, words) = answer.speech(&runs)?;
        assert_eq!((rate, samples.len()), (1_000, 1_000));
        Ok(words.iter().map(|word| (word.start, word.end)).collect())
    }

    #[test]
    fn words_begin_where_their_marks_are_reached() {
        let whole = read(&[("w0", 0.1), ("w2", 0.6), ("w1", 0.3)], &second());
        assert_eq!(whole, Ok(vec![(100, 300), (300, 450), (450, 600), (600, 1_000)]));
        for missing in [
            &[][..],
            &[("w0", 0.1), ("w1", 0.3)],
            &[("w0", 0.1), ("w1", 0.3), ("w9", 0.6)],
            &[("w0", 0.1), ("w1", 0.7), ("w2", 0.6)],
            &[("w0", 0.1), ("w1", 0.3), ("w2", 7.0)],
        ] {
            assert_eq!(read(missing, &second()), Ok(Vec::new()), "{missing:?}");
        }
    }

    #[test]
    fn what_is_no_audio_is_no_speech() {
        assert_eq!(read(&[], ""), Err(NoSpeech::Empty));
        assert!(matches!(read(&[], "not base64!"), Err(NoSpeech::NotAudio(_))));
        assert!(matches!(read(&[], &STANDARD.encode(b"ID3 and more")), Err(NoSpeech::NotAudio(_))));
    }
}
