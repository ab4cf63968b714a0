"""One replica leads, by the state that it names."""

from gofau_service.store.engine import Store
from gofau_service.store.leadership import advance, found, leader


def test_who_leads_is_who_was_first_or_saw_the_last_beat(store: Store) -> None:
    with store.write() as session:
        assert leader(session) is None
        assert found(session, "a")
    with store.write() as session:
        assert not found(session, "b")
        assert leader(session) == ("a", 0)
        assert not advance(session, "b", "a", 1)
        assert advance(session, "b", "a", 0)
        assert not advance(session, "a", "a", 0)
    with store.read() as session:
        assert leader(session) == ("b", 1)
