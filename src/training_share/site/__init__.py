"""Pages to read and files to take away."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `training-share site`; see `pages.main`."""
    from training_share.site import pages  # takes a while to import

    return pages.main(arguments)


__all__ = ["main"]
