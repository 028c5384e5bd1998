// The form of a device group: shows the rule only where there is one, and which devices it would take in.
"use strict";
(() => {
  const WAIT_MS = 400; // after the last key
  const box = document.querySelector(".gr-preview");
  const form = box && box.closest("form");
  if (!form) return;

  const part = (name) => box.querySelector(`[data-part="${name}"]`);
  const first = document.querySelector("#id_platforms_0");
  const rule = first && (first.closest("fieldset") || first.closest(".module"));
  let timer = 0;
  let asked = 0;

  const isRuled = () => form.querySelector('[name="kind"]:checked')?.value === "ruled";

  function show(answer) {
    part("text").textContent = answer.text;
    part("text").classList.toggle("wz-wrong", Boolean(answer.is_wrong));
    part("leave").textContent = answer.leave || "";
    part("sample").replaceChildren(
      ...answer.sample.map((device) => {
        const line = document.createElement("li");
        line.textContent = `${device.name} · ${device.serial_number} · ${device.platform}`;
        return line;
      }),
    );
  }

  async function ask() {
    const mine = ++asked;
    const body = new FormData(form);
    body.set("group", box.dataset.group);
    try {
      const answer = await fetch(box.dataset.url, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const found = await answer.json();
      if (mine === asked) show(found);
    } catch {
      if (mine === asked) show({ text: box.dataset.failed, is_wrong: true, sample: [] });
    }
  }

  function update() {
    for (const element of [box, rule]) if (element) element.classList.toggle("gr-hidden", !isRuled());
    clearTimeout(timer);
    if (isRuled()) timer = setTimeout(ask, WAIT_MS);
  }

  form.addEventListener("input", update);
  form.addEventListener("change", update);
  update();
})();
