"""What on a board looks alike: evidence in, findings out, for a human to look at."""
