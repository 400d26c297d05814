"""Which grey a stored value becomes: range, stretch, ranks, profiles, and whether three channels are grey."""
