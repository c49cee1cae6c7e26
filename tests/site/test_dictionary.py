"""The data dictionary, the licences and the citation say what the tables say."""

import datetime
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from training_share.files import repo_root
from training_share.inputs.columns import COLUMNS
from training_share.inputs.notation import parse
from training_share.inputs.tables import load
from training_share.site.dictionary import dictionary

ROOT = Path(repo_root())


def test_the_committed_dictionary_is_the_generated_one():
    committed = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert committed == dictionary(), "run python -m training_share.site.dictionary"


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_is_described(table):
    section = dictionary().split(f"\n## {table}\n")[1].split("\n## ")[0]
    for column, field in COLUMNS[table].items():
        rows = [line.split("|") for line in section.splitlines() if line.startswith("|")]
        content, meaning = next(row[2:4] for row in rows if f"`{column}`" in row[1])
        assert re.match(r"\w|`|\[", content.strip()) and meaning.strip() == field.description


def test_the_walk_gives_the_numbers_of_the_tables():
    text = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    text = " ".join(text.split("## Walk a number back")[1].split("\n## ")[0].split())
    shares = pd.read_csv(ROOT / "figures" / "training_share.csv")
    shares = shares.query("scenario == 'newsletter' and label == 'MiniMax'")
    share, cost, compute = shares[["share_p50", "training_cost_p50", "rd_compute"]].iloc[0]
    runs = pd.read_csv(ROOT / "figures" / "minimax_cost.csv", index_col="run")
    runs, tables = runs.query("runs == 1")["p50"].nlargest(2), load()
    factor, mfu, price = (
        parse(tables["assumptions"][name].value).quantile(0.5)
        for name in ("post_training_factor", "mfu", "price_usd_per_gpu_hour")
    )
    run = tables["training_runs"]["minimax-text-01"]
    peak = tables["hardware"][run.hardware].peak_flop_per_s.value
    priced = run.flop.value * factor / (peak * mfu * 3600) * price / 1e6
    periods = [
        f"{tables['spending'][f'minimax/rd_compute/{period}'].amount_millions}"
        for period in ("FY2024", "9M2024", "9M2025")
    ]
    for words in (
        f"{100 * share:.1f}%",
        f"USD {cost:.1f} million",
        f"USD {compute:.3f} million",
        "{} - {} + {}".format(*periods),
        f"{runs.index[0]} (USD {runs.iloc[0]:.1f} million) and {runs.index[1]}",
        f"and {runs.index[1]} ({runs.iloc[1]:.1f})",
        f"{run.flop.value:.4g} FLOP (source `{run.source_id}`)".replace("+", ""),
        f"on `{run.hardware}`",
        f"{peak:.3g} FLOP/s".replace("+", ""),
        f"factor of {factor:.3f}",
        f"`mfu` of {mfu:.3f}",
        f"USD {price:.2f} an hour",
        f"gives {priced:.1f}.",
    ):
        assert words in text, words
    assert cost / compute == pytest.approx(share)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / "docs" / target).exists(), target


def test_citation_names_the_sources_it_rests_on():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    sources, cited = load()["sources"].values(), {one["url"] for one in citation["references"]}
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= reference.keys()
        assert isinstance(reference.get("date-published", datetime.date.today()), datetime.date)
    assert {row.url for row in sources if row.licence == "CC BY 4.0"} <= cited
    assert cited <= {row.url for row in sources}


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
