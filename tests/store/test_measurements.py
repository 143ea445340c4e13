from octavo.engine.measure.figures import Figure, Figures, Measurement
from octavo.store.measurements import Measurements, Way, way


def measurement(kl):
    figures = Figures(4, 1024, Figure(9, 8, 10), mean_kl=Figure(kl, kl / 2, kl * 2))
    return Measurement(figures, "m", "Q8_0", "m", 10, "text", 1024, 256, 0, 1.0, [kl, kl])


def test_what_is_kept_comes_back(tmp_path):
    source = tmp_path / "m.gguf"
    source.write_bytes(b"weights")
    with Measurements() as store:
        store.keep(source, way("Q8_0", {}), measurement(0.1))
        store.keep(source, way("Q8_0", {}), measurement(0.2))
        store.keep(source, way("Q8_0", {"types": "x=F16"}), measurement(0.3))

    with Measurements() as store:
        assert store.of(source) == {
            Way("Q8_0"): measurement(0.2),
            way("Q8_0", {"types": "x=F16"}): measurement(0.3),
        }


def test_the_order_of_options_does_not_matter():
    assert way("a", {"x": 1, "y": 2}) == way("a", {"y": 2, "x": 1})


def test_a_file_of_a_folder_that_changes_makes_it_another_source(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"weights")
    with Measurements() as store:
        store.keep(tmp_path, Way("Q8_0"), measurement(0.1))
        assert list(store.of(tmp_path)) == [Way("Q8_0")]

        (tmp_path / "m.safetensors").write_bytes(b"other weights")

        assert store.of(tmp_path) == {}


def test_what_cannot_be_read_counts_as_not_measured(tmp_path):
    source = tmp_path / "m.gguf"
    source.write_bytes(b"weights")
    with Measurements() as store:
        store.keep(source, Way("Q8_0"), measurement(0.1))
        store._database.execute("UPDATE measurements SET measurement = '{}'")

        assert store.of(source) == {}
