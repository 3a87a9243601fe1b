"""The sets that tables are trained on and held to are found where they lie."""

from tools.sets import DATA, DIALOGS, RULED, TAUGHT, load


def test_every_set_has_turns_or_dialogs() -> None:
    """R10.6."""
    assert (DATA / "real_estate" / "judge.npz").is_file()
    assert {"training", "utterances_kinds"} <= {TAUGHT.name, *(path.stem for path in RULED)}
    assert all("caller" in load(path)[0] for path in RULED)
    assert all("turns" in load(path)[0] for path in DIALOGS)
