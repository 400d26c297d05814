"""How good a colorizer is.

evaluate.py    the verb: data set x methods -> results; specs.py: what is measured, outputs.py: what is written
protocols.py   what is done to prediction and truth before they are measured
metrics.py     the columns; formulas in fidelity, ms_ssim, colour, seams, perceptual
methods.py     what is measured: folders of predictions, networks; baselines.py
runner.py      pairs x methods -> rows, condensed by summary.py
results.py     rows and all that belongs to them, as text, JSON and CSV; report/ the page
"""
