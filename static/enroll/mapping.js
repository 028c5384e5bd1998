// Helps with the mapping form (templates/enroll/mapping.html): what it checks here, the server checks again.
"use strict";
(() => {
  const form = document.getElementById("mapping");
  const format = document.querySelector("form[data-preview]");
  const FIXED = "fixed";

  function columnSelects() {
    return [...form.querySelectorAll('select[name^="column-"], select[name^="second-"]')];
  }

  // A column that is chosen twice, or a value that is missing, is said at its field and keeps the form back.
  function judge() {
    const uses = new Map();
    for (const select of columnSelects()) {
      if (/^\d+$/.test(select.value) && isOn(select)) uses.set(select.value, (uses.get(select.value) || 0) + 1);
    }
    for (const row of form.querySelectorAll(".wz-map-row")) {
      const first = row.querySelector('select[name^="column-"]');
      const fixed = row.querySelector('[name^="fixed-"]');
      let wrong = "";
      for (const select of row.querySelectorAll('select[name^="column-"], select[name^="second-"]')) {
        const isTwice = isOn(select) && uses.get(select.value) > 1;
        const text = isTwice ? form.dataset.usedTwice.replace("%s", select.selectedOptions[0].dataset.header) : "";
        select.setCustomValidity(text);
        select.setAttribute("aria-invalid", String(isTwice));
        wrong = wrong || text;
      }
      if (fixed) {
        const isMissing = first.value === FIXED && !fixed.value.trim();
        fixed.setCustomValidity(isMissing ? form.dataset.noValue : "");
      }
      row.querySelector(".wz-wrong").textContent = wrong;
    }
    for (const item of form.querySelectorAll(".wz-keep > li")) {
      item.classList.toggle("is-used", uses.has(item.querySelector("input").value));
    }
  }

  // The second column of a field counts only beside a first one.
  function isOn(select) {
    if (!select.name.startsWith("second-")) return true;
    return /^\d+$/.test(form.elements[select.name.replace("second-", "column-")].value);
  }

  function showParts(row) {
    const first = row.querySelector('select[name^="column-"]');
    const second = row.querySelector('[data-part="second"]');
    const fixed = row.querySelector('[data-part="fixed"]');
    if (second) second.hidden = !/^\d+$/.test(first.value);
    if (fixed) fixed.hidden = first.value !== FIXED;
  }

  if (form) {
    for (const row of form.querySelectorAll(".wz-map-row")) {
      showParts(row);
      row.addEventListener("change", () => {
        row.querySelector(".wz-map-reason").textContent = ""; // it told about the choice that was here before
        showParts(row);
        judge();
      });
      row.addEventListener("input", judge);
    }
    // Not at the start: there the server's own words stand at the fields.
    if (!form.querySelector(".wz-wrong:not(:empty)")) judge();
  }

  if (format) {
    const place = document.getElementById("preview");
    let latest = 0;
    format.addEventListener("change", async () => {
      latest += 1;
      const mine = latest;
      const data = new FormData(format);
      data.delete("csrfmiddlewaretoken");
      const answer = await fetch(`${format.dataset.preview}?${new URLSearchParams(data)}`).catch(() => null);
      if (answer === null || mine !== latest) return; // a later choice was faster, or there is no connection
      if (answer.redirected) return window.location.reload(); // signed out
      place.innerHTML = await answer.text();
      return undefined;
    });
  }
})();
