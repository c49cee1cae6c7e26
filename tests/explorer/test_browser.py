"""The explorer in a real JupyterLab and a real Chromium, worked by keyboard and mouse."""

import json
import re
import shlex
from contextlib import suppress

import pytest
from lab import browser_page, cells, chromium, jupyter_lab, run_all, shut_down
from packages import needed

from training_share.files import repo_root
from training_share.model.estimate import estimate
from training_share.report.sentences import answer
from training_share.report.text import interval, number

TimeoutError = needed("playwright.sync_api").TimeoutError
if not chromium():
    pytest.skip(
        "no Chromium found: install Debian's chromium, or run `playwright install chromium`",
        allow_module_level=True,
    )

DRAWS = 1000
SHOWS_RUNS = """expected => JSON.stringify([...document.querySelectorAll('.ts-runs tbody tr')]
  .map(row => [...row.children].map(cell => cell.textContent))) == expected"""
NAMES = """[...document.querySelectorAll(
    '.ts-explorer :is(input, select, button, [role=slider], [role=tab])')]
  .filter(one => one.offsetParent)
  .map(one => one.ariaLabel || one.labels?.[0]?.textContent || one.textContent.trim())"""


pytestmark = pytest.mark.slow  # a JupyterLab and a browser


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve a copy of the explorer's notebook with few draws, so that the checkout stays."""
    folder, name = tmp_path_factory.mktemp("notebooks"), "explorer.ipynb"
    text = (repo_root() / "notebooks" / name).read_text(encoding="utf-8")
    few = re.sub(r"n_draws: int = [\d_]+", f"n_draws: int = {DRAWS}", text)
    (folder / name).write_text(few, encoding="utf-8")
    with jupyter_lab(folder, tmp_path_factory.mktemp("server")) as running:
        yield running


def test_a_request_without_the_token_is_refused(server):
    assert server.status("/api/contents") == 403
    assert server.status("/api/contents", "wrong") == 403
    assert server.status("/api/contents", server.token) == 200


@pytest.fixture(scope="module")
def page(server):
    """Open the explorer's notebook, all of it run."""
    with browser_page() as opened:
        opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
        run_all(opened, server, "explorer.ipynb")
        opened.wait_for_selector(".noUi-handle[aria-label]")
        yield opened
        shut_down(opened)


def handle_of(page, label: str, end: str):
    """Return a handle by the name that a screen reader says."""
    return page.get_by_role("slider", name=f"{label}, {end}", exact=True)


def press(page, label: str, end: str, key: str, times: int) -> None:
    """Move a handle by arrow keys."""
    handle_of(page, label, end).focus()
    for _ in range(times):
        page.keyboard.press(key)


def chart_text(page) -> str:
    return page.locator(".ts-chart").get_attribute("aria-label")


def assert_shown(page, company: str, **settings) -> None:
    """Wait until the page says what the estimate of these settings says: sentence, chart's text,
    table of runs."""
    est = estimate(company, n_draws=DRAWS, **settings)
    sentence = re.sub(r"[*`]", "", answer(est)).replace("\n\n", "")
    page.wait_for_function(
        "text => [...document.querySelectorAll('.widget-html-content')]"
        ".some(part => part.textContent.trim() == text)",
        arg=sentence,
    )
    assert interval(est.summary(), prefix="share_") in chart_text(page)
    expected = [
        [name, *map(number, row)]
        for name, row in zip(est.cost_table().index, est.cost_table().to_numpy(), strict=True)
    ]
    with suppress(TimeoutError):  # the runs follow the sentence; the comparison says what misses
        page.wait_for_function(SHOWS_RUNS, arg=json.dumps(expected, separators=(",", ":")))
    rows = page.locator(".ts-runs tbody tr").all()
    assert [row.locator("th, td").all_text_contents() for row in rows] == expected


def test_every_control_has_a_name(page):
    """That a screen reader says, and no two that are shown the same."""
    names = page.evaluate(NAMES)
    assert all(names) and len(names) == len(set(names)), names
    assert {"Company", "MFU", "MFU, p10", "MFU, p90", "Leave out Hailuo", "Save figure"} <= {*names}


def test_explorer_by_keyboard_and_mouse(page):
    assert not [
        output
        for cell in cells(page)
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]
    assert_shown(page, "minimax")

    press(page, "MFU", "p10", "ArrowRight", 3)
    assert handle_of(page, "MFU", "p10").get_attribute("aria-valuetext") == "0.18"
    assert_shown(page, "minimax", mfu="0.18 to 0.35 (p10-p90 lognormal)")

    # the chart follows while the mouse holds the handle, and before it lets go
    before, box = chart_text(page), handle_of(page, "MFU", "p90").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y)
    page.wait_for_function(
        "text => document.querySelector('.ts-chart').getAttribute('aria-label') != text", arg=before
    )
    field = page.get_by_label("MFU", exact=True)
    assert re.fullmatch(r"0\.18 to 0\.\d+ \(p10-p90 lognormal\)", field.input_value())
    page.mouse.up()
    field.fill("0.18 to 0.33 (p10-p90 lognormal)")
    field.press("Enter")
    settings = {"mfu": "0.18 to 0.33 (p10-p90 lognormal)"}
    assert_shown(page, "minimax", **settings)

    page.get_by_label("Scenario").focus()
    page.keyboard.press("ArrowDown")
    settings["scenario"] = "appendix"
    assert_shown(page, "minimax", **settings)

    page.get_by_role("checkbox", name="Leave out Hailuo").focus()
    page.keyboard.press("Space")
    settings["exclude_groups"] = "hailuo"
    assert_shown(page, "minimax", **settings)

    before = chart_text(page)
    price = page.get_by_label("GPU price (USD per H800-hour)", exact=True)
    price.fill("3 to 1.5 (p10-p90 lognormal)")
    price.press("Enter")
    page.wait_for_selector("[role=alert]:has-text('GPU price (USD per H800-hour): ')")
    assert chart_text(page) == before
    price.fill("2 to 2.5 (p10-p90 lognormal)")
    price.press("Enter")
    settings["price_usd_per_gpu_hour"] = "2 to 2.5 (p10-p90 lognormal)"
    assert_shown(page, "minimax", **settings)
    assert not page.locator("[role=alert]").count()

    page.get_by_label("Run, worked out").focus()
    page.keyboard.press("ArrowDown")
    told = estimate("minimax", n_draws=DRAWS, **settings).trace("minimax-vl-01").attrs["sentence"]
    page.locator(".ts-explorer", has_text=told).wait_for()
    chain = page.locator(".widget-html-content", has_text=told)
    assert "Evidence: " in chain.inner_text()
    assert chain.locator("a").get_attribute("href").startswith("http")

    page.get_by_role("button", name="Copy papermill command").click()
    page.wait_for_selector("button:text-is('Copied')")
    command = page.evaluate("navigator.clipboard.readText()")
    assert command in page.locator("pre").all_text_contents()
    _, notebook, copy, *words = shlex.split(command)  # as test_pipeline.py runs papermill
    given = dict(zip(words[1::3], words[2::3], strict=True))
    assert (notebook, copy) == ("notebooks/minimax.ipynb", "explored_minimax.ipynb")
    exact = [given.pop(name) for name in ("figures_dir", "n_draws", "seed")]
    assert exact == ["explored_minimax", str(DRAWS), "42"] and {*words[::3]} == {"-p"}
    assert_shown(page, "minimax", **given)
