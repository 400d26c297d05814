"""How good a colorizer is.

protocols.py   what is done to prediction and truth before they are measured
metrics.py     the columns; formulas in fidelity, ms_ssim, colour, seams, perceptual
methods.py     what is measured: folders of predictions, networks; baselines.py
runner.py      pairs x methods -> rows (results.py), condensed by summary.py
export.py      JSON and CSV; report/ the page
"""
