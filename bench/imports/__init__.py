"""Solutions made elsewhere: found in files and archives, read in any known format, and matched with their problems.

    files.py, archives.py ─▶ rows.py, formats.py ─▶ tasks.py (of which problem?) ─▶ solutions.py (code, or what?)
                                                                                   ─▶ collection.py (one a problem)

Code is taken as it is: whoever wrote it, and EvalPlus, grade these very bytes. Only what is not code yet goes through
extraction: chat answers, and solutions inside Markdown fences. Nothing that is read here is ever written.
"""
