"""The user's line is found, and inherited."""

import inspect
import threading

from gradc.graph.site import Site, inherit, user_site


def test_site_is_the_calling_line_outside_the_package():
    site = user_site()
    line = inspect.currentframe().f_lineno - 1
    assert site == Site(__file__, line)
    assert site.text == "site = user_site()"
    assert str(site) == f"test_site.py:{line}"


def test_inherited_site_wins_and_ends():
    old = Site("model.py", 3)
    with inherit(old):
        assert user_site() is old
        with inherit(None):
            assert user_site() is old
    assert user_site() != old


def test_inheritance_is_per_thread():
    seen = []
    with inherit(Site("model.py", 3)):
        thread = threading.Thread(target=lambda: seen.append(user_site()))
        thread.start()
        thread.join()
    assert seen[0] != Site("model.py", 3)


def test_unreadable_source_is_empty():
    assert Site("/no/such/file.py", 3).text == ""
