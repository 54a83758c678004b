//! Opus in Ogg (RFC 6716, RFC 7845), streaming. What is decoded is exactly as long as what was
//! encoded: the encoder's delay is declared as pre-skip, and the last page's granule position ends
//! the stream at the last sample.
#![allow(
    unsafe_code,
    reason = "the encoder is libopus translated from C; every call is in this file, behind a type that owns its state"
)]

use std::io::Write;
use std::ptr::NonNull;

use lectern_core::Failure;
use lectern_stage::work::no_room;
use ogg::PacketWriter;
use ogg::writing::PacketWriteEndInfo;
use unsafe_libopus::{
    OPUS_APPLICATION_AUDIO, OPUS_GET_LOOKAHEAD_REQUEST, OPUS_OK, OPUS_SET_BITRATE_REQUEST, OPUS_SET_COMPLEXITY_REQUEST,
    OPUS_SET_SIGNAL_REQUEST, OPUS_SET_VBR_REQUEST, OPUS_SIGNAL_VOICE, OpusEncoder, opus_encode, opus_encoder_create,
    opus_encoder_ctl, opus_encoder_destroy,
};

use super::{Encoder, Spec, comments};

/// Bits a second, on average: transparent for one voice.
const BITRATE: i32 = 32_000;
/// Of 10. One stream is encoded by one core, so a long recording waits for this; for one voice at
/// this rate more is not heard.
const COMPLEXITY: i32 = 5;
/// Frames a second: 20 ms each.
const FRAMES: u32 = 50;
/// Granule positions count samples at this rate whatever the input's (RFC 7845, section 4).
const GRANULES: u32 = 48_000;
/// The largest packet that the encoder may make (RFC 6716, section 3.4).
const LARGEST_PACKET: usize = 1275 * 3 + 7;
/// One logical stream a file; its serial number need only be unique in the file.
const SERIAL: u32 = 0x4C45_4354;

fn failed(what: impl std::fmt::Display) -> Failure {
    Failure::internal(format!("Opus cannot be encoded: {what}"))
}

/// The encoder's state, owned.
struct State(NonNull<OpusEncoder>);

// SAFETY: the state is one heap block that refers to nothing of its thread, and only `&mut self`
// reaches it.
unsafe impl Send for State {}

impl State {
    fn new(sample_rate: u32) -> Result<Self, Failure> {
        let rate = i32::try_from(sample_rate).map_err(failed)?;
        let mut error = OPUS_OK;
        // SAFETY: `error` outlives the call; the result is checked for null before use and freed
        // once, in `drop`.
        let state = unsafe { opus_encoder_create(rate, 1, OPUS_APPLICATION_AUDIO, &raw mut error) };
        let state =
            NonNull::new(state).map(Self).ok_or_else(|| failed(format!("error {error} at {sample_rate} Hz")))?;
        for (request, value) in [
            (OPUS_SET_BITRATE_REQUEST, BITRATE),
            (OPUS_SET_VBR_REQUEST, 1),
            (OPUS_SET_COMPLEXITY_REQUEST, COMPLEXITY),
            (OPUS_SET_SIGNAL_REQUEST, OPUS_SIGNAL_VOICE),
        ] {
            // SAFETY: the state is alive, and each of these requests takes one `i32`
            // (opus_defines.h).
            let code = unsafe { opus_encoder_ctl!(state.0.as_ptr(), request, value) };
            if code != OPUS_OK {
                return Err(failed(format!("request {request} was answered with {code}")));
            }
        }
        Ok(state)
    }

    /// Samples of delay, at the input's rate.
    fn delay(&mut self) -> Result<u32, Failure> {
        let mut delay = 0_i32;
        // SAFETY: the state is alive, and this request takes one pointer to an `i32`, which
        // outlives the call.
        let code = unsafe { opus_encoder_ctl!(self.0.as_ptr(), OPUS_GET_LOOKAHEAD_REQUEST, &mut delay) };
        if code == OPUS_OK { u32::try_from(delay).map_err(failed) } else { Err(failed(format!("no delay: {code}"))) }
    }

    /// One frame to one packet.
    fn packet(&mut self, frame: &[i16]) -> Result<Vec<u8>, Failure> {
        let mut packet = vec![0; LARGEST_PACKET];
        let (samples, room) =
            (i32::try_from(frame.len()).map_err(failed)?, i32::try_from(packet.len()).map_err(failed)?);
        // SAFETY: the state is alive; `frame` has `samples` values and `packet` has `room` bytes.
        let length = unsafe { opus_encode(self.0.as_ptr(), frame.as_ptr(), samples, packet.as_mut_ptr(), room) };
        packet.truncate(usize::try_from(length).map_err(|_| failed(format!("error {length}")))?);
        Ok(packet)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: created by `opus_encoder_create` and not used after this.
        unsafe { opus_encoder_destroy(self.0.as_ptr()) }
    }
}

pub(super) struct Opus<W: Write> {
    state: State,
    pages: PacketWriter<'static, W>,
    frame: usize,
    // Granules of one input sample.
    granules: u64,
    pre_skip: u64,
    samples: u64,
    // Less than a frame of samples, waiting for more.
    waiting: Vec<i16>,
    // The newest packet: whether it is the last is not known before the next or the end.
    held: Option<Vec<u8>>,
    packets: u64,
}

