// Names the search fields of selects, which select2 makes without a label, after the label of their select.

"use strict";

const nameFields = () => {
  for (const field of document.querySelectorAll("#device_form .select2-search__field:not([aria-label])")) {
    const select = field.closest(".select2-container").parentElement.querySelector("select");
    const label = select && document.querySelector(`label[for="${select.id}"]`);
    if (label) field.setAttribute("aria-label", label.textContent.trim());
  }
};

// select2 is at work later than this script, and nobody says when.
document.addEventListener("DOMContentLoaded", () => {
  nameFields();
  new MutationObserver(nameFields).observe(document.getElementById("device_form"), { childList: true, subtree: true });
});
