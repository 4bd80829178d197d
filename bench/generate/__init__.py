"""From problems to completions: nothing is lost, nothing is asked twice.

    run.py ─▶ prompt.py                what to ask, and the key under which an answer is kept
      ├─▶ journal.py                   append-only, one completion a line; what is there is not asked again
      ├─▶ client.py                    one request → one completion with one outcome
      └─▶ progress.py                  the live line
"""
