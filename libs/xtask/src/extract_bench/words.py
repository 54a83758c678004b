"""Words, as every reading is cut into them, so that readings can be compared.

A word is a run of letters and digits in Unicode's compatibility form (so a ligature is its
letters), in lower case. Marks between words are no words; `well-known` is two.
"""

import re
import unicodedata
from collections import Counter

WORD = re.compile(r"[^\W_]+")
# What may end a line in the middle of a word: hyphen-minus, soft hyphen, hyphen, and PDFium's own
# sign for it.
HYPHENS = "-\u00ad\u2010\ufffe\x02"
# In the text of a block, where raised or lowered text begins or ends: `x` and a raised `2` may be
# read as one word or as two.
SEAM = "\ue000"
# Between a hyphen at the end of a line and the rest of the word.
GLUE = object()


def cut(text):
    """The words of a text."""
    return WORD.findall(unicodedata.normalize("NFKC", text.replace("\u00ad", "")).casefold())


def cut_seams(text, printed):
    """The words of a block's text; what has a seam is one word where that is printed, else as many
    as the seams make."""
    out = []
    for piece in text.split():
        joined = cut(piece.replace(SEAM, ""))
        out += joined if SEAM not in piece or all(word in printed for word in joined) else cut(piece.replace(SEAM, " "))
    return out


def pairs(words):
    """Neighbours, with how often they come."""
    return Counter(zip(words, words[1:]))


def resolve(items, wanted):
    """A reading whose line-end hyphens are open (`GLUE`), as words: each is read as one word where
    `wanted` has that word, else as two. So neither way to join a word is held against anybody."""
    out = []
    left = Counter(wanted)
    at = 0
    while at < len(items):
        if items[at] is GLUE:
            at += 1
            continue
        if at + 2 < len(items) and items[at + 1] is GLUE and items[at + 2] is not GLUE:
            joined = items[at] + items[at + 2]
            if left[joined] > 0:
                left[joined] -= 1
                out.append(joined)
                at += 3
                continue
        out.append(items[at])
        at += 1
    return out


def lines_to_items(lines):
    """The words of consecutive lines, with `GLUE` behind a line that ends in the middle of a
    word."""
    items = []
    for line in lines:
        items.extend(cut(line))
        text = line.rstrip()
        if len(text) > 1 and text[-1] in HYPHENS and text[-2].isalpha():
            items.append(GLUE)
    return items
