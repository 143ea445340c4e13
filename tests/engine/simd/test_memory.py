"""Loads and stores in every width, at addresses that are aligned to nothing."""

import numpy as np

from octavo.engine.simd import memory as m
from octavo.engine.simd.jit import entry


@entry
def load_all(source, out):
    m.prefetch(source)
    m.store_f32(out, m.load_f32(source))
    m.store_i32(out + 64, m.load_i32(source))
    m.store_f32(out + 128, m.repeat_f32(source))
    m.store_i32(out + 192, m.repeat_i32(source))
    m.store_i32(out + 256, m.load_u8(source))
    m.store_i32(out + 320, m.load_i8(source))
    return 0


@entry
def store_narrow(source, out):
    x = m.load_i32(source)
    m.store_i8(out, x)
    return 0


@entry
def copy_scalars(source, out):
    m.put_f32(out, m.get_f32(source))
    m.put_i32(out + 4, m.get_i32(source))
    m.put_i64(out + 8, m.get_i64(source))
    m.put_i8(out + 16, m.get_u8(source))
    m.put_i16(out + 17, m.get_u16(source))
    m.put_i32(out + 20, m.get_i8(source))
    m.put_i32(out + 24, m.get_u8(source))
    m.put_i32(out + 28, m.get_u16(source))
    m.put_f32(out + 32, np.float32(m.get_f64(source + 8)))
    return 0


def unaligned_bytes():
    raw = np.random.default_rng(0).integers(0, 256, 129, dtype=np.uint8)
    raw[1:5] = np.array([-1.5], np.float32).view(np.uint8)
    raw[9:17] = np.array([0.75]).view(np.uint8)
    return raw[1:]


def test_vectors_are_loaded_as_numpy_reads_them():
    raw = unaligned_bytes()
    out = np.zeros(6 * 64 + 1, np.uint8)[1:]

    load_all(raw.ctypes.data, out.ctypes.data)

    rows = [row.tobytes() for row in out.reshape(6, 64)]
    line = raw[:64]
    assert rows == [
        line.tobytes(),
        line.tobytes(),
        np.tile(line[:4], 16).tobytes(),
        np.tile(line[:4], 16).tobytes(),
        line[:16].astype(np.int32).tobytes(),
        line[:16].view(np.int8).astype(np.int32).tobytes(),
    ]


def test_narrow_stores_keep_the_low_bits_and_touch_nothing_else():
    raw = unaligned_bytes()[:64]
    out = np.full(64, 7, np.uint8)

    store_narrow(raw.ctypes.data, out.ctypes.data)

    lanes = np.frombuffer(raw.tobytes(), np.int32)
    assert (out[:16].view(np.int8) == lanes.astype(np.int8)).all()
    assert (out[16:] == 7).all()


def test_scalars_are_read_and_written_in_their_widths():
    raw = unaligned_bytes()
    out = np.full(40, 7, np.uint8)

    copy_scalars(raw.ctypes.data, out.ctypes.data)

    first, pair = int(raw[0]), int(raw[0]) | int(raw[1]) << 8
    assert out[:8].tobytes() == raw[:4].tobytes() * 2
    assert out[8:16].tobytes() == raw[:8].tobytes()
    assert out[16:20].tolist() == [first, *raw[:2].tolist(), 7]
    assert out[20:32].view(np.int32).tolist() == [int(raw[:1].view(np.int8)[0]), first, pair]
    assert out[32:36].view(np.float32)[0] == 0.75
    assert (out[36:] == 7).all()
