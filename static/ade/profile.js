// The form of an enrollment profile: ticks all the steps of a group, or none.

for (const group of document.querySelectorAll("[data-steps]")) {
    for (const button of group.querySelectorAll("button[data-tick]")) {
        button.hidden = false;
        button.addEventListener("click", () => {
            for (const box of group.querySelectorAll("input[type=checkbox]")) {
                box.checked = button.dataset.tick === "all";
            }
        });
    }
}
