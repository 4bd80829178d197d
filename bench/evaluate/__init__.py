"""Verdicts on samples: EvalPlus's, faster, and from inside a sandbox.

    run.py ─▶ samples_file.py, cache.py, results.py, log.py      what was asked, what is known, what is written
      │
      ├─▶ truth.py ─▶ task.py          what the canonical solutions return, computed once a dataset
      └─▶ graders.py                   who grades: this machine, or cluster.py ─▶ session.py on each worker
            └─▶ pool.py ─▶ lane.py     sandboxes, one a core ─▶ sandbox.py ─▶ docker.py, bubblewrap.py
                  │
                grade.py ─▶ judge.py ─▶ rules.py, decode.py      no model code runs here

All that runs in the sandbox stands in inside/; it never holds an expected output.
"""

GRADER_VERSION = "2"
"""Verdicts of another version are not reused; raise it when a verdict could change."""
