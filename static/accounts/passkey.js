// Of the pages with passkeys: says when one wasn't used, and hides what this browser can't do.

"use strict";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault(); // allauth would write it to the console
  for (const note of document.querySelectorAll("[data-passkey-failure]")) note.hidden = false;
});

document.addEventListener("DOMContentLoaded", () => {
  if (window.PublicKeyCredential) return;
  for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = true;
  for (const part of document.querySelectorAll("[data-no-passkey]")) part.hidden = false;
});
