"""Word error rate of a narration: what a speech recogniser hears against what was to be said.

usage: hear.py AUDIO SCRIPT MODEL LIMIT windows|whole

AUDIO is in any format that FFmpeg's libraries read, SCRIPT is JSON ({"language", "sections":
[{"utterances": [{"spoken", "start_ms", "end_ms"}]}]}). Compares the utterances that lie whole in
the first, the middle and the last 60 seconds, or all of them, both sides in Whisper's normal form,
which knows numbers and spellings in English alone; words that differ in the spaces between their
letters alone ("H T T P", "HTTP") are heard right. Ends with status 1 when a window reaches LIMIT
percent.
"""

import collections
import json
import os
import sys

import ctranslate2
import jiwer
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

RATE = 16_000
WINDOW_MS = 60_000
PASS_MS = 25_000
# Silence around the clip, so that the recogniser hears the first and the last word whole.
MARGIN_MS = 150

audio_file, script_file, model_dir, limit, how = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), sys.argv[5]
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
language = script["language"].split("-")[0]
normal = EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()
starts = {"first": 0, "middle": max(0, (length - WINDOW_MS) // 2), "last": max(0, length - WINDOW_MS)}
window_ms = WINDOW_MS
if length <= WINDOW_MS or how == "whole":
    starts, window_ms = {"whole": 0}, length + 100

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
    segments, _ = model.transcribe(clip, language=language, beam_size=5, condition_on_previous_text=False, without_timestamps=True)
    return " ".join(segment.text for segment in segments)


def misheard(said, heard):
    """What was said, and what was heard instead, neighbours together."""
    measures = jiwer.process_words(said, heard)
    said, heard = measures.references[0], measures.hypotheses[0]
    pairs, left, right = [], [], []
    for chunk in [*measures.alignments[0], None]:
        if chunk is not None and chunk.type != "equal":
            left += said[chunk.ref_start_idx : chunk.ref_end_idx]
            right += heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
            continue
        if "".join(left) != "".join(right):
            pairs.append((left, right))
        left, right = [], []
    return pairs


failed = False
table = collections.Counter()
for name, start in starts.items():
    inside = [u for u in utterances if u["start_ms"] >= start and u["end_ms"] <= start + window_ms]
    if not inside:
        sys.exit(f"no utterance lies whole in the {name} window ({start} ms on)")
    begin, end = inside[0]["start_ms"], inside[-1]["end_ms"]
    heard = normal(" ".join(listen(group) for group in groups(inside)))
    said = normal(" ".join(u["spoken"] for u in inside))
    pairs = misheard(said, heard)
    words = len(said.split())
    # Of words that were heard instead of others, each pair is one error, and so is each that is
    # left.
    percent = 100 * sum(max(len(left), len(right)) for left, right in pairs) / words
    print(f"{name:<7} {begin / 1000:8.1f} s to {end / 1000:8.1f} s  {words:4} words  WER {percent:5.2f} %")
    if percent >= limit:
        failed = True
    table.update((" ".join(left)[:60] or "-", " ".join(right)[:60] or "-") for left, right in pairs)
if table:
    width = max(len(said) for said, _ in table)
    print(f"times  {'said':<{width}}  heard")
    for (said, heard), times in table.most_common():
        print(f"{times:5}  {said:<{width}}  {heard}")
if failed:
    print(f"a window reached {limit:g} %")
sys.exit(1 if failed else 0)
