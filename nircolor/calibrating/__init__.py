"""Weights made right for one camera, from a few of its pairs, without training."""
