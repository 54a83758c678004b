"""Compares blocks with what is on the pages. What each measure means: docs/extraction.md."""

import re
from collections import Counter
from dataclasses import dataclass, field

from rapidfuzz.distance import LCSseq

from reference import printed
from words import GLUE, SEAM, cut, cut_seams, pairs, resolve

# A word that cannot end a sentence: what ends with one was broken off.
UNFINISHED = set(
    "a an the of to in on at by for from with and or but as that which is are was were be this these its their your if when than"
    " der die das ein eine und oder von zu mit für auf im in den dem des".split()
)
SENTENCE_END = re.compile(r"[.!?:;…。][\"'’”»)\]}*]*$")
ORDINAL = re.compile(
    r"^(?:(?:chapter|appendix|part|section|annex|kapitel|anhang|teil|abschnitt)\s+)?(?:[0-9]+|[ivxlc]+|[a-z])?(?:[.\-][0-9]+)*[.:)—–-]*\s+",
    re.IGNORECASE,
)
FIGURE = re.compile(r"^(?:[0-9][^\W0-9_]|[^\W0-9_][0-9])$")
# Points by which lines of one column begin apart.
SAME_EDGE = 3.0
# Rows of the longest heading.
MOST_ROWS = 4
FLOWING = ("paragraph", "list_item", "quote")


@dataclass
class Block:
    """One block of whichever extractor."""

    kind: str
    text: str
    page: int
    page_end: int
    # Which furniture it is, if it is.
    furniture: str = ""
    words: list = field(default_factory=list)

    @property
    def spoken(self):
        return self.kind != "furniture"


@dataclass
class Score:
    pages: int = 0
    printed: int = 0
    disputed: int = 0
    lost: int = 0
    pairs: int = 0
    pairs_kept: int = 0
    in_sequence: int = 0
    sequence: int = 0
    bookmarks: int = 0
    bookmarks_found: int = 0
    number_pages: int = 0
    head_pages: int = 0
    broken: int = 0
    foreign: int = 0
    spoken: int = 0
    silenced: int = 0
    details: dict = field(default_factory=dict)

    def note(self, kind, line):
        self.details.setdefault(kind, []).append(line)

    def measures(self):
        share = lambda part, whole, empty: part / whole if whole else empty
        return {
            "pages": self.pages,
            "words": self.printed,
            "disputed": share(self.disputed, self.printed + self.disputed, 0.0),
            "recall": 1 - share(self.lost, self.printed, 0.0),
            "order": share(self.pairs_kept, self.pairs, 1.0),
            "sequence": share(self.in_sequence, self.sequence, 1.0),
            "bookmarks": self.bookmarks,
            "bookmarks_found": share(self.bookmarks_found, self.bookmarks, None),
            "numbers_spoken": share(self.number_pages, self.pages, 0.0),
            "heads_spoken": share(self.head_pages, self.pages, 0.0),
            "broken_a_page": share(self.broken, self.pages, 0.0),
            "foreign": share(self.foreign, self.spoken, 0.0),
            "silenced": share(self.silenced, self.printed, 0.0),
        }


def score(blocks, pages, bookmarks):
    result = Score(pages=len(pages))
    for block in blocks:
        block.page = min(max(block.page, 1), len(pages))
        block.page_end = min(max(block.page_end, block.page), len(pages))
        if SEAM in block.text:
            block.words = cut_seams(block.text, printed(pages, block.page, block.page_end))
            block.text = block.text.replace(SEAM, "")
        else:
            block.words = cut(block.text)
    touching = [[] for _ in range(len(pages) + 2)]
    for block in blocks:
        for number in range(block.page, block.page_end + 1):
            touching[number].append(block)
    bodies = {}
    for page in pages:
        bodies[page.number] = words_of_page(result, page, touching[page.number], pages)
    furniture_spoken(result, pages, touching, bodies)
    headings_found(result, blocks, pages, bookmarks)
    broken_paragraphs(result, blocks, bodies, pages)
    foreign_words(result, blocks, pages)
    silenced_words(result, blocks, pages)
    return result


