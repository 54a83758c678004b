//! MP3: a tag with chapters and cover ([`super::id3`]), and behind it frames by an ffmpeg process,
//! led by one that says how many they are and what of them is heard ([`frames`]): otherwise a
//! player would guess the length, and be some 50 ms late.

mod frames;

use std::io::{BufWriter, Seek, Write};

use lectern_core::Failure;
use lectern_stage::work::no_room;

use self::frames::Counted;
use super::ffmpeg::{Codec, Ffmpeg};
use super::{Encoder, Spec, id3};

pub(super) struct Mp3<W: Write + Seek> {
    frames: Ffmpeg<Counted<BufWriter<W>>>,
    samples: u64,
}

impl<W: Write + Seek + Send + 'static> Mp3<W> {
    pub(super) fn new(output: W, spec: &Spec) -> Result<Self, Failure> {
        let (mut output, tag) = (BufWriter::new(output), id3::tag(spec));
        output.write_all(&tag).map_err(|error| no_room(&error))?;
        let counted = Counted::new(output, tag.len() as u64);
        Ok(Self { frames: Ffmpeg::start(Codec::Mp3, spec.sample_rate, counted)?, samples: 0 })
    }
}

impl<W: Write + Seek + Send + 'static> Encoder for Mp3<W> {
    fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        self.samples += samples.len() as u64;
        self.frames.write(samples)
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let samples = self.samples;
        self.frames.finish()?.finish(samples).map_err(|error| no_room(&error))
    }
}
