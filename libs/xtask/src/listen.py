"""Drives the page listen.html of a recording in a real Chromium, as a listener would, and opens its
EPUB in epub.js with the overlay playing.

usage: listen.py CHROMIUM PAGE PICTURES SECONDS [EPUB EPUBJS]

The browser is spoken to by its DevTools protocol over a pipe; nothing listens on a port. PICTURES
is a folder for what it looked like, narrow and wide, light and dark.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# How far a light may be from the timeline, in milliseconds.
EXACT = 50
# How far the audio goes on in a frame at most, in milliseconds, if it does not leap.
LEAP = 120
WIDE, NARROW = (1280, 860), (390, 800)


class Browser:
    """A Chromium with one page."""

    def __init__(self, program, profile):
        command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
            "--no-first-run", "--mute-audio", f"--user-data-dir={profile}",
        ]
        # The protocol reads from 3 and writes to 4.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&0 4>&1 >/dev/null 2>&1', "sh", *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        self.number, self.rest, self.session, self.events = 0, b"", None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Network", "Log"]:
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.process.stdin.write(json.dumps(message).encode() + b"\0")
        self.process.stdin.flush()
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def next(self):
        while b"\0" not in self.rest:
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise SystemExit("Chromium ended")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)

    def run(self, script, gesture=False):
        """The value of an expression in the page; what it promises is waited for. With a gesture, it
        is as if somebody had clicked, without which nothing plays."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=gesture)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise SystemExit(f"in the page: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def until(self, script, what, seconds=30):
        end = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > end:
                raise SystemExit(f"not within {seconds} s: {what}")
            time.sleep(0.02)

    def size(self, size, dark=False):
        width, height = size
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def click(self, selector):
        """Clicks an element where its text begins, as a finger would."""
        place = self.run(f"""(() => {{
            const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{block: "center", behavior: "instant"}});
            const box = one.getClientRects()[0];
            return [box.left + Math.min(12, box.width / 2), box.top + box.height / 2];
        }})()""")
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def key(self, key, code=None, text=None):
        codes = {" ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        number = codes.get(key, ord(key.upper()[0]))
        text = key if len(key) == 1 else ""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=code or key, windowsVirtualKeyCode=number, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=code or key, windowsVirtualKeyCode=number)

    def picture(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def complaints(self):
        """What went wrong in the page, and what it asked for."""
        self.run("1")
        wrong, asked = [], []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                wrong.append(params["exceptionDetails"]["text"])
            if method == "Log.entryAdded" and params["entry"]["level"] == "error":
                wrong.append(params["entry"]["text"])
            if method == "Network.requestWillBeSent":
                asked.append(params["request"]["url"])
        return wrong, asked

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Checks:
    def __init__(self):
        self.failed = 0

    def __call__(self, holds, what):
        print(f"{'ok   ' if holds else 'FAIL '} {what}")
        self.failed += not holds


# Notes for each frame, when all that it has to do is done, where the audio is, and which sentence
# and word is lit.
SAMPLER = """
window.__seen = [];
(() => {
  const audio = document.getElementById("audio");
  const note = () => {
    const sentence = document.querySelector("[data-s].on"), word = document.querySelector(".w.on");
    if (audio.paused) return;
    window.__seen.push([audio.currentTime * 1000, sentence ? +sentence.dataset.s : -1, word ? +word.dataset.w : -1]);
  };
  const look = () => { setTimeout(note); if (window.__seen.length < 20000) requestAnimationFrame(look); };
  requestAnimationFrame(look);
})();
"""


def lights(seen, sentences):
    """How far what each frame shows is from the timeline, in milliseconds: of the lit sentence, and
    of the lit word, or of the word that should be lit where none is. A frame is right if what it
    shows is heard at any moment since the frame before: on a machine that is busy, frames are
    long."""
    def apart(before, at, start, end):
        return max(start - at, before - end, 0)

    of_sentences, of_words = [], []
    for (before, _, _), (at, sentence, word) in zip(seen, seen[1:]):
        # Where the audio itself stands still or leaps, nobody can say what is heard.
        if sentence < 0 or not 0 < at - before < LEAP:
            continue
        start, end, words = sentences[sentence]
        following = sentences[sentence + 1][0] if sentence + 1 < len(sentences) else float("inf")
        of_sentences.append(apart(before, at, start, max(end, following)))
        heard = [(start + words[n + 2], start + words[n + 3]) for n in range(0, len(words), 4)]
        if word >= 0:
            of_words.append(apart(before, at, *heard[word]))
        else:
            # Nothing is lit: then no word is heard, but at its edge.
            of_words.extend(min(at - begin, end - before) for begin, end in heard if begin <= before and at < end)
    return of_sentences, of_words


def listen(browser, page, pictures, seconds, check):
    browser.size(WIDE)
    browser.open(page.as_uri())
    browser.until("document.readyState === 'complete' && 'ready' in document.documentElement.dataset", "the page is ready")
    browser.until("document.getElementById('audio').readyState >= 1", "the audio beside the page is found")
    data = browser.run("JSON.parse(document.getElementById('timeline').textContent)")
    sentences, chapters = data["sentences"], data["chapters"]
    length = browser.run("document.getElementById('audio').duration * 1000")
    check(abs(length - data["duration"]) < 60, f"the audio is as long as the timeline: {length:.0f} and {data['duration']} ms")
    lost = browser.run("JSON.parse(document.getElementById('timeline').textContent).sentences.map((_, n) => n)"
                       ".filter((n) => !document.querySelector(`[data-s='${n}']`))")
    check(not lost, f"every sentence stands in the page: {len(sentences)}, without {lost[:5]}")
    now = "document.getElementById('audio').currentTime"
    paused = "document.getElementById('audio').paused"

    # A click on a sentence plays from there.
    picked = min(len(sentences) - 1, 2)
    sought = "document.getElementById('audio').addEventListener('seeked', e => { window.sought ??= e.target.currentTime })"
    browser.run(f"void {sought}")
    browser.click(f"[data-s='{picked}']")
    browser.until(f"!{paused}", "a click plays")
    browser.until("window.sought !== undefined", "a click seeks")
    at = browser.run("window.sought") * 1000
    start = sentences[picked][0]
    check(abs(at - start) <= EXACT, f"a click on sentence {picked} plays from {start} ms: {at:.0f} ms")
    browser.until(f"document.querySelector('[data-s].on')?.dataset.s === '{picked}'", "the clicked sentence is lit")

    # The spoken word is lit, when it is spoken.
    browser.run(SAMPLER)
    end, seen, changes = time.monotonic() + 5 * seconds, [], 0
    while changes <= seconds / 2 and time.monotonic() < end:
        time.sleep(seconds)
        seen = browser.run("window.__seen")
        changes = sum(one[1:] != other[1:] for one, other in zip(seen, seen[1:]))
    longest = max((other[0] - one[0] for one, other in zip(seen, seen[1:])), default=0)
    check(changes > seconds / 2, f"the light moves: {changes} changes in {len(seen)} frames, {longest:.0f} ms the longest")
    for name, off in zip(["sentence", "word"], lights(seen, sentences)):
        worst = max(off, default=EXACT + 1)
        check(worst <= EXACT, f"each frame lights the {name} that is heard: {worst:.0f} ms off at most")

    # Words that are lit are those of the timeline.
    texts = browser.run("[...document.querySelectorAll('.w')].length")
    check(texts > 0 and browser.run(
        "[...document.querySelectorAll('.w')].every((word) => word.textContent.trim().length > 0)"), f"{texts} words have elements")

    # The keyboard works.
    browser.key(" ", "Space")
    browser.until(paused, "space pauses")
    before = browser.run(now)
    browser.key("ArrowRight")
    moved = browser.run(now) - before
    check(abs(moved - 5) < 0.1 or browser.run(now) * 1000 > data["duration"] - 1500, f"the right arrow goes 5 s on: {moved:.2f} s")
    browser.run(f"document.getElementById('audio').currentTime = {sentences[0][0] / 1000 + 0.01}")
    browser.until("document.querySelector('[data-s].on')?.dataset.s === '0'", "the first sentence is lit")
    browser.key("ArrowDown")
    browser.until("document.querySelector('[data-s].on')?.dataset.s === '1'", "the down arrow goes to the next sentence")
    check(abs(browser.run(now) * 1000 - sentences[1][0]) < EXACT, "the next sentence begins at its beginning")
    if len(chapters) > 1:
        browser.key("n", "KeyN")
        browser.until(f"Math.abs({now} * 1000 - {chapters[1][0]}) < {EXACT}", "n goes to the next chapter")
        current = browser.run("document.querySelector('#chapters [aria-current]').dataset.c")
        check(current == "1", "the list of chapters shows where one is")
        browser.click("#chapters a[data-c='0']")
        browser.until(f"!{paused} && {now} * 1000 < {chapters[1][0]}", "a click on a chapter plays it")
        browser.key("k", "KeyK")
        browser.until(paused, "k pauses")
    browser.key("]", "BracketRight")
    check(browser.run("document.getElementById('audio').playbackRate") > 1, "] is faster")
    browser.key("[", "BracketLeft")
    browser.run("""(() => { const seek = document.getElementById("seek"); seek.value = %d;
        seek.dispatchEvent(new Event("input")); seek.dispatchEvent(new Event("change")); })()""" % (data["duration"] // 2))
    browser.until(f"Math.abs({now} * 1000 - {data['duration'] // 2}) < 150", "the position can be moved")
    half = browser.run("document.querySelector('[data-s].on')?.dataset.s ?? null")
    expected = max((n for n, one in enumerate(sentences) if one[0] <= data["duration"] // 2 + 100), default=None)
    check(half is None or abs(int(half) - expected) <= 1, f"the sentence there is lit: {half}")

    # What is not read stands there, says why, and can be hidden.
    marked = browser.run("[...document.querySelectorAll('.skip, .left-out')].every((one) => one.title || one.querySelector('.why') || one.previousElementSibling?.matches('.why'))")
    count = browser.run("document.querySelectorAll('.skip, .left-out').length")
    check(marked, f"what is not read says why: {count} places")
    if count:
        shown = "[...document.querySelectorAll('.skip, .left-out')].some((one) => one.getClientRects().length > 0)"
        check(browser.run(shown), "what is not read is shown")
        browser.key("s", "KeyS")
        check(not browser.run(shown), "s hides it")
        browser.key("s", "KeyS")

    # Everything has a name, and nothing is wider than the window.
    nameless = browser.run("[...document.querySelectorAll('button, select, input, a')].filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.closest('label'))).length")
    check(nameless == 0, "every control has a name")
    browser.click(f"[data-s='{picked}']")
    browser.until(f"!{paused}", "it plays for the pictures")
    time.sleep(0.6)
    browser.key("k", "KeyK")
    for size, name in [(WIDE, "wide"), (NARROW, "narrow")]:
        for dark in [False, True]:
            browser.size(size, dark)
            time.sleep(0.2)
            browser.run("document.querySelector('[data-s].on')?.scrollIntoView({block: 'center', behavior: 'instant'})")
            over = browser.run("document.documentElement.scrollWidth - innerWidth")
            check(over <= 0, f"{name}, {'dark' if dark else 'light'}: nothing is wider than the window")
            browser.picture(pictures / f"listen-{name}-{'dark' if dark else 'light'}.png")
    browser.click("#menu")
    browser.until("document.getElementById('chapters').getBoundingClientRect().left === 0", "the list of chapters opens")
    time.sleep(0.3)
    browser.picture(pictures / "listen-narrow-chapters.png")
    wrong, asked = browser.complaints()
    check(not wrong, f"nothing went wrong in the page: {wrong[:3]}")
    outside = [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]
    check(not outside, f"nothing was asked of a network: {outside[:3]}")


READER = """<!doctype html><meta charset="utf-8"><title>epub.js</title>
<div id="view" style="width:700px;height:700px"></div>
<script src="jszip.min.js"></script><script src="epub.min.js"></script>
<script src="book.js"></script>
"""

# Opens each page, finds every element that its overlay names, and plays the first clips of the
# first.
PLAYS = """
(async () => {
  const bytes = Uint8Array.from(atob(window.BOOK), (c) => c.charCodeAt(0));
  const book = ePub(bytes.buffer);
  await book.ready;
  const rendition = book.renderTo("view", { width: 700, height: 700, flow: "scrolled-doc", allowScriptedContent: true });
  const zip = await JSZip.loadAsync(bytes);
  const result = { pages: 0, clips: 0, missing: [], played: [], toc: book.navigation.toc.length };
  const ms = (clock) => clock.split(":").reduce((all, part) => all * 60 + Number(part), 0) * 1000;
  for (const item of book.spine.spineItems) {
    await rendition.display(item.href);
    result.pages += 1;
    const inside = rendition.getContents()[0].document;
    if (!item.overlay && !item.properties) continue;
    const entry = book.packaging.manifest[item.idref];
    const overlay = entry && entry.overlay && book.packaging.manifest[entry.overlay];
    if (!overlay) continue;
    const smil = new DOMParser().parseFromString(await zip.file("EPUB/" + overlay.href).async("string"), "application/xml");
    const pars = [...smil.querySelectorAll("par")];
    result.clips += pars.length;
    for (const par of pars) {
      const id = par.querySelector("text").getAttribute("src").split("#")[1];
      if (!inside.getElementById(id)) result.missing.push(id);
    }
    if (result.played.length) continue;
    const audioFile = pars[0].querySelector("audio").getAttribute("src");
    const blob = new Blob([await zip.file("EPUB/" + audioFile).async("uint8array")], { type: "audio/ogg; codecs=opus" });
    const audio = new Audio(URL.createObjectURL(blob));
    audio.muted = true;
    await audio.play();
    for (const par of pars.slice(0, 3)) {
      const clip = par.querySelector("audio"), [begin, end] = ["clipBegin", "clipEnd"].map((name) => ms(clip.getAttribute(name)));
      const one = inside.getElementById(par.querySelector("text").getAttribute("src").split("#")[1]);
      one.classList.add("lit");
      audio.currentTime = begin / 1000;
      const stop = Math.min(end, begin + 1500);
      await new Promise((done, fail) => {
        const late = setTimeout(() => fail(new Error("the clip does not play")), 8000);
        const look = () => { if (audio.currentTime * 1000 >= stop) { clearTimeout(late); done(); } else requestAnimationFrame(look); };
        look();
      });
      result.played.push([begin, end, one.textContent.trim().slice(0, 60), getComputedStyle(one).backgroundColor]);
      one.classList.remove("lit");
    }
    audio.pause();
  }
  return result;
})()
"""


def read(browser, epub, scripts, pictures, check):
    """Opens an EPUB in epub.js, and plays the overlay of its first page."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name in ["epub.min.js", "jszip.min.js"]:
            (folder / name).write_bytes((scripts / name).read_bytes())
        (folder / "book.js").write_text(f"window.BOOK = {json.dumps(base64.b64encode(epub.read_bytes()).decode())};")
        (folder / "reader.html").write_text(READER)
        browser.size((760, 760))
        browser.open((folder / "reader.html").as_uri())
        browser.until("typeof ePub === 'function' && typeof window.BOOK === 'string'", "epub.js is loaded", 30)
        found = browser.run(PLAYS, gesture=True)
        check(found["pages"] > 0 and found["toc"] > 0, f"epub.js opens {found['pages']} pages, {found['toc']} in the contents")
        check(found["clips"] > 0 and not found["missing"], f"all {found['clips']} clips name an element: {found['missing'][:5]}")
        check(len(found["played"]) > 0, f"the overlay plays: {found['played'][:1]}")
        browser.picture(pictures / "epub.png")


def main():
    program, page, pictures, seconds = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]), float(sys.argv[4])
    pictures.mkdir(parents=True, exist_ok=True)
    check = Checks()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            listen(browser, page, pictures, seconds, check)
            if len(sys.argv) > 6:
                read(browser, Path(sys.argv[5]), Path(sys.argv[6]), pictures, check)
        finally:
            browser.close()
    print(f"{check.failed} failed; pictures in {pictures}")
    sys.exit(1 if check.failed else 0)


main()
