"""Reasons that the program itself gives where people would write theirs: codes, whose words are in texts/ (`reason.<code>`)."""

_OURS = "meguri:"  # no person's reason begins like this

END_OF_CYCLE = f"{_OURS}end_of_cycle"
RULES_AT_JOINING = f"{_OURS}rules_at_joining"
LEFT = f"{_OURS}left"
AWAY = f"{_OURS}away"
PROVISIONED = f"{_OURS}provisioned"