impl<W: Write> Opus<W> {
    pub(super) fn new(output: W, spec: &Spec) -> Result<Self, Failure> {
        let mut state = State::new(spec.sample_rate)?;
        let granules = u64::from(GRANULES / spec.sample_rate.max(1));
        let pre_skip = u64::from(state.delay()?) * granules;
        let frame = usize::try_from(spec.sample_rate / FRAMES).map_err(failed)?;
        let mut opus = Self {
            state,
            pages: PacketWriter::new(output),
            frame,
            granules,
            pre_skip,
            samples: 0,
            waiting: Vec::with_capacity(frame),
            held: None,
            packets: 0,
        };
        opus.page(head(u16::try_from(pre_skip).map_err(failed)?, spec.sample_rate), PacketWriteEndInfo::EndPage, 0)?;
        opus.page(comments::header(spec)?, PacketWriteEndInfo::EndPage, 0)?;
        Ok(opus)
    }

    fn page(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo, granule: u64) -> Result<(), Failure> {
        self.pages.write_packet(packet, SERIAL, end, granule).map_err(|error| no_room(&error))
    }

    fn encode(&mut self) -> Result<(), Failure> {
        let packet = self.state.packet(&self.waiting)?;
        self.waiting.clear();
        if let Some(before) = self.held.replace(packet) {
            self.packets += 1;
            let granule = self.packets * self.frame as u64 * self.granules;
            // A page a second: players seek by pages.
            let full = self.packets.is_multiple_of(u64::from(FRAMES));
            let end = if full { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
            self.page(before, end, granule)?;
        }
        Ok(())
    }

    fn push(&mut self, mut samples: &[i16]) -> Result<(), Failure> {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.frame - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            samples = later;
            if self.waiting.len() == self.frame {
                self.encode()?;
            }
        }
        Ok(())
    }
}

impl<W: Write + Send> Encoder for Opus<W> {
    fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        self.samples += samples.len() as u64;
        self.push(samples)
    }

    fn finish(mut self: Box<Self>) -> Result<(), Failure> {
        // The decoder is a pre-skip late: silence pushes the last samples out, and fills the last
        // frame.
        let delay = self.pre_skip.div_ceil(self.granules);
        let frame = self.frame as u64;
        let padding = (self.samples + delay).next_multiple_of(frame).max(frame) - self.samples;
        let padding = usize::try_from(padding).map_err(failed)?;
        self.push(&vec![0; padding])?;
        let last = self.held.take().unwrap_or_default();
        let end = self.pre_skip + self.samples * self.granules;
        self.page(last, PacketWriteEndInfo::EndStream, end)?;
        self.pages.into_inner().flush().map_err(|error| no_room(&error))
    }
}

/// The identification header (RFC 7845, section 5.1).
fn head(pre_skip: u16, sample_rate: u32) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend_from_slice(&pre_skip.to_le_bytes());
    head.extend_from_slice(&sample_rate.to_le_bytes());
    // No gain, channel mapping family 0.
    head.extend_from_slice(&[0, 0, 0]);
    head
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Seek, SeekFrom};

    use ogg::PacketReader;
    use unsafe_libopus::{opus_decode, opus_decoder_create, opus_decoder_destroy};

    use super::*;

    /// Decodes at 24 kHz as RFC 7845 says: pre-skip dropped, the end cut at the last granule
    /// position.
    fn decode(bytes: Vec<u8>) -> Vec<i16> {
        let mut reader = PacketReader::new(Cursor::new(bytes));
        let head = reader.read_packet().unwrap().unwrap();
        assert!(head.first_in_stream() && head.data.starts_with(b"OpusHead\x01\x01"));
        let pre_skip = usize::from(u16::from_le_bytes([head.data[10], head.data[11]])) / 2;
        let tags = reader.read_packet().unwrap().unwrap();
        assert!(tags.data.starts_with(b"OpusTags") && tags.data.ends_with("TITLE=Über".as_bytes()));
        let mut error = 0;
        let decoder = unsafe { opus_decoder_create(24_000, 1, &raw mut error) };
        let (mut samples, mut end) = (Vec::new(), 0);
        while let Some(packet) = reader.read_packet().unwrap() {
            let mut frame = [0_i16; 480];
            let length = packet.data.len() as i32;
            let decoded =
                unsafe { opus_decode(&mut *decoder, packet.data.as_ptr(), length, frame.as_mut_ptr(), 480, 0) };
            assert_eq!(decoded, 480);
            samples.extend(frame);
            assert_eq!(
                packet.last_in_stream(),
                packet.absgp_page() as usize / 2 <= samples.len() && packet.last_in_stream()
            );
            end = packet.absgp_page() as usize / 2;
        }
        unsafe { opus_decoder_destroy(decoder) };
        assert!(end <= samples.len(), "the last packets must reach the end");
        samples[pre_skip..end].to_vec()
    }

    #[test]
    fn what_is_decoded_is_as_long_as_what_was_encoded_and_sounds_like_it() {
        for count in [0_usize, 1, 479, 480, 481, 24_000, 24_000 * 3 + 77] {
            let tone: Vec<i16> = (0..count).map(|i| ((i as f64 * 0.06).sin() * 9000.0) as i16).collect();
            let mut file = tempfile::tempfile().unwrap();
            let spec = Spec::plain(24_000, "Über");
            let mut opus = Box::new(Opus::new(file.try_clone().unwrap(), &spec).unwrap());
            tone.chunks(1000).for_each(|chunk| opus.write(chunk).unwrap());
            opus.finish().unwrap();
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0)).unwrap();
            file.read_to_end(&mut bytes).unwrap();
            let decoded = decode(bytes);
            assert_eq!(decoded.len(), count);
            if count > 20_000 {
                // In step with the input: the pre-skip is right.
                let product = |shift: usize| -> f64 {
                    (2000..count - 2000).map(|i| f64::from(tone[i]) * f64::from(decoded[i + shift])).sum()
                };
                let energy: f64 = (2000..count - 2000).map(|i| f64::from(tone[i]).powi(2)).sum();
                assert!(product(0) > 0.97 * energy, "{}", product(0) / energy);
            }
        }
    }
}