def words_of_page(result, page, blocks, pages):
    """Recall, order of neighbours and order within the page; returns the words of the page's
    body."""
    all_words = [word for block in blocks for word in block.words]
    spoken = [word for block in blocks if block.spoken for word in block.words]
    bag = Counter(all_words)
    first = resolve(joined_at_ends(page.poppler, page, pages, bag), bag)
    second = resolve(joined_at_ends(page.pdfium, page, pages, bag), bag)
    body = resolve(joined_at_ends(page.body, page, pages, bag), bag)
    agreed = Counter(first) & Counter(second)
    count = sum(agreed.values())
    result.printed += count
    result.disputed += len(first) - count
    lost = agreed - bag
    result.lost += sum(lost.values())
    if lost:
        words = " ".join(f"{word}×{n}" if n > 1 else word for word, n in lost.items())
        result.note("lost words", f"page {page.number}: {sum(lost.values())} of {count}: {words[:1500]}")
    wanted = pairs(body) & pairs(second)
    kept = wanted & (pairs(all_words) | pairs(spoken))
    result.pairs += sum(wanted.values())
    result.pairs_kept += sum(kept.values())
    gone = wanted - kept
    if sum(gone.values()):
        result.note(
            "order of neighbours",
            f"page {page.number}: {sum(gone.values())} of {sum(wanted.values())} lost: "
            + ", ".join(f"{a} {b}" for a, b in list(gone)[:40]),
        )
    here = [word for word in body if word in agreed]
    common = LCSseq.similarity(here, all_words)
    result.in_sequence += common
    result.sequence += len(here)
    if here and common < 0.95 * len(here):
        result.note("sequence within the page", f"page {page.number}: {common} of {len(here)}")
    return body


def joined_at_ends(items, page, pages, bag):
    """A word that the page's end divides belongs to whoever has it: if it was joined, its halves
    are on neither page."""
    items = list(items)
    tail = tail_of(page)
    if tail and page.number < len(pages):
        head = head_of(pages[page.number])
        if head and bag[tail + head] and tail in items:
            at = len(items) - 1 - items[::-1].index(tail)
            items[at] = tail + head
    if page.number > 1:
        before = tail_of(pages[page.number - 2])
        head = head_of(page)
        if before and head and bag[before + head] and head in items:
            del items[items.index(head)]
    return items


def tail_of(page):
    return page.body[-2] if len(page.body) > 1 and page.body[-1] is GLUE else ""


def head_of(page):
    return next((item for item in page.body if item is not GLUE), "")


def occurrences(needle, words):
    size = len(needle)
    return sum(words[at : at + size] == needle for at in range(len(words) - size + 1))


def furniture_spoken(result, pages, touching, bodies):
    """A running head or a page number is spoken where a spoken block is just that, or has it
    between words of the page."""
    for page in pages:
        number = page.number
        spoken = [block for block in touching[number] if block.spoken]
        text = [word for block in spoken for word in block.words]
        around = [word for at in (number - 1, number, number + 1) for word in bodies.get(at, [])]
        heads, numbers = [], []
        for row in page.heads():
            words = [word for word in row.words if word != row.number] or row.words
            alone = [block for block in spoken if block.words == words or block.words == row.words]
            whole_rows = printed_in_text(words, page.rows, row)
            # Its heading, too, may be read apart from its number.
            # A table that began on the page before has its own head there, cell by cell.
            near = sum(printed_in_text(words, other.rows, row) for other in pages[max(0, number - 2) : number + 1])
            too_often = len(words) > 1 and occurrences(words, text) > max(occurrences(words, around), near)
            if len(alone) > whole_rows or too_often:
                heads.append(" ".join(words))
        for row in page.numbers():
            alone = any(block.words == [row.number] and block.page == number for block in spoken)
            body = bodies[number]
            edges = [[body[-1], row.number]] if body else []
            for at in (number, number + 1):
                if bodies.get(at):
                    edges.append([row.number, bodies[at][0]])
            glued = any(occurrences(edge, text) > occurrences(edge, around) for edge in edges)
            if alone or glued:
                numbers.append(row.number)
        result.head_pages += bool(heads)
        result.number_pages += bool(numbers)
        for head in heads:
            result.note("running heads spoken", f"page {number}: {head}")
        for printed_number in numbers:
            result.note("page numbers spoken", f"page {number}: {printed_number}")


def printed_in_text(words, rows, head):
    """How often the words of a head are printed as rows of the text too, as its heading is, on one
    row or on some in sequence."""
    wanted = "".join(words)
    texts = ["" if other is head or other.head else "".join(other.words) for other in rows]
    return sum(
        all(texts[first:end]) and "".join(texts[first:end]) == wanted
        for first in range(len(texts))
        for end in range(first + 1, min(first + MOST_ROWS, len(texts)) + 1)
    )


