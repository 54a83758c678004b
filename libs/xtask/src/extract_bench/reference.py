"""What is on the pages, by two readers that share no code with Lectern: poppler's `pdftotext` and
PDFium.

Each reads some pages wrongly. A word counts as printed when both read it on the page, and an order
of two words when both read them as neighbours; what only one of them reads is disputed and not held
against anybody. Running heads and page numbers are found here by where they stand and what they
repeat, in a way of this file's own.
"""

import re
import statistics
import subprocess
import xml.etree.ElementTree
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pypdfium2

from words import GLUE, cut, lines_to_items

# Rows at the head and at the foot of a page among which running heads are looked for.
EDGE_ROWS = 3
# Points by which the same row may differ from page to page.
SAME_HEIGHT = 3.0
# Set larger than this many times the text, a row may be the title of some slides in a row, unless
# most pages near by have it.
LARGEST_HEAD = 1.2
ON_MOST_PAGES = 6
# A document whose pages have fewer words at the median is one of slides.
WORDS_OF_A_SLIDE = 100
# Words of a line that is a page number and little else: `page 7 of 20`.
SHORT_NUMBER = 4
# The number of a section.
SECTION = re.compile(r"(?<!\w)[0-9]+(?:\.[0-9]+)+\.?(?!\w)")
NUMBER = re.compile(r"^(?:[0-9]{1,4}|[ivxlc]{1,7})$")


@dataclass
class Line:
    text: str
    block: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass
class Row:
    """Lines side by side at one height."""

    lines: list
    edge: str = ""
    number: str = ""
    head: bool = False

    @property
    def y(self):
        return self.lines[0].y0

    @property
    def size(self):
        return max(line.y1 - line.y0 for line in self.lines)

    @property
    def words(self):
        return [word for line in self.lines for word in cut(line.text)]

    def numbers_at_ends(self):
        """Numbers with which the row begins or ends, or that are set apart there (`7 / 20`)."""
        lines = sorted(self.lines, key=lambda line: line.x0)
        # `5.6.2` counts sections, and no pages.
        words = [word for line in lines for word in cut(SECTION.sub(" x ", line.text))]
        found = [words[0], words[-1]] if words else []
        for line in (lines[0], lines[-1]):
            words = cut(SECTION.sub(" x ", line.text))
            if len(words) <= SHORT_NUMBER:
                found += words
        return [word for word in dict.fromkeys(found) if NUMBER.match(word)]


@dataclass
class Page:
    number: int
    height: float
    rows: list
    lines: list
    # Readings: words with open hyphens.
    poppler: list
    pdfium: list
    body: list = field(default_factory=list)

    def heads(self):
        return [row for row in self.rows if row.head]

    def numbers(self):
        return [row for row in self.rows if row.number]


def read(path):
    """The pages of a PDF, and its bookmarks as (level, title, page or none)."""
    pages = poppler(path)
    document = pypdfium2.PdfDocument(path)
    for page in pages:
        try:
            text = document[page.number - 1].get_textpage().get_text_range(errors="ignore")
        except pypdfium2.PdfiumError:
            text = ""
        page.pdfium = pdfium_items(text)
    bookmarks = []
    for mark in document.get_toc():
        dest = mark.get_dest()
        index = dest.get_index() if dest else None
        bookmarks.append((mark.level, mark.get_title(), None if index is None else index + 1))
    document.close()
    bodies(pages)
    return pages, bookmarks


def bodies(pages):
    """Marks the heads and numbers of all pages, and gives each the words of its body."""
    furniture(pages)
    for page in pages:
        out = {id(line) for row in page.rows if row.head or (row.number and len(row.words) == 1) for line in row.lines}
        page.body = lines_to_items([line.text for line in page.lines if id(line) not in out])


