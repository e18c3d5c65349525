"""Names as keyed filters: one name in two scripts is alike, two names are not, and no name is left
anywhere."""

import secrets

import numpy as np
import pytest

from registry.linkage.comparisons import LIKE_NAME, SAME_NAME, dice
from registry.linkage.name_encoding import KEY_NAME, NameEncoder, read_filters
from registry.linkage.name_spelling import spelling
from sanket.app import main

KEY = b"0123456789abcdef0123456789abcdef"


def alike(one: str, other: str, *, keys: tuple[bytes, bytes] = (KEY, KEY)) -> float:
    filters = [
        NameEncoder(key, noise=np.random.default_rng(seed)).filter({"name": name})
        for seed, (key, name) in enumerate(zip(keys, (one, other), strict=True))
    ]
    return float(dice(*(np.frombuffer(one, np.uint8)[None] for one in filters))[0])


@pytest.mark.parametrize(
    "latin, devanagari",
    [
        ("Priya Pawar", "प्रिया पवार"),
        ("Vaishali Gaikwad", "वैशाली गायकवाड"),
        ("Sampat Jadhav", "संपत जाधव"),
        ("Lakshmi Waghmare", "लक्ष्मी वाघमारे"),
        ("Laxmi Vaghmare", "लक्ष्मी वाघमारे"),
        ("Krishna More", "कृष्णा मोरे"),
        ("Pooja Meena", "पूजा मीणा"),
    ],
)
def test_a_name_in_two_scripts_has_one_spelling(latin, devanagari):
    assert spelling(latin) == spelling(devanagari)
    assert alike(latin, devanagari) >= SAME_NAME


def test_order_of_words_and_case_do_not_matter():
    assert spelling("PAWAR, Priya") == spelling("priya pawar")


@pytest.mark.parametrize("other", ["Kavya Shinde", "Rohan Patil", "Imran Shaikh"])
def test_two_names_are_not_alike(other):
    assert alike("Sunita Deshmukh", other) < LIKE_NAME


def test_a_name_that_differs_in_part_is_neither_same_nor_other():
    assert LIKE_NAME <= alike("Ram Kale", "Shyam Kale") < SAME_NAME


def test_under_another_key_nothing_is_alike():
    assert alike("Priya Pawar", "Priya Pawar", keys=(KEY, KEY[::-1])) < LIKE_NAME


def test_the_same_name_is_encoded_otherwise_each_time():
    encoder = NameEncoder(KEY)
    assert encoder.filter({"name": "Priya"}) != encoder.filter({"name": "Priya"})


def test_a_name_that_cannot_be_read_is_not_encoded():
    assert NameEncoder(KEY).filter({"name": " -- 12 "}) is None


def run(words: list[str]) -> int:
    try:
        main(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def names(tmp_path):
    file = tmp_path / "names.csv"
    file.write_text(
        "child_id,name,mother_name,phone\nc1,Qwendolina Pawar,Zubeda,9876543210\nc2,,,\n",
        encoding="utf-8",
    )
    return file


def test_the_encoded_file_holds_no_name_and_is_its_owners_alone(
    names, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv(KEY_NAME, secrets.token_hex(32))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    out = tmp_path / "encoded.csv"
    assert run(["encode", str(names), "-o", str(out)]) == 0
    told = capsys.readouterr()
    assert "1 of 2 children encoded" in told.out
    assert out.stat().st_mode & 0o077 == 0
    written = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path != names]
    for text in [*written, told.out, told.err]:
        for personal in ("qwendolina", "pawar", "zubeda", "98765"):
            assert personal not in text.casefold()
    assert set(read_filters((out, out))[0]) == {"c1"}


@pytest.mark.parametrize("key", ["", "short", "a" * 40])
def test_a_weak_key_is_refused(names, tmp_path, monkeypatch, capsys, key):
    monkeypatch.setenv(KEY_NAME, key)
    assert run(["encode", str(names), "-o", str(tmp_path / "out")]) == 5
    assert "LNK001" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_files_that_do_not_serve_are_refused_without_a_name(names, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(KEY_NAME, secrets.token_hex(32))
    twice, bare = tmp_path / "twice.csv", tmp_path / "bare.csv"
    twice.write_text("child_id,name\nc1,Asha\nc1,Usha\n", encoding="utf-8")
    bare.write_text("child_id,age\nc1,3\nc2,4\n", encoding="utf-8")
    for file, code in ((twice, "LNK003"), (bare, "LNK002")):
        assert run(["encode", str(file), "-o", str(tmp_path / "out")]) == 3
        told = capsys.readouterr().err
        assert code in told and "Asha" not in told and "c1" not in told


def test_filters_of_two_keys_are_not_compared(names, tmp_path, monkeypatch, capsys):
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        monkeypatch.setenv(KEY_NAME, secrets.token_hex(32))
        assert run(["encode", str(names), "-o", str(file)]) == 0
    words = ["--names", str(files[0]), "--other-names", str(files[1])]
    assert run(["link", "x.db", "y.db", "-o", str(tmp_path / "l"), *words]) == 3
    assert "LNK005" in capsys.readouterr().err
    words[1] = str(names)
    assert run(["link", "x.db", "y.db", "-o", str(tmp_path / "l"), *words]) == 3
    assert "LNK004" in capsys.readouterr().err
