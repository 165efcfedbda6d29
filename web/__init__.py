"""What is HTTP: a request in, an answer out.

A route finds out who asks (`callers`), calls one method of `service/`, and returns its document. It decides nothing. `problems` turns
every error into an answer, `api/` holds the routes of programs. Imported by `web.py` and by `meguri up`.
"""
