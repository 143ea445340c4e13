import pytest
from tests.fixtures.checkpoints import write_tiny_gguf


@pytest.fixture
def model(tmp_path):
    return write_tiny_gguf(tmp_path / "tiny.gguf")


@pytest.fixture(autouse=True)
def known_bandwidth(monkeypatch):
    """Probing takes a quarter of a second."""
    monkeypatch.setattr("octavo.engine.hardware.bandwidth.read_bandwidth", lambda n_threads: 1e10)


def test_fit_prices_the_model_and_every_quantizer(octavo, model):
    found = octavo("fit", model, "--json").json
    assert found["rows"][0]["quantizer"] == "as it is"
    assert {"Q4_K_M", "Q6_K", "Q8_0", "F16"} < {row["quantizer"] for row in found["rows"]}
    assert found["machine"]["memory_pools"][0]["kind"] == "ram"
    for row in found["rows"]:
        parts = ("weights_bytes", "kv_bytes", "working_bytes", "program_bytes")
        assert row["total_bytes"] == sum(row[part] for part in parts)
        assert row["tokens_per_second"] > 0
        assert row["verdict"] in ("runs well", "tight", "too large")
    assert found["rows"][0]["file_bytes"] == model.stat().st_size


def test_longer_context_needs_more_and_q8_0_needs_less(octavo, model):
    def kv_bytes(*options):
        return octavo("fit", model, "--json", *options).json["rows"][0]["kv_bytes"]

    assert kv_bytes("--context", 200) > kv_bytes("--context", 100) > 0
    assert kv_bytes("--context", 200, "--kv", "q8_0") < kv_bytes("--context", 200)


def test_safe_mode_prices_the_model_alone(octavo, model):
    rows = octavo("fit", model, "--json", "--no-plugins").json["rows"]
    assert [row["quantizer"] for row in rows] == ["as it is"]


def test_fit_reads_well(octavo, model):
    outcome = octavo("fit", model, "--context", 1000)
    assert outcome.status == 0
    assert "1,000 tokens in f16" in outcome.out
    assert "as it is" in outcome.out
    assert outcome.err == "The model was made for 256 tokens.\n"
