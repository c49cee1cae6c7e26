"""Words that made readers stumble stay out; no notebook types a number that code computes."""

import json
import re

import pandas as pd

from training_share.files import repo_root

PROSE = pd.read_csv(repo_root() / "tests/report/prose.csv")  # what to avoid, what others wrote
TYPED = re.compile(r"(?:\$|USD )\d[\d.,]*\d|\$\d|\d[\d.,]*%")


def prose(path) -> str:
    """What a reader reads: Markdown and generated sentences of a notebook, else the whole file."""
    text = path.read_text("utf-8").partition("\n## 0.2.0")[0]  # a changelog's history stays
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        parts = [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]
        outputs = [output.get("data", {}) for c in cells for output in c.get("outputs", ())]
        parts += [data.get("text/markdown", "") for data in outputs]
        text = "\n".join(map("".join, parts))
    return text


def test_no_word_that_was_struck_out_comes_back():
    places = "*.md docs/*.md data/*.md tools/*.ipynb notebooks/**/*.ipynb src/**/words.toml"
    paths = [path for place in places.split() for path in repo_root().glob(place)]
    texts = {path: " ".join(prose(path).lower().split()) for path in paths}
    assert len(texts) > 30 and all(texts.values())
    for row in PROSE.query("kind == 'avoid'").itertuples():
        back = [str(path) for path, text in texts.items() if row.text in text]
        assert not back, f"'{row.text}' ({row.why}): {back}"


def test_the_readme_comes_to_its_first_command_within_130_words():
    top = (repo_root() / "README.md").read_text("utf-8").partition("```")[0]
    shown = re.sub(r"<picture>.*?</picture>|\]\([^)]*\)", "", top, flags=re.S)
    assert 80 < len(re.findall(r"[^\s|]*\w[^\s|]*", shown)) <= 130


def test_a_notebook_types_no_share_and_no_amount_that_code_computes():
    sources = {path.stem: prose(path) for path in repo_root().glob("notebooks/*.ipynb")}
    typed = {(name, number) for name, text in sources.items() for number in TYPED.findall(text)}
    assert typed == {
        *zip(*PROSE.query("kind == 'quoted'")[["where", "text"]].T.values, strict=True)
    }
