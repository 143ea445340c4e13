import time

import pytest

from octavo.store.chat_tree import ChatTree
from octavo.store.chats import ChatStore


@pytest.fixture
def store(tmp_path):
    with ChatStore(tmp_path / "chats.sqlite") as store:
        yield store


@pytest.fixture
def forked(store):
    """A question with two answers, the first of them gone on with twice."""
    chat = store.new_chat()
    question = store.add_message(chat.id, "user", "Why?")
    first = store.add_message(chat.id, "assistant", "Because.", parent_id=question.id)
    follow = store.add_message(chat.id, "user", "Really?", parent_id=first.id)
    other = store.add_message(chat.id, "user", "Oh.", parent_id=first.id)
    second = store.add_message(chat.id, "assistant", "Who knows.", parent_id=question.id)
    return chat, question, first, follow, other, second


def test_siblings_stand_in_the_order_they_came(store, forked):
    chat, question, first, follow, other, second = forked
    tree = store.tree(chat.id)
    assert tree.siblings(second.id) == [first.id, second.id]
    assert tree.siblings(follow.id) == [follow.id, other.id]
    assert tree.siblings(question.id) == [question.id]


def test_a_branch_is_found_again_as_it_was_left(store, forked):
    chat, question, first, follow, _, second = forked
    tree = store.tree(chat.id)
    store.show_branch(chat.id, follow.id, tree.show(follow.id))
    again = store.tree(chat.id)
    assert again.leaf_below(first.id) == follow.id
    assert again.path(store.chat(chat.id).leaf_id) == [question, first, follow]
    assert again.leaf_below(second.id) == second.id


def test_a_tree_that_goes_in_circles_still_has_paths(store):
    chat = store.new_chat()
    one = store.add_message(chat.id, "user", "1")
    two = store.add_message(chat.id, "user", "2", parent_id=one.id)
    store._database.execute("UPDATE messages SET parent_id = ? WHERE id = ?", (two.id, one.id))
    tree = store.tree(chat.id)
    assert len(tree.path(two.id)) == 2
    assert tree.leaf_below(one.id) in (one.id, two.id)


def test_a_chat_of_a_thousand_messages_is_there_at_once(store):
    chat, parent = store.new_chat(), None
    with store.all_or_nothing():
        for number in range(1000):
            row = store._database.execute(
                "INSERT INTO messages (chat_id, parent_id, role, text, created, finish, stats)"
                " VALUES (?, ?, 'user', ?, 0, '', '{}') RETURNING id",
                (chat.id, parent, f"{number} words " * 60),
            ).fetchone()
            parent = row[0]
    started = time.thread_time()
    path = store.tree(chat.id).path(parent)
    assert len(path) == 1000
    # 10 ms on a quiet machine.
    assert time.thread_time() - started < 1


def test_an_empty_tree_has_no_path():
    assert ChatTree().path(None) == []
    assert ChatTree().path(3) == []
