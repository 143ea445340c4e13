from octavo.engine.tokenizer.added import AddedTokens


def test_longer_tokens_win_wherever_they_stand():
    tokens = AddedTokens([("ab", 1), ("bcd", 2)])

    assert tokens.split("abcdab") == ["a", 2, 1]


def test_runs_are_cut_from_the_left():
    tokens = AddedTokens([("\n" * n, n) for n in range(1, 4)])

    assert tokens.split("a" + "\n" * 5) == ["a", 3, 2]


def test_a_token_is_found_behind_a_place_that_is_taken():
    tokens = AddedTokens([("aab", 1), ("ba", 2)])

    assert tokens.split("aabaxba") == [1, "ax", 2]


def test_empty_texts_match_nothing():
    tokens = AddedTokens([("", 1), ("x", 2)])

    assert tokens.split("") == []
    assert tokens.split("axa") == ["a", 2, "a"]


def test_white_space_is_swallowed_on_the_side_that_says_so():
    tokens = AddedTokens([("<r>", 1), ("<l>", 2)], strips_right={1}, strips_left={2})

    assert tokens.split("a <r> \n b <l> c") == ["a ", 1, "b", 2, " c"]


def test_thousands_of_tokens_in_one_text_are_cut_quickly():
    tokens = AddedTokens([(f"<unused{n}>", n) for n in range(2_000)])

    assert tokens.split("".join(f"<unused{n}>" for n in range(2_000))) == list(range(2_000))
