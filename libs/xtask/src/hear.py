"""Word error rate of a narration: what a speech recogniser hears against what was to be said.

usage: hear.py AUDIO SCRIPT MODEL LIMIT

AUDIO is in any format that FFmpeg's libraries read, SCRIPT is JSON ({"sections": [{"utterances":
[{"spoken", "start_ms", "end_ms"}]}]}). Compares the utterances that lie whole in the first, the
middle and the last 60 seconds, both sides in Whisper's English normal form. Ends with status 1 when
a window reaches LIMIT percent.
"""

import json
import os
import sys

import ctranslate2
import jiwer
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from whisper_normalizer.english import EnglishTextNormalizer

RATE = 16_000
WINDOW_MS = 60_000
PASS_MS = 25_000
# Silence around the clip, so that the recogniser hears the first and the last word whole.
MARGIN_MS = 150

audio_file, script_file, model_dir, limit = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
with open(script_file, encoding="utf-8") as file:
    script = json.load(file)
utterances = [u for section in script["sections"] for u in section["utterances"] if u["spoken"].strip()]
if not utterances:
    sys.exit(f"{script_file} has no utterances")
audio = decode_audio(audio_file, sampling_rate=RATE)
length = len(audio) * 1000 // RATE
if utterances[-1]["end_ms"] > length + 100:
    sys.exit(f"the script ends at {utterances[-1]['end_ms']} ms, the audio at {length} ms")

model = WhisperModel(model_dir, device="cpu", compute_type="int8", cpu_threads=int(os.environ["OMP_NUM_THREADS"]))
ctranslate2.set_random_seed(1)
normal = EnglishTextNormalizer()
starts = {"first": 0, "middle": max(0, (length - WINDOW_MS) // 2), "last": max(0, length - WINDOW_MS)}
if length <= WINDOW_MS:
    starts = {"whole": 0}



def groups(utterances):
    """Runs of utterances that fit one pass of the recogniser, which takes 30 seconds at a time and
    is weak at its own cuts."""
    group = []
    for utterance in utterances:
        if group and utterance["end_ms"] - group[0]["start_ms"] > PASS_MS:
            yield group
            group = []
        group.append(utterance)
    yield group


def listen(group):
    begin = max(0, group[0]["start_ms"] - MARGIN_MS)
    end = min(length, group[-1]["end_ms"] + MARGIN_MS)
    clip = audio[begin * RATE // 1000 : end * RATE // 1000]
    # A pass that fell into repetition is made again with a higher temperature, by the recogniser's
    # own thresholds.
    segments, _ = model.transcribe(clip, language="en", beam_size=5, condition_on_previous_text=False, without_timestamps=True)
    return " ".join(segment.text for segment in segments)


failed = False
for name, start in starts.items():
    inside = [u for u in utterances if u["start_ms"] >= start and u["end_ms"] <= start + WINDOW_MS]
    if not inside:
        sys.exit(f"no utterance lies whole in the {name} window ({start} ms on)")
    begin, end = inside[0]["start_ms"], inside[-1]["end_ms"]
    heard = normal(" ".join(listen(group) for group in groups(inside)))
    said = normal(" ".join(u["spoken"] for u in inside))
    measures = jiwer.process_words(said, heard)
    percent = 100 * measures.wer
    words = len(said.split())
    print(f"{name:<7} {begin / 1000:8.1f} s to {end / 1000:8.1f} s  {words:4} words  WER {percent:5.2f} %")
    if percent >= limit:
        failed = True
    if measures.wer > 0:
        wrong = []
        for chunk in measures.alignments[0]:
            if chunk.type != "equal":
                left = " ".join(measures.references[0][chunk.ref_start_idx : chunk.ref_end_idx])
                right = " ".join(measures.hypotheses[0][chunk.hyp_start_idx : chunk.hyp_end_idx])
                wrong.append(f"{left[:60] or '-'} > {right[:60] or '-'}")
        print(f"        said > heard: {'; '.join(wrong[:12])}")
if failed:
    print(f"a window reached {limit:g} %")
sys.exit(1 if failed else 0)
