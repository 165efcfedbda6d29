"""What Temporal alone does: the workflow that Meguri is measured against."""

from temporalio import workflow

QUEUE = "bare"


@workflow.defn
class BareWorkflow:
    """Waits until it is told to end; its update does nothing."""

    def __init__(self) -> None:
        self._ended = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._ended)

    @workflow.update
    async def touch(self) -> None:
        """Nothing, recorded."""

    @workflow.signal
    def end(self) -> None:
        self._ended = True
