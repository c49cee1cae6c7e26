from training_share.explorer.app import explore

__all__ = ["explore"]
