//! FLAC, frame by frame (RFC 9639). The stream's totals are written over their place at the end.

use std::io::{Seek, SeekFrom, Write};

use flacenc::bitsink::MemSink;
use flacenc::component::{BitRepr, StreamInfo};
use flacenc::config;
use flacenc::encode_fixed_size_frame;
use flacenc::error::{Verified, Verify};
use flacenc::source::{Context, Fill, FrameBuf};
use lectern_core::Failure;
use lectern_stage::work::no_room;

use super::{Encoder, Spec};

const BLOCK: usize = 4096;
const CHANNELS: usize = 1;
const BITS: usize = 16;
/// Bytes before STREAMINFO's content: the marker and the block's header, which says that it is the
/// last block.
const MARKER: &[u8; 8] = b"fLaC\x80\x00\x00\x22";

pub(super) struct Flac<W> {
    output: W,
    config: Verified<config::Encoder>,
    info: StreamInfo,
    context: Context,
    // Less than a block of samples, waiting for more.
    waiting: Vec<i32>,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::internal(format!("FLAC cannot be encoded: {error}"))
}

impl<W: Write + Seek> Flac<W> {
    pub(super) fn new(output: W, spec: &Spec) -> Result<Self, Failure> {
        let mut config = config::Encoder::default();
        config.block_size = BLOCK;
        let config = config.into_verified().map_err(|(_, error)| failed(error))?;
        let rate = usize::try_from(spec.sample_rate).map_err(failed)?;
        let info = StreamInfo::new(rate, CHANNELS, BITS).map_err(failed)?;
        let waiting = Vec::with_capacity(BLOCK);
        let mut flac = Self { output, config, info, context: Context::new(BITS, CHANNELS), waiting };
        flac.header()?;
        Ok(flac)
    }

    fn header(&mut self) -> Result<(), Failure> {
        let mut sink = MemSink::<u8>::new();
        self.info.write(&mut sink).map_err(failed)?;
        self.output
            .write_all(MARKER)
            .and_then(|()| self.output.write_all(sink.as_slice()))
            .map_err(|error| no_room(&error))
    }

    /// Encodes what waits: a block, or less at the end.
    fn frame(&mut self) -> Result<(), Failure> {
        let mut buffer = FrameBuf::with_size(CHANNELS, BLOCK).map_err(failed)?;
        buffer.fill_interleaved(&self.waiting).map_err(failed)?;
        self.context.fill_interleaved(&self.waiting).map_err(failed)?;
        self.waiting.clear();
        let number = self.context.current_frame_number().unwrap_or_default();
        let frame = encode_fixed_size_frame(&self.config, &buffer, number, &self.info).map_err(failed)?;
        self.info.update_frame_info(&frame);
        let mut sink = MemSink::<u8>::new();
        frame.write(&mut sink).map_err(failed)?;
        self.output.write_all(sink.as_slice()).map_err(|error| no_room(&error))
    }
}

impl<W: Write + Seek + Send> Encoder for Flac<W> {
    fn write(&mut self, mut samples: &[i16]) -> Result<(), Failure> {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(BLOCK - self.waiting.len()));
            self.waiting.extend(now.iter().copied().map(i32::from));
            samples = later;
            if self.waiting.len() == BLOCK {
                self.frame()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        if !self.waiting.is_empty() {
            self.frame()?;
        }
        // The last block may be shorter and does not count (RFC 9639, section 8.2).
        self.info.set_block_sizes(BLOCK, BLOCK).map_err(failed)?;
        self.info.set_md5_digest(&self.context.md5_digest());
        self.info.set_total_samples(self.context.total_samples());
        self.output.seek(SeekFrom::Start(0)).map_err(|error| no_room(&error))?;
        self.header()?;
        self.output.flush().map_err(|error| no_room(&error))
    }
}
