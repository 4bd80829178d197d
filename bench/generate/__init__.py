"""From problems to completions: nothing is lost, nothing is asked twice.

    run.py ─▶ wanted.py ─▶ prompt.py, model.py    what to ask, and the key under which an answer is kept
      ├─▶ journal.py                              append-only, one completion a line; what is there is not asked again
      ├─▶ source.py ─▶ client.py, command.py      who answers: one request → one answer, by a server or a program
      ├─▶ completion.py, canary.py                one outcome for each; stop when the first are all lost
      └─▶ provenance.py                           run.json

Whatever ends a generation, what was answered before is in the journal.
"""
