"""Settings and how a change follows, without widgets; what a reader takes along."""

import shlex

import pytest
import yaml
from arithmetic import NEWSLETTER

from training_share.errors import InputError
from training_share.explorer.settings import (
    Settings,
    call,
    command,
    follow,
    in_words,
    parameters_yaml,
)
from training_share.files import repo_root
from training_share.inputs.tables import load
from training_share.model.estimate import estimate
from training_share.run import parameters_of

NOTEBOOKS = repo_root() / "notebooks"
BASE = load()
MFU = "0.2 to 0.3 (p10-p90 lognormal)"


def settings(company="minimax", scenario="newsletter", **given):
    return Settings.of(estimate(company, scenario, 500, **given))


def test_settings_are_the_parameters_of_every_notebook():
    for company in NEWSLETTER:
        told = set(parameters_of(NOTEBOOKS / f"{company}.ipynb"))
        assert told >= {*settings(company).parameters, "figures_dir"}
    told = set(parameters_of(NOTEBOOKS / "explorer.ipynb"))
    assert told == {"company", "figures_dir", *settings().parameters}


def test_a_value_is_kept_and_the_scenarios_own_is_none():
    one = settings()
    other = follow(one, {"mfu": MFU})
    assert other.told["mfu"] == MFU and "mfu" not in one.told  # nothing changes in place
    assert other.offer is one.offer  # nor is worked out anew while dragging
    for blank in ("0.15 to 0.35 (p10-p90 lognormal)", " "):
        assert "mfu" not in follow(other, {"mfu": blank}).told


def test_another_company_takes_what_does_nothing_for_it():
    one = settings(mfu=MFU, exclude_groups="hailuo", corrections="m2.1-fp8,release-lag")
    other = follow(one, {"company": "openai"})
    assert other.told == {
        "scenario": "newsletter",
        "n_draws": 500,
        "seed": 42,
        "corrections": "release-lag",
    }
    assert follow(one, {"company": "zai"}).given == {"mfu": MFU}


def test_another_scenario_brings_its_corrections_and_takes_the_others():
    one = settings(corrections="m1-rl-reported-hours,release-lag")
    careful = follow(one, {"scenario": "careful"})
    assert careful.corrections == (*BASE.scenario_corrections("careful"), "release-lag")
    assert careful.told["corrections"] == "release-lag"  # the other is in the scenario
    assert follow(careful, {"scenario": "newsletter"}).corrections == ("release-lag",)


def test_a_correction_of_the_scenario_can_be_left_out():
    careful = settings(scenario="careful")
    kept = [name for name in careful.corrections if name != "m1-rl-reported-hours"]
    less = follow(careful, {"corrections": kept})
    assert less.left_out == ("m1-rl-reported-hours",) and less.scenario == "careful"
    assert less.told["scenario"] == "newsletter" and less.told["corrections"] == ",".join(kept)
    again = follow(less, {"corrections": [*kept, "m1-rl-reported-hours"]})
    assert again.parameters == careful.parameters
    assert less.untouched.parameters == careful.parameters


def test_of_corrections_that_exclude_each_other_the_last_one_stands():
    one = follow(settings("zai"), {"corrections": ["drop-glm-4.6"]})
    other = follow(one, {"corrections": ["drop-glm-4.6", "glm-4.6-full-run"]})
    assert other.corrections == ("glm-4.6-full-run",)


def test_untouched_has_nothing_set_and_asks_for_the_scenario():
    """An estimate with values of its own, asked again, returns to the scenario's."""
    given = {"mfu": MFU, "release_lag_months": 0, "corrections": "add-glm-z1", "seed": 7}
    est = estimate("zai", "appendix", 500, **given)
    untouched = Settings.of(est).untouched
    assert untouched.told == {"scenario": "appendix", "n_draws": 500, "seed": 7}
    again = est.again(**untouched.parameters)
    assert again.share_quantiles == estimate("zai", "appendix", 500, seed=7).share_quantiles


