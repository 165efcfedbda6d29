"""The test modules that run as of other days, and those that need not. tests/test_as_of.py finds modules in neither list."""

# Their results are days: steps, reviews, alarms, years of business, leave, last days.
EVERY_DAY = (
    "tests/acceptance/test_one_goal.py",
    "tests/acceptance/test_quarter.py",
    "tests/acceptance/test_spread.py",
    "tests/acceptance/test_untouched_goal.py",
    "tests/cli/cycle/test_cycle.py",
    "tests/cli/cycle/test_fiscal_year.py",
    "tests/cli/cycle/test_single_days.py",
    "tests/cli/goal/test_leavers.py",
    "tests/cli/goal/test_whole_path.py",
    "tests/service/test_leave.py",
    "tests/service/test_leavers.py",
    "tests/workflows/test_cycle.py",
    "tests/workflows/test_goal.py",
    "tests/workflows/test_leavers.py",
)

# They only need a cycle that is launched today, or a few days to count from: each runs as of some of the days.
SOME_DAYS = (
    "tests/acceptance/test_bad_files.py",
    "tests/acceptance/test_first_goal.py",
    "tests/acceptance/test_organisation_changes.py",
    "tests/cli/cycle/test_steering.py",
    "tests/cli/goal/test_beginning.py",
    "tests/cli/goal/test_handing_over.py",
    "tests/cli/goal/test_writing.py",
    "tests/cli/people/test_departments.py",
    "tests/cli/people/test_people_sync.py",
    "tests/service/test_administrators.py",
    "tests/service/test_beginning.py",
    "tests/service/test_carry_over.py",
    "tests/service/test_companies.py",
    "tests/service/test_departments.py",
    "tests/service/test_evaluators.py",
    "tests/service/test_handing_over.py",
    "tests/service/test_instructions.py",
    "tests/service/test_instructions_refused.py",
    "tests/service/test_offices.py",
    "tests/service/test_one_writer.py",
    "tests/service/test_posts.py",
    "tests/service/test_reorganisation.py",
    "tests/service/test_spells.py",
    "tests/service/test_visibility.py",
    "tests/workflows/test_beginning.py",
)
EVERY_NTH = 4  # of the days; the modules take turns


def modules_of(day: int) -> tuple[str, ...]:
    """The modules that run as of the day with this number."""
    return (*EVERY_DAY, *(one for turn, one in enumerate(SOME_DAYS) if turn % EVERY_NTH == day % EVERY_NTH))


_KILLS = "kills servers for minutes, in launches like those of the other tests"
_HANDS_IN = "hands in every moment; the clock only stamps what was sent, or gives a moment to count from"
_NO_DAYS = "looks at no day: what it needs of a launched cycle is that it is there"

LEFT_OUT = {
    "tests/acceptance/test_company_of_200.py": "takes both cores for a minute; test_quarter and test_organisation_changes look at the same days",
    "tests/service/test_lessons.py": _NO_DAYS,
    "tests/acceptance/test_bad_commands.py": _NO_DAYS,
    "tests/acceptance/test_hostile_updates.py": _NO_DAYS,
    "tests/acceptance/test_kill_after_commit.py": _KILLS,
    "tests/acceptance/test_kill_in_approvals.py": _KILLS,
    "tests/acceptance/test_kill_in_beginning.py": _KILLS,
    "tests/acceptance/test_kill_in_delivery.py": _KILLS,
    "tests/acceptance/test_kill_in_instruction.py": _KILLS,
    "tests/acceptance/test_kill_in_launch.py": _KILLS,
    "tests/acceptance/test_kill_worker_program.py": _KILLS,
    "tests/acceptance/test_other_language.py": _NO_DAYS,
    "tests/acceptance/test_up_heals.py": _KILLS,
    "tests/activities/test_calendars.py": _HANDS_IN,
    "tests/activities/test_delivery.py": _HANDS_IN,
    "tests/activities/test_digests.py": _HANDS_IN,
    "tests/activities/test_fallback.py": _HANDS_IN,
    "tests/activities/test_hook.py": _HANDS_IN,
    "tests/activities/test_launch.py": _HANDS_IN,
    "tests/cli/goal/test_goal.py": _NO_DAYS,
    "tests/cli/goal/test_visibility.py": _NO_DAYS,
    "tests/cli/goal/test_weighted.py": _NO_DAYS,
    "tests/cli/test_hostile_words.py": _NO_DAYS,
    "tests/cli/oversight/test_audit.py": _NO_DAYS,
    "tests/cli/oversight/test_journal.py": "compares with the times of the database, whose clock is not shifted",
    "tests/cli/oversight/test_notices.py": _NO_DAYS,
    "tests/cli/oversight/test_repair.py": _NO_DAYS,
    "tests/cli/papers/test_sheet.py": _NO_DAYS,
    "tests/cli/papers/test_sheets_of_a_company.py": "measures seconds; looks at no day",
    "tests/cli/session/test_exit.py": _NO_DAYS,
    "tests/cli/session/test_unknown_ids.py": _NO_DAYS,
    "tests/replay/test_replay.py": "replays by the times that the histories hold",
    "tests/service/test_company_of_goals.py": _NO_DAYS,
    "tests/service/test_connection.py": _NO_DAYS,
    "tests/service/test_cycle_callers.py": _NO_DAYS,
    "tests/service/test_erasure.py": _NO_DAYS,
    "tests/service/test_names_of_the_day.py": "compares its entries with the clock of the database, which is not shifted",
    "tests/service/test_notices.py": _NO_DAYS,
    "tests/storage/test_erasure.py": _NO_DAYS,
    "tests/service/test_pages.py": _NO_DAYS,
    "tests/service/test_preferences.py": _NO_DAYS,
    "tests/service/test_repairs.py": _NO_DAYS,
    "tests/storage/test_digests.py": _HANDS_IN,
    "tests/storage/test_integrity.py": _NO_DAYS,
    "tests/storage/test_journal.py": _HANDS_IN,
    "tests/storage/test_preferences.py": _NO_DAYS,
    "tests/storage/test_read_plans.py": _HANDS_IN,
    "tests/storage/test_reads.py": _HANDS_IN,
    "tests/storage/test_undelivered.py": _HANDS_IN,
    "tests/storage/test_weights.py": _NO_DAYS,
    "tests/storage/test_worker_role.py": _NO_DAYS,
    "tests/torture/test_oracle.py": "looks at no day: answers and ledgers are handed in",
    "tests/test_as_of.py": "starts programs as of another day itself",
    "tests/test_compose.py": _NO_DAYS,
    "tests/workflows/test_delivery.py": _HANDS_IN,
    "tests/workflows/test_hook.py": _HANDS_IN,
    "tests/workflows/test_instruction.py": "steers goals in ways that tests/service/test_instructions.py has too",
}
