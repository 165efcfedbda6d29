"""Causes to choose from in a review, so that a company can count them; the owner's own words stand beside.

Source: the practice of reviews looks for causes in the plan, the means, other people's part and the surroundings before it
looks at the person.
"""

from domain.policy.policy import Policy
from domain.values import Text

CAUSES: dict[str, Text] = {
    "plan": Text(ja="計画・段取り", en="planning"),
    "target": Text(ja="目標値の設定", en="the target itself"),
    "time": Text(ja="時間・人手", en="time and hands"),
    "skills": Text(ja="知識・経験", en="knowledge and experience"),
    "tools": Text(ja="仕組み・道具", en="systems and tools"),
    "cooperation": Text(ja="他部署・取引先との連携", en="cooperation with others"),
    "priorities": Text(ja="優先順位の変更", en="changed priorities"),
    "surroundings": Text(ja="外部環境・制度の変化", en="surroundings and regulations"),
}


def known(policy: Policy) -> dict[str, Text]:
    """Every cause that a review may name under this policy: ours by their codes, the company's by their words."""
    return CAUSES | {cause: Text(ja=cause, en=cause) for cause in policy.causes}
