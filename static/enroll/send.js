// Shows on the page Send what the choices mean, as they are made. Without it the button "Show what this means" does.
"use strict";
(() => {
  const WAIT_MS = 250; // somebody who types a number is not done with the first digit
  const form = document.getElementById("send");
  if (!form) return;
  const status = document.getElementById("looking");
  let timer = 0;
  let asked = 0;

  for (const button of document.querySelectorAll(".hide-with-script")) button.hidden = true;

  function address(submitter) {
    const query = new URLSearchParams(new FormData(form));
    if (submitter && submitter.name) query.set(submitter.name, submitter.value);
    query.delete("request_key");
    if (!query.get("serial")) query.delete("serial");
    const open = new URLSearchParams(window.location.search).get("obstacle");
    if (open) query.set("obstacle", open);
    return `${form.getAttribute("action")}?${query}`;
  }

  function show(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const focused = document.activeElement && document.activeElement.id;
    for (const now of document.querySelectorAll("[data-live]")) {
      const then = page.getElementById(now.id);
      if (then) now.replaceChildren(...then.childNodes);
    }
    const again = focused && document.getElementById(focused);
    if (again && again !== document.activeElement) again.focus();
  }

  async function look(submitter) {
    const mine = ++asked;
    const url = address(submitter);
    status.textContent = form.dataset.working;
    try {
      const answer = await fetch(url, { cache: "no-store" });
      // What was chosen since is being asked for already.
      if (mine !== asked) return undefined;
      if (!answer.ok) throw new Error(String(answer.status));
      if (new URL(answer.url).pathname !== window.location.pathname) return window.location.assign(answer.url);
      show(await answer.text());
      window.history.replaceState(null, "", url);
      status.textContent = form.dataset.done;
    } catch {
      if (mine === asked) status.textContent = form.dataset.failed;
    }
    return undefined;
  }

  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.formMethod === "post") return;
    event.preventDefault();
    look(event.submitter);
  });

  form.addEventListener("change", (event) => {
    if ("manual" in event.target.dataset) return;
    const later = form.elements.namedItem("when");
    if (event.target.name === "starts_at" && event.target.value && later) later.value = "later";
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MS);
  });
})();
