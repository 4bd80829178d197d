"""From problems to completions: nothing is lost, nothing is generated twice.

    run.py ─▶ requests.py ─▶ prompt.py, model.py     the requests, and the keys under which answers are kept
      ├─▶ journal.py                                 append-only, one completion a line
      ├─▶ backend.py ─▶ http.py, command.py          a server or a program; balancer.py over several servers
      │     │            └─▶ stream.py ─▶ sse.py, chunk.py, loops.py         events → one answer (answer.py)
      │     └─▶ context_check.py                     whether a slot holds the prompts, how they end
      ├─▶ completion.py, canary.py                   one outcome for each; stop when the first are all lost
      └─▶ provenance.py                              run.json

Each answer is in the journal before the next one counts, whatever ends the run.
"""
