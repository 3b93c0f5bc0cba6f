"""Addresses of storages: what is refused, what is hidden, and where a path leads."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from boostreg.errors import StudyError
from boostreg.tuning.mirror import Link, check_storage, located, masked, moved

CANARY = "canary"
AROUND = st.text("/#?[]@:%&=+ aé\n", max_size=6)
TEMPLATES = (
    "postgresql://ann:{}@db.example/optuna",
    "mysql+pymysql://ann:{}@[::1]:3306/optuna?charset=utf8",
    "postgresql://ann:x@db.example/optuna?password={}",
    "postgresql://db.example/optuna?user=a@b&password={}",
    "postgresql://db.example?password={}",
    "oracle://{}@db.example",
    "sqlite+pysqlcipher://:{}@/trials.db",
    "postgresql:/ann:{}@db.example",
    "ann:{}@db.example",
)


def message(url):
    """Return what is said of an address that is refused."""
    try:
        check_storage(url)
    except StudyError as error:
        return str(error)
    return ""


@given(st.sampled_from(TEMPLATES), AROUND, AROUND)
def test_no_password_is_shown_whatever_it_is_made_of(template, before, after):
    url = template.format(f"{before}{CANARY}{after}")

    assert CANARY not in masked(url)
    assert CANARY not in moved(url, Path("a"), Path("b"))
    assert CANARY not in message(url)


@given(st.text(min_size=1, max_size=12).filter(lambda text: "\x00" not in text))
def test_a_quoted_password_leaves_the_rest_to_be_seen(password):
    url = make_url("postgresql://db.example/optuna").set(
        username="ann", password=password
    )

    shown = masked(url.render_as_string(hide_password=False))

    assert shown == "postgresql://***@db.example/optuna"


@pytest.mark.parametrize("password", ["a/b", "a#b", "a?b", "[a", "a%40b", "a:b"])
def test_what_sqlalchemy_reads_as_a_password_is_one(password):
    shown = masked(f"postgresql://ann:{password}@db.example/optuna")

    assert shown == "postgresql://***@db.example/optuna"


@pytest.mark.parametrize(
    "url", ["sqlite:///live.db", "sqlite:////abs/x.db", r"sqlite:///C:\x.db"]
)
def test_a_path_is_shown_as_it_is(url):
    assert masked(url) == url


WRONG = {
    "foo": "must be a URL such as sqlite:///trials.db",
    "": "must be a URL",
    "sqlite:/live.db": "must be a URL .* got 'sqlite:",
    "postgresql://ann:x@h:port/db": "must be a URL .* got 'postgresql://",
    "postgressql://h/db": "SQLAlchemy knows .* got 'postgressql'",
    "redis://h/0": "got 'redis'",
    "sqlite://": "a database in memory",
    "sqlite:///:memory:": "a database in memory",
    "sqlite:///" + "a" * 1000: "must be a URL",
}


@pytest.mark.parametrize("url", WRONG, ids=lambda url: url[:30])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(StudyError, match=WRONG[url]):
        check_storage(url)


@pytest.mark.parametrize(
    "url", ["mysql+pymysql://u:[x@h/db", "postgresql+psycopg://h/db", "sqlite:///a.db"]
)
def test_an_address_needs_no_driver_to_be_checked(url):
    check_storage(url)


names = st.text("ab .é%#", min_size=1, max_size=5).filter(lambda t: t.strip(" ."))


@given(st.lists(names | st.just(".."), max_size=3), names)
def test_a_path_means_the_same_from_its_new_place(parts, name):
    url = make_url("sqlite://").set(database="/".join([*parts, name]))
    text = url.render_as_string()
    here, there = Path("/somewhere/studies"), Path("/somewhere/reports/x")

    old, new = (
        Path(str(make_url(located(one, base)).database)).resolve()
        for one, base in ((text, here), (moved(text, here, there), there))
    )

    assert new == old == (here / "/".join([*parts, name])).resolve()


@pytest.mark.parametrize(
    "url", ["sqlite:////abs/x.db", r"sqlite:///C:\x.db", "postgresql://h/db"]
)
def test_what_is_not_relative_stays(url):
    assert located(url, Path("/a")) == moved(url, Path("/a"), Path("/b")) == url


def test_a_masked_address_is_not_tried_but_reported(caplog):
    link = Link("postgresql://***@db.example/optuna")

    assert link.broken
    assert "*** replaces credentials, which are not stored" in caplog.text
