// ipywidgets gives a handle no name and reads 0.15 out as 0.15000000000000002; JupyterLab takes the arrow keys.
(window.trainingShareNames ??= new MutationObserver(() => {
  for (const handle of document.querySelectorAll(".ts-explorer .noUi-handle")) {
    const name = handle.closest(".widget-hbox").querySelector("label").textContent;
    const value = String(+(+handle.getAttribute("aria-valuetext")).toPrecision(6));
    handle.ariaLabel ??= name + (handle.dataset.handle == 0 ? ", p10" : ", p90");
    if (handle.getAttribute("aria-valuetext") != value) handle.setAttribute("aria-valuetext", value);
  }
  for (const taker of document.querySelectorAll(".ts-explorer :is(select, input, .noUi-handle)"))
    taker.dataset.lmSuppressShortcuts = "true";
})).observe(document, {childList: true, subtree: true, attributeFilter: ["aria-valuetext"]});
