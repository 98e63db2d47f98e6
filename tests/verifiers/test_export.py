"""An unpacked export behind a plain file server: verifiers that know nothing of this project accept it as a log."""

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.database.engines import Database
from tests.stores import Store
from tests.verified import SIGNER, exported, signed, told
from tests.verifiers.running import LOG_VERIFIERS, file_server, openssl

KEY = str(SIGNER.key)
by_verifier = pytest.mark.parametrize("verifier", LOG_VERIFIERS, ids=lambda verifier: verifier.__name__)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with exports of several sizes, unpacked."""
    folder = tmp_path_factory.mktemp("exports")
    for size in (1, 2, 255, 256, 257, 600):
        url = f"sqlite:///{folder}/{size}.db"
        database = Database(url)
        database.migrate()
        database.close()
        store = told(Store(url), size)
        with zipfile.ZipFile(exported(store, folder / f"{size}.zip")) as archive:
            archive.extractall(folder / str(size))
        (folder / f"{size}.old").write_bytes(signed(store, max(1, size - 1)))
        store.close()
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with file_server(folder) as address:
        yield address


@by_verifier
@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_an_export_is_a_log_that_others_accept(folder: Path, address: str, verifier, size: int) -> None:
    verdict = verifier(f"{address}/{size}/log", KEY, folder / f"{size}.old")
    assert verdict.accepted, verdict
    assert openssl(folder / str(size) / "log" / "checkpoint", KEY).accepted


@by_verifier
def test_a_doctored_export_is_rejected(folder: Path, address: str, verifier) -> None:
    doctored = f"doctored-{verifier.__name__}"
    shutil.copytree(folder / "257", folder / doctored)
    bundle = folder / doctored / "log" / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b'"2023-02-01"', b'"2023-02-02"', 1))
    assert not verifier(f"{address}/{doctored}/log", KEY).accepted