def plain(text):
    return "".join(cut(text))


def headings_found(result, blocks, pages, bookmarks):
    """Bookmarks whose title is printed on the page they lead to, and that are a heading there
    (their number aside)."""
    by_page = {}
    for at, block in enumerate(blocks):
        by_page.setdefault(block.page, []).append(at)
    for _, title, page in bookmarks:
        words = cut(ORDINAL.sub("", title.strip()) or title)
        if page is None or not words:
            continue
        whole, bare = plain(title), plain(ORDINAL.sub("", title.strip()))
        if not any(printed_as_rows(number, pages, whole, bare) for number in (page, page + 1)):
            continue
        result.bookmarks += 1
        near = [at for number in (page - 1, page, page + 1) for at in by_page.get(number, [])]
        candidates = []
        for at in near:
            if blocks[at].kind == "heading" or blocks[at].furniture == "contents_entry":
                texts = [blocks[at].text]
                if at + 1 < len(blocks) and blocks[at + 1].kind == "heading":
                    texts.append(f"{blocks[at].text} {blocks[at + 1].text}")
                candidates += [option for text in texts for option in (plain(text), plain(ORDINAL.sub("", text.strip())))]
        if any(same(option, whole) or same(option, bare) for option in candidates):
            result.bookmarks_found += 1
            continue
        holders = [blocks[at] for at in near if bare and bare in plain(blocks[at].text)]
        where = "; ".join(f"{block.kind} {block.furniture} {block.text[:60]!r}" for block in holders[:2]) or "in no block"
        result.note("bookmarks that are no heading", f"page {page}: {title!r}: {where}")


def printed_as_rows(number, pages, whole, bare):
    """Whether a page has the title on rows of their own or at the beginning of one; words of it
    that stand in the text are no title."""
    if number > len(pages):
        return False
    for lines in (pages[number - 1].lines, [line for row in pages[number - 1].rows for line in row.lines]):
        for first in range(len(lines)):
            text = ""
            for line in lines[first : first + MOST_ROWS]:
                text = f"{text} {line.text.strip()}".strip()
                for option in (plain(text), plain(ORDINAL.sub("", text))):
                    if bare and option.startswith((whole, bare)) or same(option, whole) or same(option, bare):
                        return True
    return False


def same(found, wanted):
    if not found or not wanted:
        return False
    if found == wanted:
        return True
    # A title that a bookmark shortens, or a heading that has its number in another script.
    shorter, longer = sorted((found, wanted), key=len)
    return len(shorter) >= 0.7 * len(longer) and len(shorter) > 5 and shorter in longer


def broken_paragraphs(result, blocks, bodies, pages):
    """A block that ends in mid-sentence, on a full line, though what follows on the page is the next
    spoken block."""
    neighbours = Counter()
    numbers = sorted(bodies)
    for number in numbers:
        body = bodies[number]
        neighbours.update(zip(body, body[1:]))
        if body and bodies.get(number + 1):
            neighbours[body[-1], bodies[number + 1][0]] += 1
    spoken = [block for block in blocks if block.spoken and block.words]
    for at, block in enumerate(spoken):
        if block.kind not in FLOWING or SENTENCE_END.search(block.text.rstrip()):
            continue
        follower = next_flowing(spoken, at)
        if follower is None:
            continue
        # `quartz()` and `na.omit` begin entries of lists of names, and no word has sixty letters.
        begins_small = re.match(r"[a-zà-ÿ]{1,30}[,;]?(?:\s|$)", follower.text.lstrip()) is not None
        # `enable-keypad (On)` ends with a parenthesis, and not with a word that wants another.
        text = block.text.rstrip()
        ends_open = len(block.words) > 1 and (block.words[-1] in UNFINISHED and text[-1].isalpha() or text[-1] in ",-–")
        joined = neighbours[block.words[-1], follower.words[0]]
        if (begins_small or ends_open) and joined and not ended_on_purpose(block, follower, pages):
            result.broken += 1
            result.note(
                "paragraphs broken",
                f"page {block.page}: {block.kind} …{block.text.rstrip()[-60:]!r} | {follower.kind} (page {follower.page}) {follower.text[:60]!r}",
            )


