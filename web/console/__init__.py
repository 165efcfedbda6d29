"""The console: pages for HR, owners, approvers, auditors and administrators, by noun.

A page calls the same operations of `service/` as the API. It works without JavaScript: what `meguri.js` adds is comfort. Templates
are in `web/pages/`. `visit.py` says who is at a page, `route.py` makes a page of an error, `forms.py` reads what somebody typed.
"""
