"""Bodies of requests: JSON, read strictly (no `"5"` for 5, no key that is not known)."""

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, WrapValidator

Model = TypeVar("Model", bound=BaseModel)


def strict(model: type[Model]) -> Any:
    """The type of a body that is this model.

    FastAPI hands over what it parsed, as Python values, whose strict rules differ from those of JSON: they take no text as a date.
    """

    def read(value: Any, _: Any) -> Model:
        return model.model_validate_json(json.dumps(value), strict=True)

    return Annotated[model, WrapValidator(read)]
