"""A draft of the next company, from Epoch AI's public data, for a person to complete."""

from training_share.new_company.command import main

__all__ = ["main"]
