"""Instructions to many goals, from HR or from a change of the organisation, and the command for each goal."""
