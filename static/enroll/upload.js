// Drag and drop, checks before sending, and progress of an upload (templates/enroll/_file_field.html).
"use strict";
(() => {
  function enhance(form) {
    const field = form.querySelector("[data-max-bytes]");
    const input = field.querySelector('input[type="file"]');
    const drop = field.querySelector(".wz-drop");
    const wrong = field.querySelector(".wz-wrong");
    const progress = field.querySelector(".wz-progress");
    const texts = field.dataset;
    input.hasChangeListener = true; // keeps the console's script off, which looks for a text field of its own widget

    function say(problem) {
      wrong.textContent = problem;
      drop.classList.toggle("is-wrong", Boolean(problem));
      input.setAttribute("aria-invalid", String(Boolean(problem)));
    }

    function problemOf(file) {
      if (!file) return texts.none;
      return file.size > Number(texts.maxBytes) ? texts.tooLarge : "";
    }

    input.addEventListener("change", () => say(input.files.length ? problemOf(input.files[0]) : ""));

    // --- drag and drop: on the whole page, so that a file that misses the field doesn't replace the page
    const isFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!isFiles(event)) return;
      event.preventDefault();
      drop.classList.add("is-over");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.classList.remove("is-over");
    });
    document.addEventListener("drop", (event) => {
      if (!isFiles(event) || !form.isConnected) return;
      event.preventDefault();
      drop.classList.remove("is-over");
      const { files, items } = event.dataTransfer;
      const entry = items && items[0] && items[0].webkitGetAsEntry ? items[0].webkitGetAsEntry() : null;
      if (entry && entry.isDirectory) return say(texts.folder);
      if (files.length !== 1) return say(texts.several);
      input.files = files;
      input.dispatchEvent(new Event("change"));
      return undefined;
    });

    // --- sending
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const problem = problemOf(input.files[0]);
      say(problem);
      if (problem) input.focus();
      else send();
    });

    function send() {
      const request = new XMLHttpRequest();
      const button = form.querySelector('button[type="submit"]');
      const bar = progress.querySelector("progress");
      const line = progress.querySelector(".wz-progress-line");
      const percent = new Intl.NumberFormat(document.documentElement.lang || undefined, { style: "percent" });

      function over(text) {
        progress.hidden = true;
        button.disabled = false;
        say(text);
      }

      request.open("POST", form.action);
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", (event) => {
        bar.value = event.loaded / event.total;
        const done = event.loaded === event.total;
        line.textContent = done ? texts.reading : texts.sending.replace("%s", percent.format(bar.value));
      });
      request.addEventListener("error", async () => {
        // A file that was moved or changed since it was chosen looks to the browser like a lost connection.
        const isReadable = await input.files[0].slice(0, 1).arrayBuffer().then(() => true, () => false);
        over(isReadable ? texts.lost : texts.gone);
      });
      request.addEventListener("load", () => {
        if ((request.getResponseHeader("Content-Type") || "").includes("json")) {
          window.location.assign(JSON.parse(request.responseText).location);
          return;
        }
        showAnswer(request);
      });
      button.disabled = true;
      progress.hidden = false;
      say("");
      request.send(new FormData(form));
    }
  }

  // An answer that isn't the next page: the form with its errors, or a page that says why nothing was taken.
  function showAnswer(request) {
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const page = answer.querySelector("#wizard, .wz-error");
    if (!page) {
      window.location.assign(request.responseURL); // signed out: the sign-in
      return;
    }
    document.getElementById("wizard").replaceChildren(...page.childNodes);
    start();
    const wrong = document.querySelector('#wizard [aria-invalid="true"]') || document.querySelector("#wizard a");
    if (wrong) wrong.focus();
  }

  function start() {
    document.querySelectorAll("form[data-upload]").forEach(enhance);
  }
  start();
})();
