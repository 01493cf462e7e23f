"""Pure functions of arrays: metrics and the statistics of the board."""
