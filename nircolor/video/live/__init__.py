"""Inputs that do not end: cameras and addresses."""
