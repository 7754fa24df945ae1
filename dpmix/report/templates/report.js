// One button for each group of cards: opens all of them, or closes them. Without scripts they open one by one.
for (const button of document.querySelectorAll("button[data-cards]")) {
  const cards = () => document.querySelectorAll(`#${button.dataset.cards} details`);
  button.hidden = cards().length < 2;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    for (const card of cards()) card.open = open;
    button.setAttribute("aria-pressed", String(open));
  });
}
