"""A course over HTTP: the API that the command line speaks, and the pages."""
