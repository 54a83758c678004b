//! The work that a parser does grows with its input, and not with the square of it: instructions
//! are counted, by valgrind's callgrind, for an input of a size, of twice and of four times it. A
//! count is the same whatever else the machine does, so it can be asserted, as a time cannot.
//!
//! `f(4n) - f(2n)` is twice `f(2n) - f(n)` where the work grows with the input, and four times that
//! where it grows with its square; what a parser does once falls out of both.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Bytes of the smallest input: the largest is four times it.
const SMALLEST: usize = 8 << 10;
/// The same where signs and numbers alone are made speakable: many recognisers look at each.
const SMALLEST_SPOKEN: usize = 1 << 10;
/// Half way between linear (2) and quadratic (4). A little more than 2 is what tables that double
/// their room and searches in sorted ones take.
const MOST: f64 = 3.0;

/// An input that is made of one thing again and again.
struct Row {
    target: &'static str,
    head: &'static str,
    unit: &'static str,
    tail: &'static str,
}

const fn row(target: &'static str, unit: &'static str) -> Row {
    Row { target, head: "", unit, tail: "" }
}

const fn within(target: &'static str, head: &'static str, unit: &'static str, tail: &'static str) -> Row {
    Row { target, head, unit, tail }
}

const DOCX: &str =
    r#"<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>"#;
const DOCX_TABLE: &str =
    r#"<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:tbl>"#;
const ODT: &str = r#"<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text><text:p>"#;

/// What once took time by the square, or is the like of it, where reading is what takes it.
const READ: &[Row] = &[
    row("text", "word. "),
    row("markdown", "&amp;"),
    row("markdown", "`"),
    row("markdown", "["),
    row("markdown", "> "),
    within(
        "markdown",
        "# A\n\nIt was shown by Smith (2016) and (Lee, 2017).\n\n# References\n\nSmith, J. (2016). Salt.\n\nLee, K. (2017). Sea.\n\n# B\n\n",
        "Smith (2016) ",
        "",
    ),
    within("markdown", "|a|b|\n|-|-|\n", "|c|d|\n", ""),
    row("html", "<b>"),
    row("html", "<td>x"),
    within("html", "<table>", "<tr><td>x</td><td>y</td></tr>", "</table>"),
    within("docx", DOCX, "&amp;", "</w:t></w:r></w:p></w:body></w:document>"),
    within(
        "docx",
        DOCX_TABLE,
        "<w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr>",
        "</w:tbl></w:body></w:document>",
    ),
    within(
        "odt",
        ODT,
        "<text:span>&amp;</text:span>",
        "</text:p></office:text></office:body></office:document-content>",
    ),
    row("csv", "a,b\n"),
    within("pdf_content", "BT /F1 12 Tf 72 720 Td 14 TL ", "T* (some words) Tj ", " ET"),
    row("pdf_content", "BT /F1 12 Tf 1 0 0 1 72 700 Tm (Hello) Tj ET\n"),
];

/// The same where wording is: it takes the most time of all, some minutes under callgrind.
const WORDED: &[Row] = &[
    row("csv", "a,"),
    row("html", "</p>"),
    row("html", "&amp;"),
    row("markdown", "<div>\n"),
    row("markdown", "[^1]: n\n\n"),
    row("text", "http://x "),
    row("text", "[1] "),
    row("text", "12 "),
    row("text", "a-\n"),
    row("text", "1,"),
    row("text", "www."),
    row("text", "2020 "),
    row("text", "x⁰⁰⁰⁰"),
    row("text", "1. x\n"),
    row("markdown", "*a "),
    row("markdown", "$x$ "),
    row("markdown", "[a](b) "),
    row("html", "<sup>1</sup> "),
    row("html", "<a href=x>y</a> "),
    row("html", "<ul><li>"),
    row("html", "<dl><dt>x<dd>y"),
];

