"""Frozen networks that look at pictures for others: LPIPS and VGG-19, as losses and as metrics; their files."""
