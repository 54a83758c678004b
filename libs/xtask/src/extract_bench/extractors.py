"""Runs the programs that are compared, each as a process of its own, and brings what they say into
one shape."""

import json
import os
import re
import subprocess
import sys
import tempfile

from score import Block
from words import SEAM

PEER = (
    "import json, sys, pymupdf4llm;"
    "json.dump([c['text'] for c in pymupdf4llm.to_markdown(sys.argv[1], page_chunks=True, show_progress=False)], open(sys.argv[2], 'w'))"
)
# What an extraction of the services may use, memory aside: a corpus is no enemy.
LIMITS = {"hint": {}, "memory_bytes": 8 << 30, "cpu_seconds": 300, "open_files": 32}
SECONDS = 1800


# Between us and the program, since the peak memory that the system tells of a child begins with
# that of whoever started it.
LAUNCHER = """
import json, os, subprocess, sys, time
start = time.monotonic()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as out:
    json.dump([os.waitstatus_to_exitcode(status), time.monotonic() - start, usage.ru_maxrss * 1024], out)
"""


class Failed(Exception):
    """The program gave no result."""


def run(command, stdin=None, env=None):
    """Standard output, seconds and peak memory in bytes."""
    with tempfile.NamedTemporaryFile() as ended:
        launched = [sys.executable, "-S", "-c", LAUNCHER, ended.name, *command]
        try:
            # Pipes, since the sandboxed reader may write no file.
            stdin = stdin or subprocess.DEVNULL
            done = subprocess.run(launched, stdin=stdin, capture_output=True, timeout=SECONDS, env=env)
        except subprocess.TimeoutExpired:
            raise Failed(f"took more than {SECONDS} seconds") from None
        code, seconds, memory = json.load(ended)
    if code != 0:
        raise Failed(f"ended with {code}: {done.stderr.decode('utf-8', 'replace').strip()[-500:]}")
    return done.stdout, seconds, memory


def lectern(program, path):
    """Blocks by Lectern's own sandboxed reader."""
    with open(path, "rb") as source:
        out, seconds, memory = run([program, "extract-child", json.dumps(LIMITS)], source)
    answer = json.loads(out)
    if "ok" not in answer:
        raise Failed(json.dumps(answer))
    blocks = []
    for block in answer["ok"]["blocks"]:
        page = block.get("page") or 1
        lead = block.get("ordinal") or block.get("label") or ""
        # The mark of a note and its first word may be printed as one.
        text = f"{lead}{SEAM}{with_seams(block)}" if lead else with_seams(block)
        blocks.append(
            Block(block["kind"], text, page, block.get("page_end") or page, block.get("furniture") or "")
        )
    return blocks, seconds, memory


def with_seams(block):
    """The block's text with a seam where raised or lowered text begins and ends."""
    text = block["text"]
    raised = [span["range"] for span in block.get("spans", []) if span["span"] in ("superscript", "subscript", "note_reference")]
    cuts = sorted({at for span in raised for at in (span["start"], span["end"])}, reverse=True)
    for at in cuts:
        text = text[:at] + SEAM + text[at:]
    return text


def peer(path):
    """Blocks by PyMuPDF4LLM's Markdown."""
    with tempfile.NamedTemporaryFile(suffix=".json") as answer:
        _, seconds, memory = run([sys.executable, "-c", PEER, path, answer.name])
        pages = json.load(answer)
    blocks = []
    for number, text in enumerate(pages, 1):
        blocks += markdown(text, number)
    return blocks, seconds, memory


def markdown(text, page):
    """Blocks of a page of Markdown: they are parted by blank lines; what is no word is no
    matter."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<br ?/?>", " ", text)
    parts = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    for part in parts:
        if part.startswith("```"):
            yield Block("code", part.strip("`"), page, page)
            continue
        for chunk in re.split(r"\n\s*\n|\n(?=#+ )|(?<=\S)\n(?=[-*] |\d+\. )", part):
            chunk = chunk.strip()
            if not chunk:
                continue
            kind = "paragraph"
            if chunk.startswith("#"):
                kind = "heading"
            elif chunk.startswith("|"):
                kind = "table"
            elif re.match(r"[-*] |\d+\. ", chunk):
                kind = "list_item"
            body = re.sub(r"[*_`#|]+", "" if kind != "table" else " ", chunk)
            yield Block(kind, re.sub(r"\s+", " ", body).strip(), page, page)


def poppler_cost(path):
    _, seconds, memory = run(["pdftotext", path, "-"])
    return seconds, memory


def narrated(program, path):
    """Narrates the whole document with the tone engine; none if that went well, else what was
    said."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            # The rules are those of English, whatever a text is in: here it counts that it is said.
            run(
                [program, "narrate", path, "--temporary", "--language", "en", "-o", os.path.join(scratch, "out")],
                env={**os.environ, "LECTERN_ENGINE": "tone"},
            )
        except Failed as failure:
            return str(failure)
    return None
