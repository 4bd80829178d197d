"""Solutions made elsewhere: found in files and archives, read in any known format, and matched with their problems.

    files.py, archives.py ─▶ rows.py, formats.py ─▶ tasks.py (the problem) ─▶ solutions.py (the code)
                                                                             ─▶ collection.py (all problems)

Code is taken byte for byte, as EvalPlus grades it. Only chat answers and solutions inside Markdown fences go through
extraction. The files are never written.
"""
