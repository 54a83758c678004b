//! The network: phoneme ids and a style to samples and durations.
//!
//! The pinned file is of onnxruntime's own making (its `onnx.quantize`): weights of 8 bits, and
//! four operators that are no part of ONNX. The runtime knows three of them. The fourth,
//! `FusedMatMul`, which multiplies a matrix that it turns over, stands there once; it is written in
//! ONNX's own words when the file is loaded, as an `Einsum` of the same length, so that no other
//! byte moves. That both give the same samples, bit by bit, was seen by onnxruntime.

use lectern_core::Failure;
use rten::{Model, NodeId};
use rten_tensor::NdTensor;

use super::STYLE;
use super::weights::unusable;
use crate::engine::local::lanes::Lanes;

/// Samples that one unit of a phoneme's duration lasts: 25 ms at 24 kHz.
pub(super) const SAMPLES_PER_DURATION: u64 = 600;

/// The node inside the network that holds the phonemes' durations.
const DURATIONS: &str = "/encoder/Clip_output_0";

/// What one run of the network gives.
pub(super) struct Said {
    pub samples: Vec<f32>,
    /// One a phoneme id, in units of [`SAMPLES_PER_DURATION`].
    pub durations: Vec<u64>,
}

pub(super) struct Network {
    model: Model,
    tokens: NodeId,
    style: NodeId,
    speed: NodeId,
    audio: NodeId,
    durations: NodeId,
    lanes: Lanes,
}

impl Network {
    pub(super) fn load(mut onnx: Vec<u8>) -> Result<Self, Failure> {
        rewrite(&mut onnx)?;
        let broken = |error: &dyn std::fmt::Display| unusable(&format!("its network: {error}"));
        let model = Model::load(onnx).map_err(|error| broken(&error))?;
        let node = |name: &str| model.node_id(name).map_err(|error| broken(&error));
        let (tokens, style, speed) = (node("tokens")?, node("style")?, node("speed")?);
        let (audio, durations) = (node("audio")?, node(DURATIONS)?);
        Ok(Self { model, tokens, style, speed, audio, durations, lanes: Lanes::default() })
    }

    /// Runs the network over `ids` on one thread.
    pub(super) fn run(&self, ids: &[i32], style: &[f32], speed: f32) -> Result<Said, Failure> {
        let failed = |what: &dyn std::fmt::Display| Failure::internal(format!("the network of Kokoro failed: {what}"));
        if style.len() != STYLE {
            return Err(failed(&format!("a style of {} numbers", style.len())));
        }
        let tokens = NdTensor::from_data([1, ids.len()], ids.to_vec());
        let style = NdTensor::from_data([1, STYLE], style.to_vec());
        let speed = NdTensor::from_data([1], vec![speed]);
        let inputs = vec![(self.tokens, tokens.into()), (self.style, style.into()), (self.speed, speed.into())];
        let outputs = [self.audio, self.durations];
        let result = self.lanes.run(|options| self.model.run_n(inputs, outputs, Some(options)));
        let [audio, durations] = result.map_err(|error| failed(&error))?;
        let (_, samples) = audio.into_shape_vec::<f32, 1>().map_err(|error| failed(&error))?;
        let (_, durations) = durations.into_shape_vec::<f32, 2>().map_err(|error| failed(&error))?;
        let durations: Vec<u64> = durations.into_iter().map(units).collect();
        let length = durations.iter().sum::<u64>() * SAMPLES_PER_DURATION;
        if durations.len() == ids.len() && length == samples.len() as u64 {
            Ok(Said { samples, durations })
        } else {
            Err(failed(&format!("{} samples for durations of {length}", samples.len())))
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts, never negative")]
fn units(duration: f32) -> u64 {
    duration.round().max(0.0) as u64
}

/// What the node's message begins with: its two inputs, its output and its name.
const NODE: &[u8] = b"\n1/encoder/predictor/text_encoder/Concat_4_output_0\n\x18/encoder/Cast_4_output_0\
    \x12\x18/encoder/MatMul_output_0\x1a&/encoder/MatMul/MatmulTransposeFusion/";
/// How it goes on: its operator, with the attributes that say to turn over its first input alone,
/// and its domain.
const FUSED: &[u8] = b"\"\x0bFusedMatMul*\x12\n\x0btransBatchB\x18\x00\xa0\x01\x02*\x12\n\x0btransBatchA\x18\x00\xa0\
    \x01\x02*\r\n\x06transB\x18\x00\xa0\x01\x02*\x0f\n\x05alpha\x15\x00\x00\x80?\xa0\x01\x01*\r\n\x06transA\x18\x01\
    \xa0\x01\x02:\rcom.microsoft";
/// The same as an operator of ONNX: `NodeProto` of onnx.proto, its `op_type`, one `attribute` of
/// the type STRING. The first input has a batch of one, the second none.
const EINSUM: &[u8] = b"\"\x06Einsum*\x1a\n\x08equation\"\x0bbki,kj->bij\xa0\x01\x03";
/// The tag of the node's `doc_string`, which takes up what is left.
const DOCUMENTATION: u8 = 0x32;

/// Writes the operator that the runtime does not know as one that it does.
fn rewrite(onnx: &mut [u8]) -> Result<(), Failure> {
    let missing = || unusable("its network has other operators than it was written for");
    let node = [NODE, FUSED].concat();
    let at = onnx.windows(node.len()).position(|window| window == node).ok_or_else(missing)?;
    let place = onnx.get_mut(at + NODE.len()..at + node.len()).ok_or_else(missing)?;
    place.copy_from_slice(&einsum());
    Ok(())
}

/// The operator, as long as the one that it stands for.
fn einsum() -> Vec<u8> {
    // A tag and a length of one byte stand before the text.
    let left = FUSED.len().saturating_sub(EINSUM.len() + 2);
    let mut bytes = EINSUM.to_vec();
    bytes.push(DOCUMENTATION);
    bytes.push(u8::try_from(left).unwrap_or_default());
    bytes.resize(FUSED.len(), b' ');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the fields of a message of Protocol Buffers that are texts or messages: their numbers
    /// and contents.
    fn fields(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut fields = Vec::new();
        while let [tag, length, rest @ ..] = bytes {
            assert_eq!(tag & 7, 2, "a field with a length");
            let (content, rest) = rest.split_at(usize::from(*length));
            fields.push((tag >> 3, content.to_vec()));
            bytes = rest;
        }
        fields
    }

    #[test]
    fn the_operator_becomes_another_one_and_nothing_else_moves() {
        let before = [b"before".as_slice(), NODE, FUSED, b"after"].concat();
        let mut after = before.clone();
        rewrite(&mut after).unwrap();
        assert_eq!(after.len(), before.len());
        assert!(after.starts_with(b"before") && after.ends_with(b"after"));
        let node = fields(&after[6..after.len() - 5]);
        let texts: Vec<(u8, &[u8])> = node.iter().map(|(number, content)| (*number, content.as_slice())).collect();
        // input, output, name, op_type, attribute, doc_string
        assert_eq!(texts.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 1, 2, 3, 4, 5, 6]);
        assert_eq!((texts[4].1, texts[6].1.iter().all(|byte| *byte == b' ')), (b"Einsum".as_slice(), true));
        assert!(rewrite(&mut after).unwrap_err().message.contains("other operators"), "once is enough");
    }
}
