"""The download command: fetch, convert or extract, and say where things are."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.http_server import Site, serving

from minifcn import download
from minifcn.data.voc import VOCDataset
from minifcn.download import main
from minifcn.fetching.catalogue import FILES, RemoteFile
from minifcn.system.lock import locked
from minifcn.weights.store import WeightsError

WEIGHTS = b"weights of a net"


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server without files."""
    with serving() as site:
        yield site


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder, not there yet."""
    monkeypatch.setenv("MINIFCN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def publish(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a file on the server and into the catalogue."""

    def publish(name: str, content: bytes, **fields) -> None:
        known = {
            "file": f"{name}.bin",
            "addresses": (site.add(name, content),),
            "kind": "weights",
            "purpose": "a net",
            "terms": "a licence",
            "basis": "this test",
            "checksums": (f"md5:{hashlib.md5(content).hexdigest()}",),
        }
        monkeypatch.setitem(FILES, name, RemoteFile(name, **{**known, **fields}))

    return publish


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What was converted: the options of each call."""
    calls: list[dict[str, object]] = []

    def convert(source: Path, target: Path, **options: object) -> None:
        target.write_bytes(b"ours: " + source.read_bytes())
        calls.append(options)

    monkeypatch.setattr(download, "convert", convert)
    return calls


def voc_archive(year: int = 2011) -> bytes:
    """Return a VOC archive with an empty picture and a list of one image."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, text in {"JPEGImages/a.jpg": b"", "ImageSets/Segmentation/val.txt": b"a"}.items():
            info = tarfile.TarInfo(f"TrainVal/VOCdevkit/VOC{year}/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    return content.getvalue()


def voc(publish: Callable[..., None], content: bytes, year: int = 2011) -> None:
    publish(
        f"voc{year}",
        content,
        file=f"voc{year}.tar",
        kind="data",
        then="extract",
        folder=f"VOCdevkit/VOC{year}",
        holds="ImageSets",
    )


def test_weights_are_fetched_and_converted_with_what_is_known_of_them(
    cache, publish, conversions, capsys
):
    publish("net", WEIGHTS, arch="fcn8s", colours="caffe")
    assert main(["net"]) == 0
    assert (cache / "net.bin").read_bytes() == WEIGHTS
    assert (cache / "net.h5").read_bytes() == b"ours: " + WEIGHTS
    assert conversions == [{"arch": "fcn8s", "colours": "caffe", "licence": "a licence"}]
    out = capsys.readouterr().out
    assert f"fetched and verified: {cache / 'net.bin'}" in out
    assert f"--weights {cache / 'net.h5'}" in out


def test_second_call_does_nothing_unless_the_file_is_damaged(cache, publish, conversions, site):
    publish("net", WEIGHTS)
    assert [main(["net"]), main(["net"])] == [0, 0]
    assert len(conversions) == len(site.requests) == 1
    (cache / "net.bin").write_bytes(b"damaged")
    assert main(["net"]) == 0
    assert len(conversions) == 2


@pytest.mark.parametrize(("then", "options"), [("keep", []), ("convert", ["--no-convert"])])
def test_file_is_only_fetched_if_that_is_wanted(cache, publish, conversions, then, options):
    publish("net", WEIGHTS, then=then)
    assert main(["net", *options]) == 0
    assert (cache / "net.bin").exists()
    assert conversions == []


def test_several_go_to_another_folder(tmp_path, cache, publish, conversions):
    publish("one", WEIGHTS)
    publish("two", WEIGHTS)
    assert main(["one", "two", "--dir", str(tmp_path / "here")]) == 0
    assert (tmp_path / "here" / "one.h5").exists()
    assert (tmp_path / "here" / "two.h5").exists()
    assert not cache.exists()


@pytest.mark.parametrize("keep", [False, True])
def test_data_is_extracted_where_the_data_set_finds_it(cache, publish, keep, capsys):
    voc(publish, voc_archive())
    assert main(["voc2011", *(["--keep"] if keep else [])]) == 0
    assert VOCDataset("val", cache).ids == ["a"]
    assert (cache / "voc2011.tar").exists() == keep
    assert f"--data-dir {cache}" in capsys.readouterr().out


def test_data_that_is_extracted_is_left_alone(cache, publish, site, capsys):
    voc(publish, voc_archive())
    (cache / "VOCdevkit" / "VOC2011").mkdir(parents=True)
    assert main(["voc2011"]) == 0
    assert site.requests == []
    assert "is there" in capsys.readouterr().out


def test_second_year_goes_beside_the_first(cache, publish):
    for year in (2011, 2012):
        voc(publish, voc_archive(year), year)
    assert main(["voc2011", "voc2012"]) == 0
    assert sorted(path.name for path in (cache / "VOCdevkit").iterdir()) == ["VOC2011", "VOC2012"]


def test_failure_is_told_and_the_others_are_fetched(cache, publish, conversions, capsys):
    publish("dead", WEIGHTS, addresses=("http://127.0.0.1:1/dead",))
    voc(publish, b"no archive")
    publish("net", WEIGHTS)
    assert main(["dead", "no-such-name", "voc2011", "net"]) == 1
    errors = capsys.readouterr().err.split("error: ")[1:]
    words = ["http://127.0.0.1:1/dead", "'no-such-name'", "voc2011.tar cannot be extracted"]
    assert [w in e for w, e in zip(words, errors, strict=True)] == [True] * 3
    assert (cache / "net.h5").exists()
    assert not (cache / "VOCdevkit" / "VOC2011").exists()


def test_failed_conversion_is_told_and_the_file_kept(cache, publish, monkeypatch, capsys):
    def convert(*_: object, **__: object) -> None:
        raise WeightsError("net.bin is no file of weights")

    monkeypatch.setattr(download, "convert", convert)
    publish("net", WEIGHTS)
    assert main(["net"]) == 1
    assert capsys.readouterr().err == "error: net.bin is no file of weights\n"
    assert (cache / "net.bin").exists()


def test_stopping_is_no_error_of_the_program(cache, publish, monkeypatch, capsys):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "fetch", stop)
    publish("net", WEIGHTS)
    assert main(["net"]) == 130
    assert "goes on from here" in capsys.readouterr().err


def test_checksum_of_the_first_fetch_is_printed(cache, publish, conversions, capsys):
    publish("net", WEIGHTS, checksums=())
    assert main(["net"]) == 0
    out = capsys.readouterr().out
    assert hashlib.sha256(WEIGHTS).hexdigest() in out
    assert str(cache / "net.bin.sha256") in out


def test_other_process_is_waited_for(cache, publish, conversions, capsys):
    publish("net", WEIGHTS)
    thread = threading.Thread(target=main, args=(["net"],))
    with locked(cache / ".lock-net"):
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        assert conversions == []
    thread.join(10)
    assert len(conversions) == 1
    assert "waiting" in capsys.readouterr().out


def test_without_a_name_everything_is_listed_with_its_state(cache, publish, conversions, capsys):
    for name in ("other", "net", "kept", "begun"):
        publish(name, WEIGHTS, size=2_000_000 if name == "other" else None)
    voc(publish, voc_archive())
    main(["net", "voc2011"])
    main(["kept", "--no-convert"])
    (cache / ".partial-begun.bin").touch()
    capsys.readouterr()
    assert main([]) == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert set(FILES) < set(rows)
    states = {"net": "converted", "kept": "fetched", "begun": "begun", "voc2011": "extracted"}
    for name, state in states.items():
        assert state in rows[name]
        assert state not in rows["other"]
    assert rows["other"].split() == ["other", "2", "MB", "a", "net"]
    assert str(cache) in out
