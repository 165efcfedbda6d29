"""People are found by any word of their name, by its reading, in any width and case, in hiragana as in katakana."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

_HIRAGANA = "".join(map(chr, [*range(0x3041, 0x3097), 0x309D, 0x309E]))
_KATAKANA = "".join(chr(ord(one) + 0x60) for one in _HIRAGANA)
_BETWEEN_WORDS = " \u30fb"  # NFKC makes a plain space of the wide one, and a wide middle dot of the narrow one
_SEARCHED = {
    "begun": "folded_name(name)",
    "second_begun": "folded_name(after_first_word(name))",
    "kana_begun": "folded_name(kana)",
    "second_kana_begun": "folded_name(after_first_word(kana))",
}


def upgrade() -> None:
    op.execute(f"""
        CREATE FUNCTION folded_name(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN translate(lower(normalize(name, NFKC)), '{_HIRAGANA}{_BETWEEN_WORDS}', '{_KATAKANA}')
    """)
    op.execute(f"""
        CREATE FUNCTION after_first_word(name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN substring(normalize(name, NFKC) FROM '[{_BETWEEN_WORDS}](.*)$')
    """)
    op.add_column("employee", sa.Column("kana", sa.Text))
    op.drop_index("employee_by_name_begun", "employee")
    for name, what in _SEARCHED.items():
        is_there = "" if name == "begun" else f"WHERE {name} IS NOT NULL"
        op.execute(f"ALTER TABLE employee ADD COLUMN {name} text GENERATED ALWAYS AS ({what}) STORED")
        op.execute(f"CREATE INDEX employee_by_{name} ON employee ({name} text_pattern_ops) {is_there}")
    op.execute("ALTER TABLE employee ALTER COLUMN begun SET NOT NULL")