def pdfium_items(text):
    """PDFium marks the hyphen that ends a line, and goes on with the next line at once."""
    items = []
    for line in text.split("\n"):
        parts = line.replace("\x02", "\ufffe").split("\ufffe")
        for place, part in enumerate(parts):
            items.extend(cut(part))
            if place + 1 < len(parts):
                items.append(GLUE)
        if line.rstrip()[-1:] in ("-", "\u2010", "\u00ad"):
            items.append(GLUE)
    return items


def poppler(path):
    result = subprocess.run(["pdftotext", "-bbox-layout", path, "-"], check=True, capture_output=True)
    # Control characters of broken fonts are no XML.
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", result.stdout.decode("utf-8", "replace"))
    text = text.replace('<html xmlns="http://www.w3.org/1999/xhtml">', "<html>")
    head, _, rest = text.partition("<body>")
    root = xml.etree.ElementTree.fromstring("<body>" + rest.rpartition("</html>")[0])
    pages = []
    for number, node in enumerate(root.iter("page"), 1):
        lines, boxes = [], defaultdict(list)
        for block, block_node in enumerate(node.iter("block")):
            for line in block_node.iter("line"):
                words = touching([word for word in line.iter("word") if not drawn_again(word, boxes)])
                box = [float(line.get(name)) for name in ("xMin", "yMin", "xMax", "yMax")]
                lines.append(Line(" ".join(words), block, *box))
        lines = [line for line in lines if line.text.strip()]
        height = float(node.get("height"))
        pages.append(Page(number, height, rows(lines, height), lines, lines_to_items(l.text for l in lines), []))
    return pages


def corners(word):
    return [float(word.get(name)) for name in ("xMin", "yMin", "xMax", "yMax")]


def touching(words):
    """The texts of words; letters of one size that touch are one word: poppler takes kerning (`inv`
    and `oking`) for a space."""
    out, before = [], None
    for word in words:
        box = corners(word)
        if before and box[0] <= before[2] and box[0] > before[0] and (box[1], box[3]) == (before[1], before[3]):
            out[-1] += word.text or ""
        else:
            out.append(word.text or "")
        before = box
    return out


def drawn_again(word, boxes):
    """Whether the same word stands here already: shadows and heavy type are drawn twice. Notes
    where it stands."""
    box = corners(word)
    seen = boxes[word.text]
    again = any(min(box[2], x1) - max(box[0], x0) > 0.5 * (box[2] - box[0]) and min(box[3], y1) - max(box[1], y0) > 0.5 * (box[3] - box[1]) for x0, y0, x1, y1 in seen)
    seen.append(box)
    return again


def rows(lines, height):
    """The rows of a page of this height, those at its edges marked; on a page with little text, the
    last rows stand at no foot."""
    found = []
    for line in sorted(lines, key=lambda line: (line.y0, line.x0)):
        middle = (line.y0 + line.y1) / 2
        if found and any(other.y0 <= middle <= other.y1 for other in found[-1].lines):
            found[-1].lines.append(line)
        else:
            found.append(Row([line]))
    for row in found[:EDGE_ROWS]:
        row.edge = "top" if row.y < height / 2 else ""
    for row in found[-EDGE_ROWS:]:
        row.edge = row.edge or ("foot" if row.y > height / 2 else "")
    return found


def value(word):
    """The number that a word is, arabic or roman; none if it is none."""
    if word.isdigit():
        return int(word)
    digits = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
    total = 0
    for at, letter in enumerate(word):
        here = digits[letter]
        total += -here if at + 1 < len(word) and digits[word[at + 1]] > here else here
    return total


def furniture(pages):
    """Marks the rows that are running heads and page numbers."""
    edges = [[row for row in page.rows if row.edge] for page in pages]
    page_numbers(pages, edges)
    running_heads(pages, edges)
    for page in pages:
        for row in set_in_text(page.rows):
            row.head, row.number = False, ""


def set_in_text(rows_of_page):
    """Marked rows that have text between them and either edge of the page."""
    outer = set()
    for inward in (rows_of_page, rows_of_page[::-1]):
        for row in inward:
            if not (row.head or row.number):
                break
            outer.add(id(row))
    return [row for row in rows_of_page if (row.head or row.number) and id(row) not in outer]


