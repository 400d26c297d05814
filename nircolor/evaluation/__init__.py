"""How good a colorizer is: metrics as pure functions."""
