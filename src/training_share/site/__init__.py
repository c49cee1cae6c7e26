"""Pages to read and files to take away."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from training_share.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `training-share site`: build the site of the project, or of a run made with --out, and
    return the exit status: 0 done, 2 refused."""
    from training_share.site.pages import build  # takes a while to import

    parser = argparse.ArgumentParser(
        prog="training-share site", description="Build the pages to read, from what has run."
    )
    parser.add_argument("run", nargs="?", help="folder of a run made with --out; then RUN/site")
    parser.add_argument("--out", help="folder of the site (default: site/)")
    parser.add_argument("--base-url", default="", help="address of the site, for previews of links")
    options = parser.parse_args(arguments)
    try:
        folder = Path(options.run).expanduser() if options.run else None
        where = (folder / "rendered", folder / "figures") if folder else ("", "")
        out = options.out or (folder / "site" if folder else "")
        print(f"site: {build(*where, out, base_url=options.base_url)}")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


__all__ = ["main"]