def ended_on_purpose(block, follower, pages):
    """Whether every line with which the block may end left room for the word that follows: whoever
    set the page ended it there, as one does commands and verse."""
    lines = pages[block.page_end - 1].lines
    ends = [(alike(cut(line.text), block.words), line) for line in lines]
    most = max((count for count, _ in ends), default=0)
    last = [line for count, line in ends if count == most > 0]
    first = follower.text.split()[0]
    return bool(last) and all(line.x1 + width(line, f" {first}") < right_edge(line, lines) for line in last)


def alike(words, others):
    """How many words at their ends are the same."""
    count = 0
    for one, other in zip(reversed(words), reversed(others)):
        if one != other:
            break
        count += 1
    return count


def width(line, text):
    """Points that a text takes in the type of a line."""
    return (line.x1 - line.x0) / max(len(line.text), 1) * len(text)


def right_edge(line, lines):
    """How far lines reach that begin where this one does."""
    return max(other.x1 for other in lines if abs(other.x0 - line.x0) < SAME_EDGE)


def next_flowing(spoken, at):
    for other in spoken[at + 1 : at + 6]:
        if other.kind in ("paragraph", "quote", "heading"):
            return other
        # What may float between two parts of a paragraph.
        if other.kind not in ("footnote", "figure", "caption"):
            return None
    return None


def foreign_words(result, blocks, pages):
    """Spoken words that neither reader has on the block's pages, and those that are spoken more
    often than either has them."""
    said = Counter()
    cache = {}
    for block in blocks:
        if not block.spoken:
            continue
        result.spoken += len(block.words)
        key = (block.page, block.page_end)
        if key not in cache:
            cache[key] = (printed(pages, block.page, block.page_end), spaced_runs(pages, block.page, block.page_end), page_joints(pages, *key))
        there, runs, joints = cache[key]
        foreign = [word for word in block.words if word not in there and word not in joints and not spaced(word, runs)]
        said.update(word for word in block.words if word in there or word in joints)
        result.foreign += len(foreign)
        if foreign:
            result.note("words not on the page", f"page {block.page}: {block.kind}: {' '.join(foreign)[:400]} (in {block.text[:80]!r})")
    most = Counter()
    first, second = Counter(), Counter()
    for page in pages:
        for items, bag in ((page.poppler, first), (page.pdfium, second)):
            bag.update(item for item in items if item is not GLUE)
            # Halves and wholes of divided words may be read either way.
            bag.update(items[k - 1] + items[k + 1] for k in range(1, len(items) - 1) if items[k] is GLUE and GLUE not in (items[k - 1], items[k + 1]))
    most = first | second
    for word, count in (said - most).items():
        if word in most:
            result.foreign += count
            result.note("words spoken more often than printed", f"{word}: {said[word]} for {most[word]}")


def page_joints(pages, first, last):
    """Words that the end of a page divides."""
    joints = set()
    for number in range(first, last + 1):
        if number < len(pages):
            joints.add(tail_of(pages[number - 1]) + head_of(pages[number]))
    return joints


def spaced_runs(pages, first, last):
    """Letter-spaced text as the readers have it: letters alone, put together."""
    runs = []
    for page in pages[first - 1 : last]:
        for items in (page.poppler, page.pdfium):
            run = ""
            for item in items + ["  "]:
                if item is not GLUE and len(item) <= 2 and item.strip():
                    run += item
                else:
                    if len(run) > 1:
                        runs.append(run)
                    run = ""
    return runs


def spaced(word, runs):
    """Whether a word is one of letter-spaced letters; of two, one is a figure, as in `1k`: two
    letters may be two words."""
    return any(word in run for run in runs) and (len(word) > 2 or FIGURE.match(word) is not None)


def silenced_words(result, blocks, pages):
    """Words of the pages' bodies that stand in furniture other than contents and are thus not
    spoken."""
    bodies = {}
    for page in pages:
        rows = Counter(word for row in page.rows if row.head or row.number for word in row.words)
        bodies[page.number] = rows
    for block in blocks:
        if block.spoken or block.furniture == "contents_entry":
            continue
        left = Counter(block.words) - bodies[block.page]
        body = Counter(item for item in pages[block.page - 1].body if item is not GLUE)
        silent = sum((left & body).values())
        if silent:
            result.silenced += silent
            result.note("body words kept silent", f"page {block.page}: {block.furniture}: {block.text[:100]!r}")
