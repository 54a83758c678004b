"""Draws a narration as an SVG: its sound with the chapters, and some seconds of it with the
captions, beside the fate of every block of the source.

    python3 docs/images/draw.py lectern-out/demo docs/images/demo.svg

reads what `lectern narrate` wrote (NAME.opus, .chapters.json, .vtt, .manifest.json), and needs
ffmpeg to decode the audio. Equal files give an equal picture.
"""

import array
import html
import json
import math
import re
import subprocess
import sys
from pathlib import Path

RATE = 8000
WIDTH, LEFT, RIGHT = 960, 24, 24
INNER = WIDTH - LEFT - RIGHT
INK, QUIET, SOUND, ACCENT, PAPER = "#1f2933", "#6b7785", "#3b6ea5", "#b4551d", "#ffffff"
FATES = {"spoken": SOUND, "summarised": "#7fa7cf", "skipped": "#d9a441"}
# The seconds that are shown with their captions.
CLOSE = 24.0
# How wide a letter of a caption is, about.
LETTER = 7.0


def levels(samples, count):
    """How loud each of `count` equal parts is: its root mean square, the loudest being 1."""
    size = max(1, len(samples) // count)
    parts = (samples[at : at + size] for at in range(0, size * count, size))
    found = [math.sqrt(sum(sample * sample for sample in part) / max(1, len(part))) for part in parts]
    return [level / max(1.0, *found) for level in found]


def bars(samples, count, middle, height):
    """A waveform as one path."""
    step = INNER / count
    path = []
    for index, level in enumerate(levels(samples, count)):
        half = max(0.5, level * height)
        path.append(f"M{LEFT + index * step:.1f} {middle - half:.1f}v{2 * half:.1f}")
    return f'<path d="{"".join(path)}" stroke="{SOUND}" stroke-width="{step * 0.6:.2f}"/>'


def text(x, y, words, size=13, color=INK, more=""):
    return f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{color}" {more}>{html.escape(words)}</text>'


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def seconds(stamp):
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def cues(vtt):
    """Begin, end and words of each caption, without marks of WebVTT."""
    found = []
    for block in vtt.split("\n\n"):
        lines = block.strip().split("\n")
        for index, line in enumerate(lines):
            if " --> " in line:
                begin, end = line.split(" --> ")
                words = re.sub(r"<[^>]*>", "", " ".join(lines[index + 1 :]))
                found.append((seconds(begin), seconds(end.split()[0]), html.unescape(words)))
    return found


def draw(folder):
    stem = next(folder.glob("*.manifest.json")).name.removesuffix(".manifest.json")
    read = lambda end: (folder / f"{stem}.{end}").read_text()
    manifest, chapters = json.loads(read("manifest.json")), json.loads(read("chapters.json"))["chapters"]
    decode = ["ffmpeg", "-v", "error", "-i", str(folder / f"{stem}.opus"), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    samples = array.array("h", subprocess.run(decode, check=True, capture_output=True).stdout)
    total = manifest["samples"] / manifest["sample_rate"]
    at = lambda second: LEFT + second / total * INNER

    out = [text(LEFT, 34, manifest["title"], 20, more='font-weight="bold"')]
    coverage = manifest["coverage"]
    facts = f'{clock(total)} · {manifest["loudness"]:.1f} LUFS · {len(chapters)} chapters'
    facts += f' · {coverage["words_spoken"]:,} of {coverage["words"]:,} words spoken'
    out.append(text(WIDTH - RIGHT, 34, facts, 13, QUIET, 'text-anchor="end"'))
    out.append(bars(samples, 460, 96, 44))
    for index, chapter in enumerate(chapters):
        x = at(chapter["startTime"])
        out.append(f'<path d="M{x:.1f} 48v100" stroke="{ACCENT}" stroke-width="1.2"/>')
        out.append(text(x + 3, 60, str(index + 1), 11, ACCENT))
    half = (len(chapters) + 1) // 2
    for index, chapter in enumerate(chapters):
        x, y = LEFT + index // half * INNER / 2, 172 + index % half * 18
        out.append(text(x, y, str(index + 1), 12, ACCENT))
        out.append(text(x + 20, y, clock(chapter["startTime"]), 12, QUIET))
        out.append(text(x + 60, y, chapter["title"], 12))
    top = 172 + half * 18 + 14

    begin = chapters[1]["startTime"] if len(chapters) > 1 else 0.0
    end = begin + CLOSE
    out.append(text(LEFT, top, f"{clock(begin)} to {clock(end)}, with the captions: the document's own words", 12, QUIET))
    out.append(bars(samples[int(begin * RATE) : int(end * RATE)], 460, top + 46, 34))
    row = top + 100
    # How far each row of captions is taken; a caption goes into the first where it has room.
    taken = [0.0] * 4
    for since, until, words in cues(read("vtt")):
        if since < begin or until > end:
            continue
        x, width = LEFT + (since - begin) / CLOSE * INNER, (until - since) / CLOSE * INNER
        out.append(f'<path d="M{x:.1f} {top + 84}h{width - 2:.1f}" stroke="{ACCENT}" stroke-width="3"/>')
        words = words if len(words) <= 52 else words[:51] + "…"
        x = min(x, WIDTH - RIGHT - len(words) * LETTER)
        number = next((number for number, upto in enumerate(taken) if upto <= x), len(taken) - 1)
        taken[number] = x + len(words) * LETTER + 8
        out.append(text(x, row + number * 18, words, 12))
    top = row + 90

    blocks = manifest["blocks"]
    step = INNER / len(blocks)
    out.append(text(LEFT, top, f"Every block of the source ({len(blocks)}), and what became of it:", 12, QUIET))
    x = LEFT + 350
    for fate, color in FATES.items():
        count = sum(block["fate"] == fate for block in blocks)
        if count:
            out.append(f'<rect x="{x}" y="{top - 10}" width="10" height="10" fill="{color}"/>')
            out.append(text(x + 15, top, f"{count} {fate}", 12))
            x += 110
    for index, block in enumerate(blocks):
        color = FATES[block["fate"]]
        out.append(f'<rect x="{LEFT + index * step:.1f}" y="{top + 10}" width="{step * 0.8:.1f}" height="16" fill="{color}"/>')
    height = top + 44
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, Verdana, sans-serif">'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{height}" rx="8" fill="{PAPER}"/>', *out, "</svg>", ""])


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(draw(Path(sys.argv[1])))
