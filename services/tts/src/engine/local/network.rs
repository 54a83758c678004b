//! The acoustic network: phoneme ids to spectra, pitch and durations.

use lectern_core::{Failure, Kind, Reason};
use rten::{Model, ModelOptions, NodeId, Value};
use rten_tensor::NdTensor;

use super::lanes::Lanes;

/// Frequency bins a frame.
pub(super) const BINS: usize = 601;

/// Samples that one unit of a phoneme's duration lasts: 25 ms at 24 kHz.
pub(super) const SAMPLES_PER_DURATION: u64 = 600;

/// The node inside the network that holds the phonemes' durations.
const DURATIONS: &str = "/Clip_output_0";

/// What the network says. Spectra are stored bin by bin: `[bin * count + frame]`.
pub(super) struct Frames {
    /// Frames of 12.5 ms.
    pub count: usize,
    /// Log magnitude of the voiced filter.
    pub lh: Vec<f32>,
    /// Its phase, before tanh.
    pub theta: Vec<f32>,
    /// Log magnitude of the noise.
    pub ln: Vec<f32>,
    /// Log magnitude of the rest.
    pub lr: Vec<f32>,
    /// The rest's phase in radians.
    pub phi: Vec<f32>,
    /// Pitch in hertz, one a frame.
    pub f0: Vec<f32>,
    /// One a phoneme id, in units of [`SAMPLES_PER_DURATION`].
    pub durations: Vec<u64>,
}

pub(super) struct Network {
    model: Model,
    ids: NodeId,
    speed: NodeId,
    outputs: [NodeId; 7],
    lanes: Lanes,
}

fn broken(what: impl std::fmt::Display) -> Failure {
    Failure::new(
        Kind::FailedPrecondition,
        Reason::VoiceNotInstalled,
        format!("the local voice's network cannot be used: {what}; install the voice anew with `cargo xtask voice`"),
    )
}

impl Network {
    pub(super) fn load(onnx: Vec<u8>) -> Result<Self, Failure> {
        // The weights are laid out for the processor once, and not at each run; they take twice
        // their 8 MB.
        let model = ModelOptions::with_all_ops().prepack_weights(true).load(onnx).map_err(broken)?;
        let node = |name: &str| model.node_id(name).map_err(broken);
        let (ids, speed) = (node("ids")?, node("speed")?);
        let outputs =
            [node("lh")?, node("theta")?, node("ln")?, node("lr")?, node("phi")?, node("f0")?, node(DURATIONS)?];
        Ok(Self { model, ids, speed, outputs, lanes: Lanes::default() })
    }

    /// Runs the network over `ids` on one thread.
    pub(super) fn run(&self, ids: &[i32], speed: f32) -> Result<Frames, Failure> {
        let failed = |what: &dyn std::fmt::Display| Failure::internal(format!("the acoustic network failed: {what}"));
        let ids = NdTensor::from_data([1, ids.len()], ids.to_vec());
        let speed = NdTensor::from_data([1], vec![speed]);
        let inputs = vec![(self.ids, ids.into()), (self.speed, speed.into())];
        let result = self.lanes.run(|options| self.model.run_n(inputs, self.outputs, Some(options)));

        let [lh, theta, ln, lr, phi, f0, durations] = result.map_err(|error| failed(&error))?;
        let spectrum = |value: Value| {
            let ([_, bins, count], data) = value.into_shape_vec::<f32, 3>().map_err(|error| failed(&error))?;
            if bins == BINS { Ok((count, data)) } else { Err(failed(&format!("{bins} bins instead of {BINS}"))) }
        };
        let (count, lh) = spectrum(lh)?;
        let ([_, pitches], f0) = f0.into_shape_vec::<f32, 2>().map_err(|error| failed(&error))?;
        let frames = Frames {
            count,
            lh,
            theta: spectrum(theta)?.1,
            ln: spectrum(ln)?.1,
            lr: spectrum(lr)?.1,
            phi: spectrum(phi)?.1,
            f0,
            durations: durations_of(durations).map_err(|error| failed(&error))?,
        };
        let even = [&frames.theta, &frames.ln, &frames.lr, &frames.phi].iter().all(|part| part.len() == count * BINS);
        if even && pitches == count { Ok(frames) } else { Err(failed(&"outputs of unlike length")) }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts, never negative")]
fn durations_of(value: Value) -> Result<Vec<u64>, rten::TryFromValueError> {
    let tensor = value.into_shape_vec::<f32, 1>()?.1;
    Ok(tensor.into_iter().map(|units| units.round().max(0.0) as u64).collect())
}
