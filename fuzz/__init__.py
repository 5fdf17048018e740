"""Programs that try to break the others: fuzzing, a simulated network, floods. Nothing here is installed."""
