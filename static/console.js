// Of every page of the console: what select2 leaves out of the selects by search, so that screen readers know them;
// and the names of columns in narrow lists, which begin with a capital and have no more of them.

"use strict";

const labelOf = (select) => {
  const label = select && select.id && document.querySelector(`label[for="${select.id}"]`);
  return label ? label.textContent.trim() : "";
};

const nameFields = () => {
  for (const container of document.querySelectorAll("form .select2-container")) {
    const name = labelOf(container.parentElement.querySelector("select"));
    if (!name) continue;
    // An empty one is named by its own value otherwise: by nothing. The observer below sees no attributes.
    const shown = container.querySelector(".select2-selection--single > .select2-selection__rendered");
    if (shown) {
      const value = shown.title || shown.textContent.trim();
      shown.setAttribute("aria-label", value ? `${name}: ${value}` : name);
    }
    container.querySelector(".select2-search__field")?.setAttribute("aria-label", name);
    // The button that clears the choice stands among the items: no list has that.
    for (const part of container.querySelectorAll("ul.select2-selection__rendered, ul.select2-selection__rendered > li")) {
      part.setAttribute("role", "none");
    }
  }
  // The field of one that is open hangs elsewhere.
  const field = document.querySelector("body > .select2-container .select2-search__field");
  const open = document.querySelector("form .select2-container--open");
  if (field && open) field.setAttribute("aria-label", labelOf(open.parentElement.querySelector("select")));
};

// select2 is at work later than this script, and nobody says when.
document.addEventListener("DOMContentLoaded", () => {
  for (const cell of document.querySelectorAll("#result_list td[data-label], #result_list th[data-label]")) {
    const name = cell.dataset.label;
    cell.dataset.label = name.charAt(0).toUpperCase() + name.slice(1);
  }
  nameFields();
  new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });
});
