"""A folder of pictures from end to end.

walk.py      which files there are          names.py    what their outputs are called
plan.py      entries, before any work       probe.py    sizes in pixels from headers alone
manifest.py  what was done, line by line    lock.py     one batch a folder
process.py   one entry -> one status row    row.py      that row
local.py     many entries in this process: read, colorize and write at the same time
together.py  small pictures of one size in one pass of the network
spread.py    many entries over many workers that may die
worker.py    one of them                    processes.py, ray_runner.py  where they are
remote.py    folders on object storage      parts.py    the manifest there
outcome.py   counts, and failures by reason sheet.py    the contact sheet

Runners differ in where they call ``process``; the manifest is written from the rows that it returns, in one place.
"""
