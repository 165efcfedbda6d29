"""One goal: its state, the commands to it, its events, and its alarms.

Four functions make all decisions about a goal: `decide`, `evolve`, `next_alarm` and `ring`. A change here can break the
replay of running goals. The tests in `tests/replay/` find out.
"""
