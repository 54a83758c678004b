"""Measures how well documents are read, beside pdftotext and a peer.

usage: bench.py < JSON

JSON: {"program", "documents": [{"name", "file", "producer"}], "peer": bool, "narrate": bool,
"details": folder or null, "json": file or null}. Prints a table in Markdown; ends with status 1
when a goal is missed. What the measures mean: docs/extraction.md.
"""

import json
import os
import sys

import extractors
import reference
from score import score

# (measure, goal, whether more is better)
GOALS = {
    "recall": (0.995, True),
    "order": (0.98, True),
    "bookmarks_found": (0.97, True),
    "numbers_spoken": (0.005, False),
    "heads_spoken": (0.005, False),
    "broken_a_page": (0.5, False),
    "foreign": (0.0005, False),
}
COLUMNS = (
    ("pages", "pages", "{:.0f}"),
    ("words", "words", "{:.0f}"),
    ("disputed", "disputed %", "{:.1%}"),
    ("recall", "recall", "{:.4f}"),
    ("order", "order", "{:.4f}"),
    ("sequence", "sequence", "{:.3f}"),
    ("bookmarks_found", "bookmarks", "{:.1%}"),
    ("numbers_spoken", "numbers", "{:.1%}"),
    ("heads_spoken", "heads", "{:.1%}"),
    ("broken_a_page", "broken/page", "{:.2f}"),
    ("foreign", "foreign ‰", "{:.2f}"),
    ("silenced", "silenced ‰", "{:.2f}"),
    ("seconds", "s", "{:.2f}"),
    ("memory", "MB", "{:.0f}"),
    ("poppler_seconds", "pdftotext s", "{:.2f}"),
    ("poppler_memory", "MB", "{:.0f}"),
)


def missed(measures):
    """The measures that miss their goals."""
    out = []
    for name, (goal, more) in GOALS.items():
        value = measures.get(name)
        if value is not None and (value < goal if more else value > goal):
            out.append(name)
    return out


def cell(name, form, measures, misses):
    value = measures.get(name)
    if value is None:
        return "–"
    if name in ("foreign", "silenced"):
        value *= 1000
    if name.endswith("memory"):
        value /= 1e6
    text = form.format(value)
    return f"**{text}**" if name in misses else text


def table(rows):
    """A table in Markdown with even columns; `rows` are (first cells, measures, misses)."""
    lines = [["document", "by"] + [title for _, title, _ in COLUMNS]]
    for first, measures, misses in rows:
        if isinstance(measures, str):
            lines.append(first + ["failed: " + measures[:80]] + [""] * (len(COLUMNS) - 1))
        else:
            lines.append(first + [cell(name, form, measures, misses) for name, _, form in COLUMNS])
    widths = [max(len(line[at]) for line in lines if not line[2].startswith("failed")) for at in range(len(lines[0]))]
    out = []
    for at, line in enumerate(lines):
        out.append("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |")
        if at == 0:
            out.append("| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(out)


def measure(blocks, pages, bookmarks, seconds, memory):
    result = score(blocks, pages, bookmarks)
    measures = result.measures()
    measures.update(seconds=seconds, memory=memory)
    return measures, result.details


def details(folder, name, measures, found):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as out:
        out.write(json.dumps(measures) + "\n")
        for kind, lines in sorted(found.items(), key=lambda item: len(item[1])):
            out.write(f"\n== {kind} ({len(lines)})\n")
            out.writelines(line + "\n" for line in lines[:400])


def main():
    order = json.load(sys.stdin)
    rows, results, failed = [], {}, 0
    for document in order["documents"]:
        name, path = document["name"], document["file"]
        print(name, file=sys.stderr, flush=True)
        pages, bookmarks = reference.read(path)
        poppler_seconds, poppler_memory = extractors.poppler_cost(path)
        result = results[name] = {"producer": document["producer"]}
        readers = {"lectern": lambda: extractors.lectern(order["program"], path)}
        if order["peer"]:
            readers["pymupdf4llm"] = lambda: extractors.peer(path)
        for reader, read in readers.items():
            try:
                blocks, seconds, memory = read()
            except extractors.Failed as failure:
                result[reader] = {"failed": str(failure)}
                rows.append(([name, reader], str(failure), []))
                failed += reader == "lectern"
                continue
            measures, found = measure(list(blocks), pages, bookmarks, seconds, memory)
            measures.update(poppler_seconds=poppler_seconds, poppler_memory=poppler_memory)
            misses = missed(measures) if reader == "lectern" else []
            result[reader] = measures
            rows.append(([name, reader], measures, misses))
            failed += bool(misses)
            if order["details"]:
                details(order["details"], name if reader == "lectern" else f"{name}.{reader}", measures, found)
        if order["narrate"]:
            said = extractors.narrated(order["program"], path)
            result["narrated"] = said or "whole"
            if said:
                failed += 1
                print(f"{name}: not narrated: {said}", file=sys.stderr)
    print(table(rows))
    print(f"\n{len(results)} documents, {failed} miss a goal (in bold)")
    if order["json"]:
        with open(order["json"], "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
