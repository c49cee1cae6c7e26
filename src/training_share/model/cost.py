"""What a training run costs: the formula, and one run by it.

    cost = FLOP / (peak FLOP/s x MFU x 3600 s/h) x price per GPU-hour

MFU is model FLOP utilization (Chowdhery et al. 2022, PaLM, appendix B). The two functions are the
only statement of the formula: estimates, traces and `cost` all call them.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training_share.errors import InputError, require_known, whole_number
from training_share.inputs.columns import reader
from training_share.inputs.quantities import blank, clean
from training_share.inputs.tables import PRICE, load
from training_share.model.draws import MOST_DRAWS, Quantity, drawn, one

SECONDS_PER_HOUR = 3600
Amount = Any  # a number, text in the notation, a distribution or samples


def gpu_hours(flop: Quantity, peak_flop_per_s: Quantity, mfu: Quantity) -> Quantity:
    """Return the GPU-hours of `flop` on chips with a dense peak of `peak_flop_per_s`, of which they
    reach the fraction `mfu`; all numbers, or arrays of one shape.

    >>> gpu_hours(3.6e24, 1e15, 0.25)
    4000000.0
    """
    return flop / (mfu * (peak_flop_per_s * SECONDS_PER_HOUR))


def cost_usd(gpu_hours: Quantity, price_usd_per_gpu_hour: Quantity) -> Quantity:
    """Return the cost of GPU-hours in USD; numbers, or arrays of one shape.

    >>> cost_usd(4e6, 2.5)
    10000000.0
    """
    return gpu_hours * price_usd_per_gpu_hour


def cost(
    flop: Amount,
    hardware: str = "h800-sxm-bf16",
    mfu: Amount | None = None,
    price_usd_per_gpu_hour: Amount | None = None,
    n_draws: int = 50_000,
    seed: int = 42,
    *,
    data_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Return the GPU-hours and the cost in USD of one training run.

    `flop`, `mfu` (a fraction) and the price are numbers or distributions, such as "0.15 to 0.35
    (p10-p90 lognormal)"; blank means the row of assumptions.csv, in the draws of `estimate`, and of
    the price the chip's own. `hardware` is a key of hardware.csv. The table has the columns
    gpu_hours and cost_usd and one row a draw; one row where every input is exact. Raises InputError
    for what cannot be, and for a price left blank of a chip that has none.

    >>> cost("1e25", mfu=0.4, price_usd_per_gpu_hour=2).round(-4).to_numpy().tolist()
    [[7020000.0, 14040000.0]]
    """
    tables = load(data_dir)
    n, seed = whole_number(n_draws, "n_draws", most=MOST_DRAWS), whole_number(seed, "seed", 0)
    require_known(hardware, tables.hardware, "hardware")

    def value(name: str, given: Amount | None) -> Quantity:
        row = tables.assumptions.get(name) or tables.schema["training_runs"].columns[name]
        if name != "flop" and blank(given):
            return drawn(seed, one(name), n, tables.assumptions[name].amount)
        try:
            read = reader(row.kind.removesuffix(" or key"))
            return drawn(seed, one(name), n, read(clean(given)))
        except ValueError as error:
            raise InputError(f"{name}: {error}") from None

    peak = drawn(seed, one(f"hardware/{hardware}"), n, tables.hardware[hardware].peak_flop_per_s)
    hours = gpu_hours(value("flop", flop), peak, value("mfu", mfu))
    price = price_usd_per_gpu_hour
    if blank(price):
        if not tables.is_priced(hardware):
            raise InputError(f"hardware.csv has no price of {hardware}; give {PRICE}")
        price = tables.hardware[hardware].price_usd_per_gpu_hour
    usd = cost_usd(hours, value(PRICE, price))
    index = pd.RangeIndex(np.size(usd), name="draw")
    return pd.DataFrame({"gpu_hours": hours, "cost_usd": usd}, index)
