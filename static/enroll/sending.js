// Shows how far a sending is (templates/enroll/_sending.html): asks each second, loads the page again when it changes.
"use strict";
(() => {
  const ASK_MS = 1000;
  const SPEAK_MS = 10000; // a screen reader that speaks each second helps nobody

  function follow(box) {
    const bar = box.querySelector("progress");
    const part = (name) => box.querySelector(`[data-part="${name}"]`);
    const notes = part("notes");
    let spoken = 0;

    function note(texts) {
      notes.hidden = !texts.length;
      notes.lastElementChild.replaceChildren(
        ...texts.map((text) => Object.assign(document.createElement("p"), { textContent: text })),
      );
    }

    function show(progress) {
      if (bar && progress.share !== null) bar.value = progress.share;
      if (progress.text) part("text").textContent = progress.text;
      for (const tile of box.querySelectorAll("[data-count]")) {
        const number = progress.counts[tile.dataset.count];
        tile.hidden = number === "0";
        tile.querySelector("dd").firstElementChild.textContent = number;
      }
      note(progress.notes);
      if (Date.now() - spoken > SPEAK_MS) {
        spoken = Date.now();
        part("spoken").textContent = [progress.text, ...progress.notes].join(" ");
      }
    }

    async function ask() {
      try {
        const answer = await fetch(box.dataset.sending, { headers: { Accept: "application/json" }, cache: "no-store" });
        const isJson = (answer.headers.get("Content-Type") || "").includes("json");
        // Signed out, or the sending is gone: the page itself says which.
        if (answer.status < 500 && !isJson) return window.location.reload();
        if (!answer.ok) throw new Error(String(answer.status));
        const progress = await answer.json();
        if (progress.state !== box.dataset.state) return window.location.reload();
        show(progress);
      } catch {
        note([box.dataset.offline]);
      }
      setTimeout(ask, ASK_MS);
      return undefined;
    }

    setTimeout(ask, ASK_MS / 2);
  }

  document.querySelectorAll("[data-sending]").forEach(follow);
})();
