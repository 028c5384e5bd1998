// Shows how far a worker is (templates/enroll/_progress.html): asks each second, loads the page again when it is over.
"use strict";
(() => {
  const ASK_MS = 1000;
  const SPEAK_MS = 10000; // a screen reader that speaks each second helps nobody
  const PATIENCE_MS = 5000; // waiting so long for a worker is worth a word
  const box = document.querySelector(".wz-progress");
  if (!box) return;

  const bar = box.querySelector("progress");
  const part = (name) => box.querySelector(`[data-part="${name}"]`);
  const number = new Intl.NumberFormat(document.documentElement.lang || undefined);
  const percent = new Intl.NumberFormat(document.documentElement.lang || undefined, { style: "percent" });
  const say = (text, value) => box.dataset[text].replace("%s", value);
  const begun = Date.now();
  let spoken = 0;

  function timeLeft(seconds) {
    return seconds < 90 ? say("seconds", number.format(seconds)) : say("minutes", number.format(Math.round(seconds / 60)));
  }

  function show(progress) {
    if (progress.share > 0) bar.value = progress.share;
    part("percent").textContent = progress.share > 0 ? say("percent", percent.format(Math.floor(progress.share * 100) / 100)) : "";
    part("rows").textContent = progress.rows_done ? say("rows", number.format(progress.rows_done)) : "";
    part("rate").textContent = progress.rows_per_second ? say("rate", number.format(progress.rows_per_second)) : "";
    part("left").textContent = progress.seconds_left === null ? "" : timeLeft(progress.seconds_left);
    const waits = progress.is_waiting && Date.now() - begun > PATIENCE_MS;
    part("waiting").textContent = waits ? box.dataset.waiting : "";
    if (Date.now() - spoken > SPEAK_MS) {
      spoken = Date.now();
      part("spoken").textContent = ["percent", "left", "waiting"].map((name) => part(name).textContent).join(" ");
    }
  }

  async function ask() {
    try {
      const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" }, cache: "no-store" });
      const isJson = (answer.headers.get("Content-Type") || "").includes("json");
      // Signed out, or the batch is gone: the page itself says which.
      if (answer.status < 500 && !isJson) return window.location.reload();
      if (answer.ok) {
        const progress = await answer.json();
        if (!progress.is_in_work) return window.location.reload();
        show(progress);
      } else {
        part("waiting").textContent = box.dataset.offline;
      }
    } catch {
      part("waiting").textContent = box.dataset.offline;
    }
    setTimeout(ask, ASK_MS);
    return undefined;
  }

  setTimeout(ask, ASK_MS / 2);
})();
