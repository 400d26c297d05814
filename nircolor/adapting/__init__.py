"""Weights fine-tuned on a user's own pairs, in minutes, as far as scenes that were left out say that it helps."""
