"""From an archive to a report: sandbox, protocols, scores."""
