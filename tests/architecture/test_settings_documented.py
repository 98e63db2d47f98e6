from pathlib import Path

import pytest

from infrastructure.settings import Settings

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_stands_in_the_readme_with_its_default_and_meaning(name: str) -> None:
    field = Settings.model_fields[name]
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    row = f"| `LEDGER_{name.upper()}` | {'' if default == '' else f'`{default}`'} | {field.description} |"
    assert row in README.read_text(), f"write: {row}"
