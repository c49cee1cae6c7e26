from training_share.site.pages import build

__all__ = ["build"]
