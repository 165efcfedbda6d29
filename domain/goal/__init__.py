"""One goal: what it is, what can be asked of it, what happens to it, and what time does.

`decide`, `evolve`, `next_alarm` and `ring` carry the whole business. A change here can break the replay of running goals:
`tests/replay/` says so.
"""
