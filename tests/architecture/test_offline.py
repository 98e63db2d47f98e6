"""The offline verifier needs no database, no network and no framework, and nothing of them is loaded with it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOADED = (
    "import sys, infrastructure.verifying.offline;"
    " print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
)
ALLOWED = {"domain", "application", "infrastructure", "cryptography", "eventsourcing"}
OF_THESE = {"_cffi_backend", "_openssl", "typing_extensions", "deprecated", "wrapt"}


def test_only_the_rules_and_the_signature_code_are_loaded():
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    before = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = {*loaded} - {name.split(".")[0] for name in before} - {*sys.stdlib_module_names}
    assert ours - OF_THESE <= ALLOWED
    assert {"domain", "cryptography"} <= ours
