"""Write the README's screenshot: `python benchmarks/screenshots.py [FOLDER]` (default: figures/).

explorer.png shows JupyterLab in a window 1280 pixels wide; with a FOLDER other than figures/ it is
also taken at 125% zoom (explorer_125.png) and part by part.
"""

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from lab import browser_page, jupyter_lab, run_all, shut_down

from training_share.files import repo_root

HEADING = """title => [...document.querySelectorAll('.jp-Notebook :is(h2, h3)')]
  .find(heading => heading.textContent.includes(title)).scrollIntoView()"""


def shoot(page, server, notebook: str, heading: str, path: Path, ready: str) -> None:
    """Run a notebook, bring a heading to the top, and write what the window shows."""
    run_all(page, server, notebook)
    page.wait_for_selector(ready)
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    show(page, heading, path)


def show(page, heading: str, path: Path) -> None:
    """Bring a heading to the top and write what the window shows."""
    for _ in range(2):  # widgets above that are still being laid out move it once more
        page.evaluate(HEADING, heading)
        page.wait_for_timeout(700)
    page.screenshot(path=path)


def main(target: Path) -> None:
    own = target.resolve() != (repo_root() / "figures").resolve()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(
            shutil.copytree(
                repo_root() / "notebooks",
                Path(scratch, "notebooks"),
                ignore=shutil.ignore_patterns("rendered"),
            )
        )
        with jupyter_lab(folder, Path(scratch)) as server:
            for zoom in (1.0, 1.25) if own else (1.0,):
                name = f"explorer{'' if zoom == 1 else '_125'}"
                with browser_page(height=800, zoom=zoom) as page:
                    shoot(
                        page,
                        server,
                        "explorer.ipynb",
                        "What if",
                        target / f"{name}.png",
                        ".noUi-handle",
                    )
                    if own:
                        page.locator(
                            ".jp-Notebook .widget-button"
                        ).first.scroll_into_view_if_needed()
                        page.screenshot(path=target / f"{name}_controls.png")
                        show(page, "Run by run", target / f"{name}_runs.png")
                        show(page, "Take it with you", target / f"{name}_command.png")
                    shut_down(page)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else repo_root() / "figures")