/// The same where text is made speakable: what many recognisers look at, in each language. The four
/// bytes before it choose the language, and no mark.
const SPOKEN: &[Row] = &[
    within("speak", "\0\0\0\0", "The keeper went down to the harbour. ", ""),
    within("speak", "\0\0\0\0", "12/", ""),
    within("speak", "\0\0\0\0", "5-10 km/h, $3.20-", ""),
    within("speak", "\0\0\0\0", "St. Dr. A.", ""),
    within("speak", "\0\0\0\0", "a_B<c>=", ""),
    within("speak", "\x01\0\0\0", "am 3. Mai 1.250,50 € ", ""),
    within("speak", "\x02\0\0\0", "l'XIXe s. 14 h 30 ", ""),
    within("speak", "\x03\0\0\0", "n.º 1.º EE. UU. ", ""),
];

impl Row {
    fn of(&self, size: usize) -> Vec<u8> {
        let count = size.div_ceil(self.unit.len());
        [self.head, &self.unit.repeat(count), self.tail].concat().into_bytes()
    }
}

/// The sizes of an input, in units of the smallest.
const TIMES: [usize; 3] = [1, 2, 4];

fn run(rows: &[Row], smallest: usize) {
    lectern_fuzz::load();
    for row in rows {
        for times in TIMES {
            lectern_fuzz::run(row.target, &row.of(smallest * times));
        }
    }
}

/// Not a test by itself: what the test beside it counts.
#[test]
#[ignore = "run under callgrind by the test beside it"]
fn all_read() {
    run(READ, SMALLEST);
}

/// Not a test by itself: what the test beside it counts.
#[test]
#[ignore = "run under callgrind by the test beside it"]
fn all_spoken() {
    run(SPOKEN, SMALLEST_SPOKEN);
}

/// Not a test by itself: what the test beside it counts.
#[test]
#[ignore = "run under callgrind by the test beside it"]
fn all_worded() {
    run(WORDED, SMALLEST);
}

/// Instructions of each call of `lectern_fuzz::run` in the test `name`, in order: callgrind writes
/// a file after each.
fn counted(name: &str, folder: &Path) -> Vec<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=lectern_fuzz::run", "--dump-after=lectern_fuzz::run"])
        .arg(format!("--callgrind-out-file={}", folder.join("calls").display()))
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--test-threads=1"])
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => panic!("valgrind: {error}; `cargo xtask test` installs it, as does the package `valgrind`"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (1..)
        .map(|call| folder.join(format!("calls.{call}")))
        .take_while(|file| file.exists())
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let summary = text.lines().find_map(|line| line.strip_prefix("summary: "));
            summary.unwrap().trim().parse().unwrap()
        })
        .collect()
}

fn grows_with_its_size(name: &str, rows: &[Row]) {
    let folder = tempfile::tempdir().unwrap();
    let counts = counted(name, folder.path());
    assert_eq!(counts.len(), rows.len() * TIMES.len(), "a count for each call");
    let mut wrong = Vec::new();
    for (row, counts) in rows.iter().zip(counts.chunks(TIMES.len())) {
        let [one, two, four] = counts else { unreachable!("{TIMES:?}") };
        #[allow(clippy::cast_precision_loss, reason = "a ratio to two places")]
        let growth = (four - two) as f64 / (two - one) as f64;
        let line = format!("{growth:6.2}  {:>14} instructions  {} {:?}", four, row.target, row.unit);
        println!("{line}");
        if growth > MOST {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "grows by more than its size (2 is linear, 4 is quadratic):\n{}", wrong.join("\n"));
}

#[test]
fn the_work_of_reading_grows_with_the_input() {
    grows_with_its_size("growth::all_read", READ);
}

#[test]
fn the_work_of_speaking_grows_with_the_text() {
    grows_with_its_size("growth::all_spoken", SPOKEN);
}

#[test]
#[ignore = "some minutes; by hand, after a change of how text is worded"]
fn the_work_of_wording_grows_with_the_input() {
    grows_with_its_size("growth::all_worded", WORDED);
}
