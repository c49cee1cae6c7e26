if (!window.trainingShareKeys) {
  window.trainingShareKeys = true;
  document.addEventListener("focusin", event => {
    if (event.target.closest(".jupyter-widgets")) event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  });
}
