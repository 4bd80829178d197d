"""Running jobs in a sandbox: what a job is for, this package does not know.

    pool.py ─▶ instance.py      sandboxes, one a core, proved by probe_targets.py before they are used
      └─▶ kinds.py ─▶ docker.py, bubblewrap.py

All that runs in the sandbox stands in inside/.
"""