def test_digits_are_a_seed_and_anything_else_is_left_to_be_refused():
    assert follow(settings(), {"seed": " 7 "}).seed == 7
    assert follow(settings(), {"seed": "-7"}).seed == "-7"


EXAMPLES = [
    {"company": "minimax"},
    {"company": "openai", "scenario": "careful", "seed": 0},
    {
        "company": "zai",
        "scenario": "appendix",
        "seed": 7,
        "corrections": "add-glm-z1",
        "mfu": MFU,
        "cny_per_usd": "7.1",
        "release_lag_months": "0",
        "spending_start": "2024-01-01",
        "spending_end": "2024-12-31",
    },
    {"company": "minimax", "exclude_groups": "hailuo", "rl_fraction": "0.1"},
]


@pytest.mark.parametrize("asked", EXAMPLES)
def test_command_file_and_call_reproduce_the_settings(asked):
    from papermill.cli import _resolve_type

    one, summary = settings(**asked), estimate(n_draws=500, **asked).summary()
    words = shlex.split(command(one))
    company = asked["company"]
    assert words[:3] == ["papermill", f"notebooks/{company}.ipynb", f"explored_{company}.ipynb"]
    given = {
        name: _resolve_type(value) for name, value in zip(words[4::3], words[5::3], strict=True)
    }
    assert given.pop("figures_dir") == f"explored_{company}"
    assert estimate(company, **given).summary().equals(summary)
    told = yaml.safe_load(parameters_yaml(one))
    assert told.pop("figures_dir") == f"explored_{company}" and told == one.told
    import training_share as ts

    assert eval(call(one), {"ts": ts}).summary().equals(summary)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mfu": "0.4 to 0.2 (p10-p90 lognormal)"}, "MFU: '0.4 to 0.2 (p10-p90 lognormal)'"),
        ({"mfu_rl": "0.1 to 0.2"}, "RL MFU: "),
        ({"price_usd_per_gpu_hour": "cheap"}, "GPU price (USD per H800-hour): 'cheap'"),
        ({"release_lag_months": "2.5"}, "Release lag (months): '2.5'"),
        ({"cny_per_usd": "0"}, "CNY per USD: '0'"),
        ({"seed": "seven"}, "Seed: expected a whole number"),
        ({"spending_start": "2024-02-01"}, "Z.ai, R&D compute: the disclosed periods cannot be"),
        (
            {"spending_start": "2025-01-01", "spending_end": "2024-12-31"},
            "Spending window: Spending to lies before Spending from",
        ),
    ],
)
def test_a_refusal_speaks_of_controls(change, said):
    one = follow(settings("zai"), change)
    with pytest.raises(InputError) as refusal:
        estimate("zai", **one.parameters)
    told = in_words(str(refusal.value), one)
    assert told.startswith(said) and ".csv" not in told


def test_evidence_is_the_scenarios_until_it_is_changed():
    careful = follow(settings(), {"scenario": "careful"})
    own = BASE.scenario_evidence("careful")
    assert list(careful.evidence) == own and careful.parameters["evidence"] == ""
    less = follow(careful, {"evidence": own[1:]})
    assert less.parameters["evidence"] == ",".join(less.evidence) and own[0] not in less.evidence
    none = follow(careful, {"evidence": []})
    assert none.parameters["evidence"] == "none"
    assert estimate("minimax", **none.parameters).weights is None
    assert follow(none, {"scenario": "newsletter"}).parameters["evidence"] == ""


def test_evidence_stays_where_a_correction_of_the_scenario_is_unticked():
    careful = follow(settings(), {"scenario": "careful"})
    kept = [name for name in careful.corrections if name != "m1-rl-reported-hours"]
    less = follow(careful, {"corrections": kept})
    assert less.parameters["evidence"] == ",".join(careful.evidence)
