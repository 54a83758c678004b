"""The scorer's own tests: `cargo xtask extract-bench --check`."""

import unittest

from reference import Line, Page, bodies, rows
from score import Block, score
from words import lines_to_items

HEIGHT = 800.0


def page(number, lines):
    """A page of lines, each a text, or a text with its left edge, its right edge and its height."""
    out = []
    for at, line in enumerate(lines):
        text, x0, x1, y = line if isinstance(line, tuple) else (line, 50.0, 550.0, 100.0 + 14.0 * at)
        out.append(Line(text, at, x0, y, x1, y + 10.0))
    items = lines_to_items(line.text for line in out)
    return Page(number, HEIGHT, rows(out, HEIGHT), out, items, list(items))


def book(*texts):
    """Pages with heads and numbers found, and their bodies."""
    pages = [page(number, lines) for number, lines in enumerate(texts, 1)]
    bodies(pages)
    return pages


def paragraph(text, number=1, kind="paragraph", furniture=""):
    return Block(kind, text, number, number, furniture)


def measures(blocks, pages, bookmarks=()):
    return score(blocks, pages, list(bookmarks)).measures()


class Words(unittest.TestCase):
    def test_what_is_read_as_printed_has_no_fault(self):
        pages = book(["They counted the load on the", "bridge."])
        found = measures([paragraph("They counted the load on the bridge.")], pages)
        self.assertEqual((found["recall"], found["order"], found["foreign"], found["broken_a_page"]), (1, 1, 0, 0))

    def test_a_word_that_is_left_out_is_lost_and_one_that_is_put_in_is_foreign(self):
        pages = book(["They counted the load on the", "bridge."])
        found = measures([paragraph("They counted the heavy load on the.")], pages)
        self.assertAlmostEqual(found["recall"], 6 / 7)
        self.assertAlmostEqual(found["foreign"], 1 / 7)

    def test_words_in_another_order_lose_neighbours_and_no_recall(self):
        pages = book(["one two three four five"])
        found = measures([paragraph("three four five"), paragraph("one two")], pages)
        self.assertEqual((found["recall"], found["order"]), (1, 3 / 4))

    def test_a_divided_word_may_be_joined_or_not(self):
        pages = book(["They were count-", "ing the load."])
        for text in ("They were counting the load.", "They were count- ing the load."):
            self.assertEqual(measures([paragraph(text)], pages)["recall"], 1)


class Furniture(unittest.TestCase):
    def pages(self):
        head = ("The Bridge Book", 50.0, 200.0, 30.0)
        number = lambda at: (str(7 + at), 500.0, 510.0, 30.0)
        names = ["Ann", "Bob", "Carl", "Dora", "Eve", "Finn"]
        texts = [(f"{name} counted the load of", f"all the men of {name}.") for name in names]
        return book(*[[head, number(at), *lines] for at, lines in enumerate(texts)])

    def texts(self, pages):
        return [paragraph(f"{each.lines[2].text} {each.lines[3].text}", each.number) for each in pages]

    def test_heads_and_numbers_count_where_they_are_spoken(self):
        pages = self.pages()
        texts = self.texts(pages)
        quiet = measures(texts, pages)
        self.assertEqual((quiet["heads_spoken"], quiet["numbers_spoken"]), (0, 0))
        spoken = measures([paragraph("The Bridge Book", 3), *texts, paragraph("9", 3)], pages)
        self.assertEqual((spoken["heads_spoken"], spoken["numbers_spoken"]), (1 / 6, 1 / 6))

    def test_a_number_between_the_words_of_a_sentence_counts(self):
        pages = self.pages()
        texts = self.texts(pages)
        texts[1].page_end = 3
        texts[1].text += f" 8 {texts.pop(2).text}"
        self.assertEqual(measures(texts, pages)["numbers_spoken"], 1 / 6)

    def test_text_that_is_kept_silent_is_told(self):
        pages = self.pages()
        blocks = self.texts(pages)
        self.assertEqual(measures(blocks, pages)["silenced"], 0)
        blocks[0].kind = "furniture"
        self.assertGreater(measures(blocks, pages)["silenced"], 0)


class Headings(unittest.TestCase):
    def test_a_bookmark_is_found_as_a_heading_with_or_without_its_number(self):
        pages = book(["2 The Load", "They counted it."])
        marks = [(0, "2 The Load", 1)]
        cases = (("heading", "2 The Load", 1), ("heading", "The Load", 1), ("paragraph", "2 The Load", 0))
        for kind, text, wanted in cases:
            blocks = [paragraph(text, kind=kind), paragraph("They counted it.")]
            self.assertEqual(measures(blocks, pages, marks)["bookmarks_found"], wanted, (kind, text))

    def test_a_bookmark_whose_title_is_not_printed_counts_for_nothing(self):
        pages = book(["They counted it."])
        found = measures([paragraph("They counted it.")], pages, [(0, "Cover", 1)])
        self.assertEqual((found["bookmarks"], found["bookmarks_found"]), (0, None))


class Paragraphs(unittest.TestCase):
    def broken(self, lines, *texts):
        return measures([paragraph(text) for text in texts], book(lines))["broken_a_page"]

    def test_a_full_line_in_mid_sentence_breaks(self):
        lines = ["They counted the load of the men who", "crossed the bridge."]
        self.assertEqual(self.broken(lines, "They counted the load of the men who", "crossed the bridge."), 1)
        self.assertEqual(self.broken(lines, "They counted the load of the men who crossed the bridge."), 0)

    def test_a_line_with_room_for_the_next_word_was_ended_on_purpose(self):
        command = "make install of all that there is to install"
        lines = [("cd bridge", 50.0, 100.0, 100.0), (command, 50.0, 300.0, 114.0)]
        self.assertEqual(self.broken(lines, "cd bridge", command), 0)

    def test_what_stands_between_does_not_hide_it(self):
        pages = book(["They counted the load of the men who", "crossed the bridge."])
        blocks = [
            paragraph("They counted the load of the men who"),
            paragraph("A figure", kind="figure"),
            paragraph("crossed the bridge."),
        ]
        self.assertEqual(measures(blocks, pages)["broken_a_page"], 1)


if __name__ == "__main__":
    unittest.main()