def page_numbers(pages, edges):
    """A number at the end of a row, at the same height that grows with the pages: of the two pages
    before and behind it, at least two (or all there are) have the number that follows from it."""
    candidates = []
    text_size = size_of_text(pages)
    for rows_of_page in edges:
        here = []
        for row in rows_of_page:
            # `12.2 Divider`: the numbers of headings at the top of pages climb with the pages too.
            if row.size > LARGEST_HEAD * text_size and len(row.words) > 1:
                continue
            here += [(row, word, value(word)) for word in row.numbers_at_ends()]
        candidates.append(here)
    for at, here in enumerate(candidates):
        for row, word, number in here:
            near = [other for other in range(at - 4, at + 5) if other != at and 0 <= other < len(pages)]
            agree = sum(
                any(
                    value_ == number + other - at and abs(row_.y - row.y) < SAME_HEIGHT and word_.isdigit() == word.isdigit()
                    for row_, word_, value_ in candidates[other]
                )
                for other in near
            )
            if agree >= min(2, len(near)) and agree:
                row.number = row.number or word


def size_of_text(pages):
    return statistics.median([line.y1 - line.y0 for page in pages for line in page.lines] or [1.0])


def running_heads(pages, edges):
    """What a row says, its number aside, is said at the same height on pages near by, or it stands
    where most pages have such a row."""
    near_pages = 4
    slides = statistics.median([sum(len(row.words) for row in page.rows) for page in pages] or [0]) < WORDS_OF_A_SLIDE
    everywhere = Counter(words for page in edges for words in {tuple(row.words) for row in page})
    text_size = size_of_text(pages)
    texts = []
    for rows_of_page in edges:
        texts.append([(row, tuple(word for word in row.words if word != row.number)) for row in rows_of_page])
    heights = defaultdict(lambda: [0, 0])
    for at, here in enumerate(texts):
        for row, words in here:
            if not words:
                continue
            others = sum(
                any(other_words == words and abs(other.y - row.y) < SAME_HEIGHT for other, other_words in texts[near])
                for near in range(max(0, at - near_pages), min(len(pages), at + near_pages + 1))
                if near != at
            )
            # A title over two or three slides is none; beside a page number, one more page is proof
            # enough.
            large = row.size > LARGEST_HEAD * text_size
            repeated = others >= (ON_MOST_PAGES if large else 1 if row.number else 3)
            # A drawing that grows from slide to slide repeats as well.
            if slides and not row.number and everywhere[tuple(row.words)] < len(pages) / 2:
                continue
            # A single short word (an item of a table) repeats by chance.
            if repeated and (len(words) > 1 or len(words[0]) > 3 or row.number) and len(words) <= 20:
                row.head = True
            seen = heights[round(row.y)]
            seen[0] += row.head or bool(row.number)
            seen[1] += 1
    for here in texts:
        for row, words in here:
            around = [heights[key] for key in (round(row.y) - 1, round(row.y), round(row.y) + 1) if key in heights]
            marked, seen = sum(item[0] for item in around), sum(item[1] for item in around)
            # Type larger than a head's, where heads stand on other pages, is a heading's.
            large = row.size > LARGEST_HEAD * text_size
            if words and not slides and not large and seen >= 5 and marked >= 0.7 * seen and len(words) <= 20:
                row.head = True
            elif words and row.number and len(words) > 2:
                row.head = True


def printed(pages, first, last):
    """Every word that either reader has on these pages, however its hyphens are read."""
    bag = Counter()
    for page in pages[max(0, first - 1) : last]:
        bag |= Counter()
        for items in (page.poppler, page.pdfium):
            bag.update(set(item for item in items if item is not GLUE))
            bag.update(
                items[at - 1] + items[at + 1]
                for at in range(1, len(items) - 1)
                if items[at] is GLUE and items[at - 1] is not GLUE and items[at + 1] is not GLUE
            )
    return bag
