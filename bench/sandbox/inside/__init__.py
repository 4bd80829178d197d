"""The code inside the sandbox: standard library alone, Python 3.9 or later, nothing from the rest of this project."""
