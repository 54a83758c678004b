"""Speaks a text with the voice's own package, on one core, sentence by sentence.

usage: voice.py FILE

Prints JSON: seconds of `audio`, the seconds that it `took`, words to phonemes included and loading
not, and those until the `first` sentence was there.
"""

import json
import sys
import time

from hibari import SAMPLE_RATE, Hibari

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
voice = Hibari(threads=1)
voice("Warm up.")
samples, first, began = 0, None, time.perf_counter()
for part in voice.stream(text):
    samples += len(part)
    if first is None:
        first = time.perf_counter() - began
took = time.perf_counter() - began
print(json.dumps({"audio": samples / SAMPLE_RATE, "took": took, "first": first}))
