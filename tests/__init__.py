"""The tests, mirroring bench/; a package, so that helpers are imported by their full name."""
