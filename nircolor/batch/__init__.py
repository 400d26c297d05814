"""A folder of pictures from end to end: ``folder.py`` has the verbs, and the others come in the order of the work.

job.py       what is asked for, checked        walk.py      which files there are, what outputs are called
plan.py      entries, before any work          run.py       manifest, events, ending early, the sum
entry.py     one picture: entry, row           result.py    what the verbs return
manifest.py  what was done, line by line       process.py   one entry -> one row, whatever happens
sheet.py     the contact sheet                 probe.py     sizes in pixels from headers alone

Who does the work (runners.py):
local.py     this process: read, colorize and write at the same time
spread.py    many workers that may die         worker.py    one of them
process_crew.py, ray_crew.py  where they are

Where pictures and manifests are (places.py):
disk.py, disk_log.py           a disk          storage.py, storage_log.py, remote.py  object storage

Runners differ in where they call the steps of ``process``; the manifest is written from the rows that it returns, in
one place.
"""
