// The live preview and the test message of the editor (templates/invitations/message.html).
"use strict";
(() => {
  const preview = document.getElementById("preview");
  const previewButton = document.querySelector("[data-preview]");
  const testButton = document.querySelector("[data-test]");
  const outcome = document.getElementById("test-outcome");
  const form = previewButton.form;
  const PAUSE = 250; // milliseconds without a key
  let timer = 0;
  let latest = 0;

  async function part(button) {
    const answer = await fetch(button.formAction, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Part": "1" },
    });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return answer.text();
  }

  async function refresh() {
    const mine = ++latest;
    preview.classList.add("is-loading");
    let html = "";
    try {
      html = await part(previewButton);
    } catch {
      html = "";
    }
    if (mine !== latest) return; // an older answer
    preview.classList.remove("is-loading");
    if (html) show(html);
    else say(preview, preview.dataset.lost);
  }

  function show(html) {
    const isOpen = preview.querySelector("details")?.open;
    preview.innerHTML = html;
    const details = preview.querySelector("details");
    if (details && isOpen) details.open = true;
  }

  function say(place, text) {
    const note = document.createElement("p");
    note.className = "wz-wrong";
    note.textContent = text;
    place.replaceChildren(note);
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "test_number") return;
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE);
  });
  previewButton.hidden = true; // what it does happens by itself

  if (testButton) {
    testButton.addEventListener("click", async (event) => {
      event.preventDefault();
      testButton.disabled = true;
      try {
        outcome.innerHTML = await part(testButton);
      } catch {
        say(outcome, outcome.dataset.lost);
      }
      testButton.disabled = false;
    });
  }
  form.querySelector('[aria-invalid="true"]')?.focus();
})();
