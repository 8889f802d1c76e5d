import io
import json

import pytest

from octavia_loxilb_driver import __version__
from octavia_loxilb_driver.health import main

NOBODY = "http://127.0.0.1:9"


def run(*arguments, **environment):
    out = io.StringIO()
    code = main(list(arguments), environment, out)
    return code, out.getvalue()


def test_all_answer(loxilb):
    code, text = run("--endpoint", loxilb.url)
    assert code == 0
    assert "up  LoxiLB 0.9.8, 0 rules" in text


def test_some_answer(loxilb):
    code, text = run("--endpoint", loxilb.url, "--endpoint", NOBODY, LOXILB_RETRIES="0")
    assert code == 1
    assert "down" in text.splitlines()[1]


def test_none_answers():
    code, _ = run(LOXILB_ENDPOINTS=NOBODY, LOXILB_RETRIES="0")
    assert code == 2


def test_json(loxilb):
    code, text = run("--json", "--timeout", "5", "--endpoint", loxilb.url)
    (instance,) = json.loads(text)["instances"]
    assert code == 0
    assert instance["alive"] is True
    assert instance["version"] == "0.9.8"


def test_bad_settings(capsys):
    code, _ = run("--endpoint", "nonsense")
    assert code == 3
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("flag, text", [("--help", "--endpoint URL"), ("--version", __version__)])
def test_help_and_version(capsys, flag, text):
    with pytest.raises(SystemExit) as caught:
        main([flag])
    assert caught.value.code == 0
    assert text in capsys.readouterr().out
