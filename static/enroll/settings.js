// Shows on Enroll > Settings what the choices change and refuse, as they are made, and adds exclusions. Without it the
// button "Show what this changes" and the empty exclusion at the end of the list do.
"use strict";
(() => {
  const WAIT_MS = 400; // somebody who types a version is not done with the first digit
  const form = document.getElementById("settings");
  const list = document.getElementById("exclusions");
  const status = document.getElementById("looking");
  let timer = 0;
  let asked = 0;
  let added = 0;

  for (const button of document.querySelectorAll(".hide-with-script")) button.hidden = true;

  async function look() {
    const mine = ++asked;
    const body = new FormData(form);
    body.set("look", "1");
    status.textContent = form.dataset.working;
    try {
      const answer = await fetch(form.action, { method: "POST", body, cache: "no-store" });
      // What was chosen since is being asked for already.
      if (mine !== asked) return;
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const now of document.querySelectorAll("[data-live]")) {
        const then = page.getElementById(now.id);
        if (!then) throw new Error(now.id); // signed out, for example
        now.replaceChildren(...then.childNodes);
      }
      status.textContent = form.dataset.done;
    } catch {
      if (mine !== asked) return;
      status.textContent = form.dataset.failed;
      for (const button of document.querySelectorAll(".hide-with-script")) button.hidden = false;
    }
  }

  function lookSoon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(look, WAIT_MS);
  }

  form.addEventListener("input", lookSoon);
  form.addEventListener("change", lookSoon);
  form.addEventListener("submit", (event) => {
    window.clearTimeout(timer);
    if (event.submitter && event.submitter.name === "save") return;
    event.preventDefault();
    look();
  });

  document.getElementById("add-exclusion").addEventListener("click", () => {
    const none = document.getElementById("no-exclusions");
    if (none) none.remove();
    const holder = document.createElement("div");
    holder.innerHTML = document.getElementById("new-exclusion").innerHTML.replaceAll("-NEW-", `-${2000 + added++}-`);
    const row = holder.firstElementChild;
    list.insertBefore(row, list.querySelector("template"));
    row.querySelector("select").focus();
  });
})();
