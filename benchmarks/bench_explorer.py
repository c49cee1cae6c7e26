"""From a slider's movement to the new chart in the browser: `python benchmarks/bench_explorer.py
[COMPANY] [MOVES] [DRAWS] [SCENARIO]`.

The mouse holds the upper handle of the MFU slider and moves it by steps, without a release; the
time runs from the browser's own time of each movement until the page has painted the new chart.
Prints the median and the 90th percentile in
milliseconds, what of the median the kernel takes, and the kernel's memory before and after. The
handle is that of a company that rents chips: minimax or zai, not openai.
"""

import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from lab import browser_page, jupyter_lab, run_all
from screenshots import HEADING

from training_share.files import repo_root

WATCH = """() => {
  window.moved = window.painted = 0;
  document.addEventListener('mousemove', event => { window.moved = event.timeStamp; }, true);
  document.addEventListener('pointermove', event => { window.moved = event.timeStamp; }, true);
  let before = document.querySelector('.ts-chart').innerHTML;
  new MutationObserver(() => {
    const now = document.querySelector('.ts-chart').innerHTML;
    if (now === before) return;
    before = now;
    requestAnimationFrame(() => setTimeout(() => { window.painted = performance.now(); }, 0));
  }).observe(document.querySelector('.ts-chart').parentElement, {childList: true, subtree: true});
}"""
ASK = """async code => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const asked = kernel.requestExecute({code});
  let told = '';
  asked.onIOPub = message => { told += message.content.text || ''; };
  await asked.done;
  return told;
}"""
MEMORY = "print(open('/proc/self/status').read())"
KERNEL = """
import statistics, time
times = []
for k in range(15):
    start = time.process_time()
    explorer.controls["mfu"].value = f"0.{151 + 3 * k} to 0.36 (p10-p90 lognormal)"
    times.append(time.process_time() - start)
print(1e3 * statistics.median(times))
"""


class Measured(NamedTuple):
    """Milliseconds of each movement, those of the kernel in the median, and MB before and after."""

    times: list[float]
    kernel: float
    memory: tuple[float, float]


def measure(
    company: str, moves: int, draws: int = 50_000, scenario: str = "newsletter"
) -> Measured:
    """Return what `moves` movements of a slider took."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "notebooks")
        folder.mkdir()
        source = Path(shutil.copy(repo_root() / "notebooks" / "explorer.ipynb", folder))
        text = source.read_text(encoding="utf-8")
        text = text.replace(r"company: str = \"minimax\"", rf"company: str = \"{company}\"")
        text = text.replace(r"scenario: str = \"newsletter\"", rf"scenario: str = \"{scenario}\"")
        text = re.sub(r"n_draws: int = [\d_]+", f"n_draws: int = {draws}", text)
        source.write_text(text, encoding="utf-8")
        with jupyter_lab(folder, Path(scratch)) as server, browser_page(height=800) as page:
            run_all(page, server, "explorer.ipynb")
            handle = page.get_by_role("slider", name="MFU, p90", exact=True)
            handle.wait_for()
            for _ in range(2):  # widgets above that are still being laid out move it once more
                page.wait_for_timeout(1000)
                page.evaluate(HEADING, "What if")
            page.wait_for_timeout(1000)
            page.evaluate(WATCH)
            drag(page, handle, 10)  # what only the first movements pay
            before = memory(page)
            times = drag(page, handle, moves)
            page.wait_for_timeout(2000)
            after = memory(page)
            return Measured(times, float(page.evaluate(ASK, KERNEL)), (before, after))


def drag(page, handle, moves: int) -> list[float]:
    """Hold a handle and move it to and fro, each time by a place of the slider or more; return each
    time until the chart is painted."""
    box, before = handle.bounding_box(), None
    while box != before:  # a page that is still being laid out moves the handle away
        page.wait_for_timeout(500)
        box, before = handle.bounding_box(), box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    times = []
    for move in range(moves):
        # a zigzag, so that 500 movements find room; places are nine pixels apart
        page.mouse.move(x + 10 * (1 + move % 10), y)
        page.wait_for_function("window.painted > window.moved", polling=5)
        times.append(page.evaluate("window.painted - window.moved"))
    page.mouse.move(x, y)
    page.mouse.up()
    page.wait_for_timeout(500)
    return times


def memory(page) -> float:
    """Return the kernel's resident memory in MB."""
    return int(re.search(r"VmRSS:\s+(\d+)", page.evaluate(ASK, MEMORY))[1]) / 1024


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "minimax"
    count, draws = (int(word) for word in (*sys.argv[2:4], *("25", "50000")[len(sys.argv[2:4]) :]))
    measured = measure(chosen, count, draws, *sys.argv[4:5])
    times = sorted(measured.times)
    print(
        f"{chosen}: median {statistics.median(times):.0f} ms, 90th percentile"
        f" {times[int(0.9 * len(times))]:.0f} ms, {len(times)} movements while dragging,"
        f" {draws:,} draws; in the kernel {measured.kernel:.0f} ms; kernel's memory"
        f" {measured.memory[0]:.0f} MB before, {measured.memory[1]:.0f} MB after"
    )
