// Saves ticks and choices of the review as they are made, and searches in long lists. Without it the Save buttons do.
"use strict";
(() => {
  const form = document.getElementById("review");
  if (!form) return;
  const status = document.getElementById("saving");
  let isSaving = false;
  let isDirty = false;

  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const id of ["forecast", "obstacles"]) {
      const now = document.getElementById(id);
      const then = page.getElementById(id);
      if (now && then) now.replaceChildren(...then.childNodes);
    }
  }

  async function save() {
    if (isSaving) {
      isDirty = true;
      return;
    }
    isSaving = true;
    status.textContent = form.dataset.saving;
    try {
      do {
        isDirty = false;
        // Not form.action: buttons of the form have that name.
        const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form) });
        if (!answer.ok) throw new Error(String(answer.status));
        // Another step, or the sign-in: the import went on without this page.
        if (new URL(answer.url).pathname !== window.location.pathname) return window.location.assign(answer.url);
        show(await answer.text());
      } while (isDirty);
      status.textContent = form.dataset.saved;
    } catch {
      status.textContent = form.dataset.failed;
    } finally {
      isSaving = false;
    }
    return undefined;
  }

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.form === form && !("manual" in field.dataset)) save();
  });

  for (const search of document.querySelectorAll("[data-search]")) {
    const items = [...document.getElementById(`list-${search.dataset.search}`).children];
    search.hidden = false;
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
    });
  }
})();
