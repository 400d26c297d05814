"""nircolor/hub.py: what a reference to the Hub means, and that no text can lead out of the cache."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nircolor.errors import WeightsError
from nircolor.weights import HubRef, parse_hub

NAMES = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_]|[-.](?=[A-Za-z0-9_])){0,20}", fullmatch=True).filter(
    lambda name: not name.endswith(".git")
)
ORGS = NAMES.filter(lambda name: name not in {"models", "datasets", "spaces", "kernels", "buckets"})
BRANCHES = (
    st.none()
    | st.from_regex(r"[a-zA-Z0-9_\u00fc%@+=-]+(/[a-zA-Z0-9_\u00fc%@+=-]+)?", fullmatch=True)
    | st.just("refs/pr/12")
)
FILES = st.none() | st.from_regex(r"([a-z_\u00fc@%=+ -]+/){0,2}[a-z_\u00fc@%=+ -]+\.safetensors", fullmatch=True)


@settings(deadline=None)
@given(repo=st.tuples(ORGS, NAMES).map("/".join), revision=BRANCHES, file=FILES)
@example(repo="a/b", revision="%2F", file="@x.safetensors")
def test_a_reference_survives_being_written_and_read(repo: str, revision: str | None, file: str | None) -> None:
    ref = HubRef(repo, revision, file)
    assert parse_hub(str(ref)) == ref


@settings(deadline=None)
@given(repo=st.tuples(ORGS, NAMES).map("/".join), revision=BRANCHES, file=FILES)
def test_huggingface_hub_reads_references_the_same_way(repo: str, revision: str | None, file: str | None) -> None:
    utils = pytest.importorskip("huggingface_hub.utils")
    if not hasattr(utils, "parse_hf_uri"):
        pytest.skip("this huggingface_hub has no parser of its own")
    name = str(HubRef(repo, revision, file))
    theirs = utils.parse_hf_uri(name)
    assert (theirs.type, theirs.id, theirs.revision, theirs.path_in_repo or None) == ("model", repo, revision, file)


PIECES = st.sampled_from(
    ["hf://", "models/", "a", "org/repo", "/", "//", "@", "..", ".", "%2F", "%2e", "\\", "C:", "\0", "\n"]
)


@settings(deadline=None)
@given(st.text() | st.lists(PIECES, max_size=8).map("".join) | st.lists(PIECES, max_size=8).map("hf://org/x{}".format))
@example("hf://org/repo@..%2F..%2Fup/x.safetensors")
@example("hf://org/repo@%2E%2E/x.safetensors")
def test_any_text_is_a_safe_reference_or_a_weights_error(name: str) -> None:
    try:
        ref = parse_hub(name)
    except WeightsError:
        return
    parts = [*ref.repo.split("/"), *(ref.revision or "main").split("/"), *(ref.file or "x").split("/")]
    assert not {"", ".", ".."} & set(parts)
    assert not re.search(r"[\\:\x00-\x1f]", "".join(parts))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("hf://org", "expected hf://org/repo"),
        ("hf://org/repo/model.bin", ".safetensors"),
        ("hf://org/repo/sub", ".safetensors"),
        ("hf://datasets/org/repo/x.safetensors", "model repositories"),
        ("hf://org/repo@/x.safetensors", "revision"),
        ("hf://org/repo/../x.safetensors", "plain path"),
        ("hf://org/re--po", "repository"),
        ("https://huggingface.co/org/repo", "expected hf://org/repo"),
    ],
)
def test_a_malformed_reference_is_explained(name: str, word: str) -> None:
    with pytest.raises(WeightsError, match=re.escape(word)):
        parse_hub(name)


def test_a_reference_is_read() -> None:
    assert parse_hub("hf://org/repo") == HubRef("org/repo")
    assert parse_hub("hf://models/org/repo@v1/") == HubRef("org/repo", "v1")
    assert parse_hub("hf://org/repo@refs/pr/7/a/b.safetensors") == HubRef("org/repo", "refs/pr/7", "a/b.safetensors")
    assert parse_hub("hf://org/repo@a%2Fb/c@d.safetensors") == HubRef("org/repo", "a/b", "c@d.safetensors")
