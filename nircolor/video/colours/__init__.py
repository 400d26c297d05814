"""Colours that stay as they are from frame to frame."""
