//! An audiobook: AAC by an ffmpeg process, in MP4 with chapters and cover ([`super::mp4`]).

use std::io::{BufWriter, Seek, Write};

use lectern_core::Failure;
use lectern_stage::work::no_room;

use super::adts::Adts;
use super::ffmpeg::{Codec, Ffmpeg};
use super::mp4::Mp4;
use super::{Encoder, Spec};

pub(super) struct M4b<W: Write + Seek> {
    frames: Ffmpeg<Adts<Mp4<BufWriter<W>>>>,
    samples: u64,
}

impl<W: Write + Seek + Send + 'static> M4b<W> {
    pub(super) fn new(output: W, spec: &Spec) -> Result<Self, Failure> {
        let file = Mp4::new(BufWriter::new(output), spec).map_err(|error| no_room(&error))?;
        Ok(Self { frames: Ffmpeg::start(Codec::Aac, spec.sample_rate, Adts::new(file))?, samples: 0 })
    }
}

impl<W: Write + Seek + Send + 'static> Encoder for M4b<W> {
    fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        self.samples += samples.len() as u64;
        self.frames.write(samples)
    }

    fn finish(self: Box<Self>) -> Result<(), Failure> {
        let samples = self.samples;
        self.frames.finish()?.into_inner().finish(samples).map_err(|error| no_room(&error))
    }
}
