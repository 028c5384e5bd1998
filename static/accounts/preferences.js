// Of the preferences: a field to type into above the many time zones.

"use strict";

window.addEventListener("DOMContentLoaded", () => {
  for (const select of document.querySelectorAll("select[data-searchable]")) {
    window.jQuery(select).select2({ width: "100%" });
  }
});
