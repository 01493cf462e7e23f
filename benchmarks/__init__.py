"""What `make bench` runs: ratios against a named alternative in one run, medians of several."""
