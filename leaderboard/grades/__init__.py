"""The gradebook: from scores, notebooks and what people enter to points, by a policy that is data."""
