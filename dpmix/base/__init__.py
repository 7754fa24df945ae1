"""What everything else stands on: errors, checks, files, progress. Knows nothing of mixtures."""
