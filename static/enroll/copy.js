// Copies the text of an element into the clipboard: <button data-copy="id of the element" data-copied="what to say">.
"use strict";

function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without TLS browsers offer no clipboard, but still copy what is selected.
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return Promise.resolve();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const icon = button.querySelector(".material-symbols-outlined");
  const label = button.getAttribute("aria-label");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await write(document.getElementById(button.dataset.copy).textContent);
    icon.textContent = "check";
    button.setAttribute("aria-label", button.dataset.copied);
    setTimeout(() => {
      icon.textContent = "content_copy";
      button.setAttribute("aria-label", label);
    }, 2000);
  });
}
