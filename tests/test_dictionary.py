"""The data dictionary, the licences and the citation say what the tables say."""

import datetime
from pathlib import Path

import pytest
import yaml

from training_share.dictionary import dictionary
from training_share.schema import MODELS
from training_share.tables import load, repo_root

ROOT = Path(repo_root())


def test_the_committed_dictionary_is_the_generated_one():
    committed = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert committed == dictionary(), "run python -m training_share.dictionary"


@pytest.mark.parametrize("table", MODELS)
def test_every_column_is_described(table):
    section = dictionary().split(f"\n## {table}\n")[1].split("\n## ")[0]
    for column, field in MODELS[table].model_fields.items():
        line = next(line for line in section.splitlines()
                    if line.startswith("|") and f"`{column}`" in line.split("|")[1])
        content, meaning = line.split("|")[2:4]
        assert content.strip() and meaning.strip() == field.description


def test_citation_names_the_sources_it_rests_on():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    urls = {row.url for row in load()["sources"].values()}
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= reference.keys()
        assert reference["url"] in urls
        assert isinstance(reference.get("date-published", datetime.date.today()), datetime.date)
    assert {row.url for row in load()["sources"].values() if row.licence == "CC BY 4.0"} <= {
        reference["url"] for reference in citation["references"]}


def test_data_licence_gives_the_attribution_of_every_cc_by_source():
    text = (ROOT / "data" / "LICENSE.md").read_text(encoding="utf-8")
    for row in load()["sources"].values():
        if row.licence == "CC BY 4.0":
            assert row.publisher in text and row.url in text and row.title.lower() in text.lower()


def test_every_assumption_the_method_needs_is_named_in_it():
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    only_for_corrections = {"post_training_rl_fraction"}
    for name in set(load()["assumptions"]) - only_for_corrections:
        assert f"[`{name}`](../data/assumptions.csv)" in text, name
