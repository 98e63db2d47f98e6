"""What an export is made of: the names of its files and the lines in them. Whoever writes and whoever reads agree here.

Everything is deterministic: the same ledger state gives the same bytes. JSON lines are RFC 8785 JSON.
"""

from typing import Final

FORMAT: Final = 1
README: Final = "README.txt"
CHECK: Final = "check.py"
ABOUT: Final = "export.json"
POLICY: Final = "policy.txt"
KEYS: Final = "keys.txt"
LOG: Final = "log/"
CHECKPOINT: Final = LOG + "checkpoint"
TIMESTAMPS: Final = LOG + "timestamps/"
TEXTS: Final = "texts.jsonl"
OPEN_FORMS: Final = "open-forms.jsonl"
REPORTS: Final = "reports.jsonl"
