"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("timeline").textContent);
  const audio = $("audio"), root = document.documentElement;
  const sentences = data.sentences, chapters = data.chapters;
  const places = sentences.map(() => []);
  for (const place of document.querySelectorAll("[data-s]")) places[place.dataset.s].push(place);

  // What is kept between two visits; a page without a server may not be allowed to.
  const memory = {
    read(key) { try { return localStorage.getItem("lectern:" + data.id + ":" + key); } catch { return null; } },
    write(key, value) { try { localStorage.setItem("lectern:" + data.id + ":" + key, value); } catch { /* not kept */ } },
  };

  // The audio lies beside this page, under the page's own name: x.listen.html has x.opus.
  const file = decodeURIComponent(location.pathname.split("/").pop() || "");
  const stem = /\.listen\.html?$/i.test(file) ? file.replace(/\.listen\.html?$/i, "") : "audio";
  const types = { opus: "audio/ogg; codecs=opus", flac: "audio/flac", wav: "audio/wav", m4b: "audio/mp4", mp3: "audio/mpeg" };
  const names = data.audio.map((format) => stem + "." + format);
  let next = 0;
  const load = () => {
    while (next < names.length && !audio.canPlayType(types[data.audio[next]])) next += 1;
    if (next < names.length) { audio.src = encodeURIComponent(names[next]); next += 1; return; }
    $("wanted").textContent = names.join(", ");
    $("trouble").hidden = false;
  };
  audio.addEventListener("error", load);
  $("choose").addEventListener("change", (event) => {
    const [chosen] = event.target.files;
    if (!chosen) return;
    $("trouble").hidden = true;
    audio.src = URL.createObjectURL(chosen);
  });

  const clock = (ms) => {
    const all = Math.max(0, Math.floor(ms / 1000)), two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(all / 3600), minutes = Math.floor(all / 60) % 60;
    return (hours ? hours + ":" + two(minutes) : String(minutes)) + ":" + two(all % 60);
  };
  // The last entry that begins at or before a moment; -1 where none does.
  const at = (list, ms) => {
    let low = 0, high = list.length;
    while (low < high) { const mid = (low + high) >> 1; if (list[mid][0] <= ms) low = mid + 1; else high = mid; }
    return low - 1;
  };
  const now = () => audio.currentTime * 1000;

  // Words get elements of their own when their sentence is heard for the first time. A word is so
  // many visible characters of its sentence, what is skipped not counted.
  const isSpace = (c) => (/\s/u.test(c) && c !== "\uFEFF") || c === "\u0085";
  const split = (number) => {
    const words = sentences[number][2];
    if (!words || words.done) return;
    words.done = true;
    words.spans = [];
    let seen = 0, word = 0;
    for (const place of places[number]) {
      const walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT, {
        acceptNode: (node) => node.parentElement.closest(".skip, .why, .who, .label") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
      });
      const nodes = [];
      while (walk.nextNode()) nodes.push(walk.currentNode);
      for (const node of nodes) {
        const made = document.createDocumentFragment();
        let text = "", inside = -1;
        const put = () => {
          if (!text) return;
          if (inside < 0) { made.append(text); text = ""; return; }
          const span = document.createElement("span");
          span.className = "w";
          span.dataset.w = inside;
          span.textContent = text;
          (words.spans[inside] ||= []).push(span);
          made.append(span);
          text = "";
        };
        for (const c of node.textContent) {
          const space = isSpace(c);
          while (word * 4 < words.length && seen >= words[word * 4 + 1]) word += 1;
          const start = word * 4 < words.length ? words[word * 4] : Infinity;
          // White space belongs to the word that goes on behind it.
          const belongs = space ? (seen > start ? word : -1) : (seen >= start ? word : -1);
          if (belongs !== inside) { put(); inside = belongs; }
          text += c;
          if (!space) seen += 1;
        }
        put();
        node.replaceWith(made);
      }
    }
  };

  let current = -1, lit = -1, chapter = -1, following = true, dragging = false;
  const light = (number, on) => { for (const place of places[number] || []) place.classList.toggle("on", on); };
  const lightWord = (number, word, on) => {
    const spans = (sentences[number] || [])[2]?.spans;
    for (const span of spans?.[word] || []) span.classList.toggle("on", on);
  };
  const reveal = (smooth) => {
    const [place] = places[current] || [];
    if (!place) return;
    const box = place.getBoundingClientRect();
    if (box.top < 90 || box.bottom > innerHeight - 190) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      scrollTo({ top: scrollY + box.top - innerHeight * .3, behavior: smooth && !calm ? "smooth" : "auto" });
    }
  };
  const show = () => {
    const ms = now();
    const number = at(sentences, ms);
    if (number !== current) {
      light(current, false);
      lightWord(current, lit, false);
      current = number; lit = -1;
      if (number >= 0) { split(number); light(number, true); }
      if (following) reveal(true);
    }
    const words = sentences[current]?.[2];
    let word = -1;
    if (words) {
      const since = ms - sentences[current][0];
      for (let n = 0; n * 4 < words.length && words[n * 4 + 2] <= since; n += 1) if (since < words[n * 4 + 3]) word = n;
    }
    if (word !== lit) { lightWord(current, lit, false); lightWord(current, word, true); lit = word; }
    const part = Math.max(0, at(chapters, ms));
    if (part !== chapter) {
      chapter = part;
      for (const link of document.querySelectorAll("#chapters a")) {
        if (Number(link.dataset.c) === part) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      }
      $("now").textContent = chapters[part] ? chapters[part][2] : "";
    }
    if (!dragging) $("seek").value = ms;
    $("seek").setAttribute("aria-valuetext", clock(ms) + " of " + clock(data.duration));
    $("time").textContent = clock(ms) + " / " + clock(data.duration);
  };
  const frame = () => { show(); if (!audio.paused) requestAnimationFrame(frame); };
  const go = (ms) => { audio.currentTime = Math.min(Math.max(0, ms), data.duration - 1) / 1000; follow(true); show(); };
  const follow = (on) => { following = on; $("back").hidden = on || current < 0; if (on) reveal(true); };
  const play = () => audio.play().catch(() => { /* the error event says why */ });
  const toggle = () => { if (audio.paused) play(); else audio.pause(); };
  const sentence = (step) => {
    const number = Math.min(Math.max(0, current + step), sentences.length - 1);
    if (sentences[number]) go(sentences[number][0]);
  };
  const part = (step) => {
    // Back to the beginning of this one first, as players of music do.
    const back = step < 0 && chapters[chapter] && now() - chapters[chapter][0] > 3000;
    const target = chapters[Math.min(Math.max(0, chapter + (back ? 0 : step)), chapters.length - 1)];
    if (target) go(target[0]);
  };
  const faster = (step) => {
    const speeds = [...$("speed").options].map((option) => Number(option.value));
    const place = speeds.indexOf(Number($("speed").value)) + step;
    if (place >= 0 && place < speeds.length) { $("speed").value = String(speeds[place]); speed(); }
  };
  const speed = () => { audio.playbackRate = Number($("speed").value); memory.write("speed", $("speed").value); };
  const skipped = () => {
    const hide = root.toggleAttribute("data-hide");
    $("skipped").setAttribute("aria-pressed", String(!hide));
    memory.write("hide", hide ? "1" : "");
  };
  const themes = ["", "light", "dark"];
  const theme = (name) => {
    if (name) root.dataset.theme = name; else delete root.dataset.theme;
    $("theme").textContent = name === "dark" ? "Dark" : name === "light" ? "Light" : "Auto";
    memory.write("theme", name);
  };
  const list = (open) => {
    $("chapters").toggleAttribute("data-open", open);
    $("menu").setAttribute("aria-expanded", String(open));
    if (open) ($("chapters").querySelector("[aria-current]") || $("chapters").querySelector("a"))?.focus();
  };

  audio.addEventListener("play", () => { $("play").setAttribute("aria-label", "Pause"); root.toggleAttribute("data-playing", true); requestAnimationFrame(frame); });
  audio.addEventListener("pause", () => { $("play").setAttribute("aria-label", "Play"); root.toggleAttribute("data-playing", false); show(); memory.write("at", String(Math.floor(now()))); });
  for (const event of ["seeked", "timeupdate", "loadedmetadata"]) audio.addEventListener(event, show);
  audio.addEventListener("loadedmetadata", () => {
    const kept = Number(memory.read("at"));
    if (kept > 0 && kept < data.duration - 2000 && audio.currentTime === 0) audio.currentTime = kept / 1000;
    audio.playbackRate = Number($("speed").value);
  });
  setInterval(() => { if (!audio.paused) memory.write("at", String(Math.floor(now()))); }, 5000);

  $("play").addEventListener("click", toggle);
  $("earlier").addEventListener("click", () => go(now() - 15000));
  $("later").addEventListener("click", () => go(now() + 15000));
  $("before").addEventListener("click", () => part(-1));
  $("after").addEventListener("click", () => part(1));
  $("speed").addEventListener("change", speed);
  $("skipped").addEventListener("click", skipped);
  $("theme").addEventListener("click", () => theme(themes[(themes.indexOf(root.dataset.theme || "") + 1) % themes.length]));
  $("keys").addEventListener("click", () => $("help").showModal());
  $("menu").addEventListener("click", () => list(!$("chapters").hasAttribute("data-open")));
  $("back").addEventListener("click", () => follow(true));
  $("seek").max = data.duration;
  $("seek").addEventListener("input", () => { dragging = true; $("time").textContent = clock($("seek").value) + " / " + clock(data.duration); });
  $("seek").addEventListener("change", () => { dragging = false; go(Number($("seek").value)); });
  $("chapters").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    list(false);
    go(chapters[link.dataset.c][0]);
    follow(false);
    document.getElementById("c" + link.dataset.c).scrollIntoView();
    following = true;
    play();
  });
  document.querySelector("main").addEventListener("click", (event) => {
    const place = event.target.closest("[data-s]");
    if (!place || event.target.closest("a") || String(getSelection())) return;
    go(sentences[place.dataset.s][0]);
    play();
  });
  for (const event of ["wheel", "touchmove"]) addEventListener(event, () => { if (!audio.paused) follow(false); }, { passive: true });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const on = event.target.closest("button, select, input, a, summary");
    const takes = on && (event.key === " " || event.key === "Enter" || (on.matches("select, input") && event.key.startsWith("Arrow")));
    if (takes) return;
    const keys = {
      " ": toggle, k: toggle, ArrowLeft: () => go(now() - 5000), ArrowRight: () => go(now() + 5000),
      j: () => go(now() - 15000), l: () => go(now() + 15000), ArrowUp: () => sentence(-1), ArrowDown: () => sentence(1),
      p: () => part(-1), n: () => part(1), "[": () => faster(-1), "]": () => faster(1), s: skipped,
      c: () => list(true), Home: () => go(0), f: () => follow(true), Escape: () => list(false), "?": () => $("help").showModal(),
    };
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  if ("mediaSession" in navigator && "MediaMetadata" in window) {
    navigator.mediaSession.metadata = new MediaMetadata({ title: document.title });
    const actions = { play, pause: () => audio.pause(), seekbackward: () => go(now() - 15000), seekforward: () => go(now() + 15000), previoustrack: () => part(-1), nexttrack: () => part(1) };
    for (const [action, act] of Object.entries(actions)) { try { navigator.mediaSession.setActionHandler(action, act); } catch { /* not known here */ } }
  }

  const kept = memory.read("speed");
  if (kept && [...$("speed").options].some((option) => option.value === kept)) $("speed").value = kept;
  if (memory.read("hide")) skipped();
  theme(themes.includes(memory.read("theme")) ? memory.read("theme") : "");
  root.dataset.ready = "";
  load();
  show();
})();
