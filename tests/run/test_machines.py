"""What the pipeline writes does not depend on the processor."""

import os
import subprocess
import sys

import pytest

from training_share.files import repo_root

OTHER_PROCESSORS = {
    "without AVX-512": {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"},
    "without AVX2, another BLAS kernel": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("settings", OTHER_PROCESSORS.values(), ids=OTHER_PROCESSORS)
def test_another_processor_writes_the_committed_files(settings, tmp_path):
    """The regressions and the audit, whose last bits differ most."""
    command = [sys.executable, "-m", "training_share.pipeline", "closed_models", "audit"]
    subprocess.run(
        [*command, "--out", str(tmp_path)],
        env=os.environ | settings,
        check=True,
        capture_output=True,
        timeout=300,
    )
    written = {
        path.relative_to(tmp_path)
        for folder in ("rendered", "figures")
        for path in (tmp_path / folder).iterdir()
    }
    assert len(written) == 2 + 3 * 7  # notebooks, and figures as PNG, SVG and CSV
    for path in sorted(written):
        committed = repo_root() / ("notebooks" if path.suffix == ".ipynb" else "") / path
        assert (tmp_path / path).read_bytes() == committed.read_bytes(), path
