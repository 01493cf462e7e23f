"""Never loaded: the benchmark trains alone."""
