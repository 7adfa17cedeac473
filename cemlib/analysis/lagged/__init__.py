"""The steps of a lagged correlation: align, take out the season, whiten, scan the lags, rotate, bootstrap, ask what precedes."""
