/* Names for screen readers: of the arrows that open a part of the sidebar, and of pictures in the gallery that are links. */
document.addEventListener("DOMContentLoaded", () => {
  for (const arrow of document.querySelectorAll(".has-children > details > summary")) {
    const link = arrow.closest(".has-children").querySelector("a");
    arrow.setAttribute("aria-label", `Pages under ${link.textContent.trim()}`);
  }
  for (const picture of document.querySelectorAll(".sphx-glr-thumbcontainer")) {
    const title = picture.querySelector(".sphx-glr-thumbnail-title").textContent.trim();
    picture.querySelectorAll("a").forEach((link) => link.setAttribute("aria-label", title));
  }
});
