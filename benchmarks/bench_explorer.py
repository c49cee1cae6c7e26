"""From a slider's release to the new chart in the browser: `python benchmarks/bench_explorer.py
[COMPANY] [MOVES]`.

A key moves a handle by one step, which is a release; the time runs until the page has decoded the
new picture. Each state is new, so that nothing comes from the cache. Prints the median and the 90th
percentile in milliseconds. The handle is that of MFU, which moves the chart of a company that rents
chips: minimax or zai, not openai.
"""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from lab import browser_page, jupyter_lab, run_all

from training_share.files import repo_root

MOVE = """async ([key]) => {
  const picture = () => document.querySelector("img[alt*='bars from 0 to 100%']");
  const handle = document.querySelectorAll('.widget-slider .noUi-handle')[1];
  const before = picture().src, start = performance.now();
  handle.focus();
  handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  while (picture().src === before) {
    if (performance.now() - start > 10000) throw new Error("the chart did not change within ten seconds");
    await new Promise(done => setTimeout(done, 1));
  }
  await picture().decode();
  const took = performance.now() - start;
  await window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo();
  return took;
}"""


def measure(company: str, moves: int) -> list[float]:
    """Return the milliseconds of each move at 50,000 draws."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "notebooks")
        folder.mkdir()
        source = shutil.copy(repo_root() / "notebooks" / "explorer.ipynb", folder)
        text = Path(source).read_text(encoding="utf-8")
        Path(source).write_text(
            text.replace(r"company: str = \"minimax\"", rf"company: str = \"{company}\""),
            encoding="utf-8",
        )
        with jupyter_lab(folder, Path(scratch)) as server, browser_page() as page:
            run_all(page, server, "explorer.ipynb")
            page.wait_for_selector(".widget-slider .noUi-handle")
            page.wait_for_timeout(1000)
            return [page.evaluate(MOVE, ["ArrowRight"]) for _ in range(moves)]


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "minimax"
    times = sorted(measure(chosen, int(sys.argv[2]) if len(sys.argv) > 2 else 25))
    print(
        f"{chosen}: median {statistics.median(times):.0f} ms, 90th percentile"
        f" {times[int(0.9 * len(times))]:.0f} ms, {len(times)} moves, 50,000 draws"
    )
