// The button of a report for paper.

"use strict";

document.getElementById("print").addEventListener("click", () => window.print());
