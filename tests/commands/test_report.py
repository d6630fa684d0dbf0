"""The command that reports on runs."""

from helpers.run_folders import make_run

from minifcn import report


def test_a_report_on_runs_is_written_and_written_anew(tmp_path, capsys):
    runs = [str(make_run(tmp_path / name)) for name in ("first", "second")]
    out = tmp_path / "report.html"
    for _ in range(2):
        assert report.main([*runs, "-o", str(out)]) == 0
    assert "report on first, second" in capsys.readouterr().out
    assert "<h1>2 runs</h1>" in out.read_text(encoding="utf-8")


def test_another_file_is_not_replaced_unless_that_is_asked_for(tmp_path, capsys):
    run, out = str(make_run(tmp_path / "run")), tmp_path / "mine.html"
    out.write_text("mine")
    assert report.main([run, "-o", str(out)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert report.main([run, "-o", str(out), "--overwrite"]) == 0


def test_stages_are_reported_side_by_side(tmp_path):
    for arch in ("fcn32s", "fcn16s"):
        make_run(tmp_path / "demo" / arch)
    assert report.main([str(tmp_path / "demo"), "-o", str(tmp_path / "report.html")]) == 0
    assert "<h1>2 runs</h1>" in (tmp_path / "report.html").read_text()


def test_a_folder_that_is_no_run_is_said_in_a_sentence(tmp_path, capsys):
    assert report.main([str(tmp_path), "-o", str(tmp_path / "report.html")]) == 1
    assert "is no run: it holds no config.json" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()
