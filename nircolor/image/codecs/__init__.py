"""Formats that are decoded whole, and what their files are made of: PNG, JPEG, WebP, JPEG 2000, camera raw, ..."""
