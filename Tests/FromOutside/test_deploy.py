"""The scripts in deploy/, as far as they can be tried without building again."""

import os
import shutil
import subprocess

import pytest

from server import TOP, environment


def run(*arguments, **more):
    return subprocess.run(
        arguments, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **more
    )


@pytest.mark.parametrize("script", ["quickstart.sh", "test.sh"])
def test_an_unknown_argument_is_64_with_the_usage(script):
    done = run("bash", TOP / "deploy" / script, "--faster", env=environment())
    assert done.returncode == 64
    assert f"usage: deploy/{script}" in done.stderr


@pytest.mark.parametrize("script", ["quickstart.sh", "test.sh"])
def test_help_is_0(script):
    done = run("bash", TOP / "deploy" / script, "--help", env=environment())
    assert done.returncode == 0
    assert f"usage: deploy/{script}" in done.stdout


def test_packages_that_are_there_need_nothing():
    done = run("bash", TOP / "deploy/packages.sh", "bash", "coreutils")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_root_and_sudo_the_line_to_run_is_printed(tmp_path):
    commands = {}
    for name in ("bash", "dpkg-query", "id"):
        commands[name] = shutil.which(name)
        if commands[name] is None:
            pytest.skip(f"no {name} here")
    for name in ("bash", "dpkg-query"):
        (tmp_path / name).symlink_to(commands[name])
    (tmp_path / "id").write_text(f"#!{commands['bash']}\necho 1000\n")
    os.chmod(tmp_path / "id", 0o755)
    done = run(commands["bash"], TOP / "deploy/packages.sh", "bash", "no-such-package", env={"PATH": str(tmp_path)})
    assert done.returncode == 69
    assert "apt-get install -y --no-install-recommends no-such-package\n" in done.stderr
