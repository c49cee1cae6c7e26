"""Words that made readers stumble stay out; no notebook types a number that code computes."""

import json
import re

from training_share.files import repo_root

AVOID = {  # what an editor struck out, and what to say
    "which share": "what share: it is an amount",
    "read off": "from what it is estimated",
    "as printed": "who printed it",
    "in force": "which estimate uses it",
    "draws in ten": "the likely range, or nine in ten simulations",
    "luck of the draw": "random noise, or Monte Carlo error",
    "it is what one believes": "which belief, and what it does",
    "to take away": "the answer, once, at the top",
    "drawing, numbers": "nothing: seven links below every chart that nobody follows",
    "stands on": "rests on, or uses",
}
TYPED = re.compile(r"(?:\$|USD )\d[\d.,]*\d|\$\d|\d[\d.,]*%")
QUOTED = {  # what others wrote: Ai2's paper, the newsletter, the press
    "ai2.ipynb": ["82%", "91%"],
    "comparison.ipynb": ["12.3%", "22.6%", "9.6%"],
    "minimax.ipynb": ["$141", "$180"],
    "openai.ipynb": ["$1", "$3", "$4", "$6"],
    "sensitivity.ipynb": ["$1.50", "$3.00", "15%", "35%"],
    "zai.ipynb": ["$216", "$291"],  # the second adds filed periods
}


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
    texts = {path: prose(path) for of in places.split() for path in repo_root().glob(of)}
    assert len(texts) > 30 and all(texts.values())
    plain = {path: " ".join(text.lower().split()) for path, text in texts.items()}
    back = {word: path for path, text in plain.items() for word in AVOID if word in text}
    assert not back, {f"{path}: {word}": AVOID[word] for word, path in back.items()}


def test_the_readme_comes_to_its_first_command_within_130_words():
    top = (repo_root() / "README.md").read_text("utf-8").partition("```")[0]
    shown = re.sub(r"<picture>.*?</picture>|\]\([^)]*\)", "", top, flags=re.S)
    assert 80 < len(re.findall(r"[^\s|]*\w[^\s|]*", shown)) <= 130


def test_a_notebook_types_no_share_and_no_amount_that_code_computes():
    sources = {path.name: prose(path) for path in repo_root().glob("notebooks/*.ipynb")}
    typed = {name: sorted({*TYPED.findall(text)}) for name, text in sources.items()}
    assert {name: found for name, found in typed.items() if found} == QUOTED
