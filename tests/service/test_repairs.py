"""Goals about which PostgreSQL and Temporal do not agree: found, repaired, and named where they cannot be."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

import pytest
import pytest_asyncio
from sqlalchemy import text

from domain.goal.commands import Comment, Submit
from domain.goal.decide import decide
from domain.goal.goal import RepairStep
from domain.refusals import Code, Refusal
from domain.values import GoalId
from service.repairs import Fault, Repair, Repairing
from tests.callers import OPERATOR, by
from tests.service.steered import HR, MORI, Steered
from workflows.goal import goal_workflow_id

pytestmark = pytest.mark.slow
