"""Runs the tests in an environment made for them, with the interpreter that runs this file."""

import os
import subprocess
import sys
import tempfile
import venv

with tempfile.TemporaryDirectory() as directory:
    venv.create(directory, with_pip=True)
    python = os.path.join(directory, "bin", "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.check_call(pip + ["-r", "requirements.txt"])
    subprocess.check_call(
        [
            python,
            "-m",
            "pytest",
            "--quiet",
            "--junitxml=junit.xml",
            "--cov",
            "--cov-report=xml",
        ]
        + sys.argv[1:]
    )
