"""The settings of a cluster reach the pool, and a faulty address is told without what stands in it."""

from contextlib import closing
from pathlib import Path

import pytest

from oko_pipeline.errors import SettingsError, WorkersError
from oko_pipeline.settings import Settings
from resources.cluster import ClusterPlan
from resources.workplace import open_workplace


@pytest.mark.parametrize("address", ["node:8786", "tcp://oko:secret@node:8786", "http://node:8786", "tcp://node"])
def test_a_faulty_address_is_told_without_its_secrets(address):
    with pytest.raises(SettingsError, match=r"OKO_CLUSTER: .*tcp://узел:8786") as failure:
        Settings.load(cluster=address)
    assert "secret" not in str(failure.value)


def test_the_workplace_works_on_the_cluster_that_is_set(tmp_path):
    settings = Settings.load(home=tmp_path, workers=1, cluster="tcp://127.0.0.1:9", cluster_wait_seconds=1)
    with closing(open_workplace(settings)) as office:
        assert list(office.pool.map(str, range(3))) == ["0", "1", "2"]
        with pytest.raises(WorkersError, match=r"Планировщик кластера tcp://127\.0\.0\.1:9 не отвечает \(1 с\)"):
            list(office.pool.map(str, range(20)))


def test_files_of_the_installation_have_the_same_names_in_every_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.load(
        home=Path("var"), templates=Path("own"), cluster_tls_ca=Path("ca.pem"), cluster_tls_key=Path("key.pem")
    )
    assert settings.templates == tmp_path / "own"
    assert settings.cluster_tls == (("tls_ca_file", tmp_path / "ca.pem"), ("tls_client_key", tmp_path / "key.pem"))


def test_an_address_is_shown_without_a_name_and_a_password(tmp_path):
    assert ClusterPlan("tls://oko:secret@node:8786", 1, tmp_path).shown == "tls://node:8786"
