"""Python imports a module of this name before it runs a program; see `shift` beside it."""

from tests.as_of.shift import shift_this_process

shift_this_process()
