"""``nircolor serve``: a page in a browser and ``POST /colorize`` for other programs, on this machine alone.

    serve.py       the verb: listens, starts the worker, ends in a second
      app.py       routes; guard.py: who may ask, and what a browser may load
        requests.py    one request from its first byte to the last of its answer; desk.py: who is next
          uploads.py     the form, streamed to a file and counted
          worker.py      the process that colorizes, from here; work.py: the same from within
          answers.py     pictures and errors as HTTP

Pictures are colorized in a process of its own: one that hangs or crashes is replaced, and the server lives on.
"""
