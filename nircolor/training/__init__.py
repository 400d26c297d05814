"""Training: a recipe, pairs of files, one loop."""
