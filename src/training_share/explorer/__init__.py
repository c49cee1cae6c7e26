from training_share.errors import needs

with needs("explorer", "the explorer's controls"):
    from training_share.explorer.app import Explorer as Explorer
