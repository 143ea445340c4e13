from octavo.engine.hardware.pools import MemoryPool, imagined_pools

RAM = MemoryPool("Memory", "ram", 1000, 400)
SWAP = MemoryPool("Swap", "swap", 50, 50)
CARDS = [MemoryPool("One", "vram", 80, 70), MemoryPool("Other", "vram", 90, 10)]


def test_nothing_imagined_is_what_is_there():
    assert imagined_pools([RAM, SWAP, *CARDS]) == [RAM, SWAP, *CARDS]


def test_other_programs_hold_as_much_of_an_imagined_memory():
    assert imagined_pools([RAM, SWAP], ram=2000) == [MemoryPool("Memory", "ram", 2000, 1400), SWAP]
    assert imagined_pools([RAM], ram=500) == [MemoryPool("Memory", "ram", 500, 0)]


def test_an_imagined_card_stands_for_all_and_is_empty():
    assert imagined_pools([RAM, *CARDS], vram=[24]) == [RAM, MemoryPool("Graphics card", "vram", 24, 24)]


def test_several_imagined_cards_are_numbered():
    assert imagined_pools([RAM], vram=[24, 8]) == [
        RAM,
        MemoryPool("Graphics card 1", "vram", 24, 24),
        MemoryPool("Graphics card 2", "vram", 8, 8),
    ]


def test_this_program_holds_the_same_of_imagined_memory():
    now = MemoryPool("Memory", "ram", 1000, 400, own_bytes=100)

    assert imagined_pools([now], ram=2000)[0].held_by_others_bytes == 500
    assert imagined_pools([now], ram=500)[0].held_by_others_bytes == 500
