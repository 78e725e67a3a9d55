"""What others put into their CI: the GitHub action, the GitLab template, the pre-commit hooks, the example repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
REPO = ROOT / "examples" / "zoning-repo"
yaml = pytest.importorskip("ruamel.yaml", reason="comes with check-jsonschema")
if shutil.which("bash") is None or shutil.which("git") is None:
    pytest.skip("needs bash and git", allow_module_level=True)

sys.path.insert(0, str(ROOT / "data"))
import make_zoning_repo  # noqa: E402  (a script, not a package)


def loaded(path: Path) -> Any:
    return yaml.YAML(typ="safe").load(path.read_text("utf-8"))


ACTION = loaded(ROOT / "action.yml")
GITLAB = loaded(ROOT / "templates" / "gitlab-ci.yml")
HOOKS = loaded(ROOT / ".pre-commit-hooks.yaml")


def git(*words: str, cwd: Path) -> str:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *settings, *words], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a git repository of the example with a branch checked out."""
    home = tmp_path / "zoning repo"
    shutil.copytree(REPO, home)
    git("init", "-q", cwd=home)
    git("add", "-A", cwd=home)
    git("commit", "-q", "-m", "plans", cwd=home)
    git("checkout", "-q", "-b", "change", cwd=home)
    return home


def command_folder(folder: Path) -> Path:
    """Return a folder with a kkpr-check that runs this source tree."""
    folder.mkdir(exist_ok=True)
    script = folder / "kkpr-check"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m kkpr_check "$@"\n')
    script.chmod(0o755)
    return folder


@dataclass
class Runner:
    """Runs the steps of the composite action as a GitHub runner does; the installation is left out."""

    repository: Path
    temp: Path
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""

    def __post_init__(self) -> None:
        self.temp.mkdir()
        self.summary = self.temp / "summary.md"

    def value(self, text: str, inputs: Mapping[str, str]) -> str:
        def put(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("inputs."):
                return inputs[name.removeprefix("inputs.")]
            if step := re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", name):
                return self.outputs.get(step[1], {}).get(step[2], "")
            assert name == "github.action_path"
            return str(ROOT)

        return re.sub(r"\$\{\{(.*?)\}\}", put, text)

    def wanted(self, condition: str, inputs: Mapping[str, str]) -> bool:
        parts = [re.fullmatch(r"inputs\.([\w-]+) != ''", part) for part in condition.split(" && ")]
        return all(inputs[part[1]] != "" for part in parts if part)

    def run(self, **given: str) -> int:
        """Return the exit code of the action with these inputs."""
        inputs = {name: str(spec["default"]) for name, spec in ACTION["inputs"].items()}
        inputs |= {name.replace("_", "-"): value for name, value in given.items()}
        for step in ACTION["runs"]["steps"]:
            skipped = "run" not in step or step.get("name") == "Install kkpr-check"
            if skipped or not self.wanted(step.get("if", ""), inputs):
                continue
            code = self.step(step, inputs)
            if code:
                return code
        return 0

    def step(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> int:
        output = self.temp / "output"
        output.write_text("")
        environment = {name: self.value(str(text), inputs) for name, text in step["env"].items()}
        path = os.pathsep.join([str(command_folder(self.temp / "bin")), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], cwd=self.repository,
            capture_output=True, text=True, timeout=120,
            env=os.environ | environment | {
                "PATH": path, "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_PATH": str(self.temp / "path"),
            },
        )  # fmt: skip
        self.log += done.stdout + done.stderr
        pairs = re.findall(r"^(\w+)=(.*)$", output.read_text("utf-8"), re.MULTILINE)
        pairs += re.findall(r"^(\w+)<<(?:\S+)\n(.*)\n\S+$", output.read_text("utf-8"), re.MULTILINE)
        self.outputs[step.get("id", step["name"])] = dict(pairs)
        return done.returncode


@pytest.fixture
def runner(repository: Path, tmp_path: Path) -> Runner:
    return Runner(repository, tmp_path / "runner")


KNOWN = {"targets": "plans", "baseline": "kkpr-baseline.json", "strict": "true", "lang": "en"}


def drop_a_zone(repository: Path) -> None:
    path = repository / "plans" / "rdtr-utara" / "layers" / "zoning.geojson"
    lines = [line for line in path.read_text("utf-8").splitlines() if '"SPU-3"' not in line]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def double_a_zone(repository: Path) -> None:
    path = repository / "plans" / "rdtr-selatan" / "layers" / "zoning.geojson"
    text = path.read_text("utf-8")
    (line,) = [line for line in text.splitlines() if '"SPU-3"' in line]
    path.write_text(text.replace(line, line + "\n" + line.replace('"OBJECTID": 2', '"OBJECTID": 9')), "utf-8")


def prohibit_shops(repository: Path) -> None:
    path = repository / "plans" / "rdtr-utara" / "itbx.csv"
    head, *rows = path.read_text("utf-8").splitlines()
    columns = head.split(",")
    cells = next(row for row in rows if row.startswith("warung")).split(",")
    cells[columns.index("K-3")] = cells[columns.index("R-3")] = "X"
    rows = [",".join(cells) if row.startswith("warung") else row for row in rows]
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")


def test_the_plans_of_the_repository_come_from_the_script(tmp_path: Path) -> None:
    make_zoning_repo.main(tmp_path)
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert len(made) == 23
    for name, data in made.items():
        assert (REPO / name).read_bytes() == data, name


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "examples/zoning-repo/.github/workflows/zoning.yml"),
        ("vendor.gitlab-ci", "templates/gitlab-ci.yml"),
        ("vendor.gitlab-ci", "examples/zoning-repo/.gitlab-ci.yml"),
    ],
)
def test_files_fit_the_official_schemas(schema: str, path: str) -> None:
    pytest.importorskip("check_jsonschema")
    call = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / path)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_input_is_pasted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_example_workflow_gives_inputs_that_exist() -> None:
    workflow = loaded(REPO / ".github" / "workflows" / "zoning.yml")
    (step,) = [s for s in workflow["jobs"]["zoning"]["steps"] if "kkpr-check" in s.get("uses", "")]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    for other in workflow["jobs"]["zoning"]["steps"]:
        assert "${{" not in other.get("run", "")


def test_a_clean_repository_passes(runner: Runner) -> None:
    assert runner.run(**KNOWN) == 0, runner.log
    assert runner.outputs["validate"] == {"code": "0"}
    assert "12 known" in runner.summary.read_text("utf-8")
    assert "::error" not in runner.log


def test_a_deleted_zone_fails_and_is_annotated(runner: Runner) -> None:
    drop_a_zone(runner.repository)
    assert runner.run(**KNOWN, sarif="findings.sarif") == 1
    first = runner.log.splitlines()[0]
    assert first.startswith("::error title=kkpr-check validate::")
    assert "DAT1" in runner.log
    assert "DAT1" in runner.summary.read_text("utf-8")
    assert runner.outputs["validate"] == {"code": "1", "sarif": "findings.sarif"}
    sarif = json.loads((runner.repository / "findings.sarif").read_text("utf-8"))
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"]


def test_a_broken_case_of_a_plan_fails(runner: Runner) -> None:
    path = runner.repository / "plans" / "rdtr-selatan" / "cases.csv"
    path.write_text(path.read_text("utf-8").replace(",nonconform,", ",conform,", 1), "utf-8")
    assert runner.run(**KNOWN) == 1
    assert "DAT401" in runner.log


def test_what_cannot_run_is_two(runner: Runner) -> None:
    assert runner.run(targets="no-such-folder") == 2


def has_diff() -> bool:
    done = subprocess.run([sys.executable, "-m", "kkpr_check", "diff", "--help"], capture_output=True, cwd=ROOT, check=False)  # fmt: skip
    return done.returncode == 0


@pytest.mark.parametrize(("budget", "code"), [("2", 0), ("1", 1)])
def test_flipped_verdicts_are_counted_against_the_base(runner: Runner, budget: str, code: int) -> None:
    if not has_diff():
        pytest.skip("needs the diff command")
    prohibit_shops(runner.repository)
    plans = "plans/rdtr-utara\n  plans/rdtr-selatan  \n\nplans/rdtr-baru\n"
    shutil.copytree(runner.repository / "plans" / "rdtr-utara", runner.repository / "plans" / "rdtr-baru")
    more = {"plans": plans, "base": "main", "parcels": "parcels.geojson", "max_flips": budget}
    more["comment"] = "kkpr diff.md"
    assert runner.run(targets="plans/rdtr-utara\nplans/rdtr-selatan", lang="en", **more) == code, runner.log
    assert runner.outputs["diff"] == {"code": str(code), "comment": "kkpr diff.md"}
    comment = (runner.repository / "kkpr diff.md").read_text("utf-8")
    assert comment == runner.summary.read_text("utf-8")[-len(comment) :]
    assert "KGT001" in comment
    assert "findings" not in comment.partition("\n")[0]
    assert "not compared, not in both versions: plans/rdtr-baru" in comment
    assert "not compared, not in both versions: plans/rdtr-baru" in runner.log
    assert "KGT001" in runner.summary.read_text("utf-8")
    assert "2 worse, 0 better" in runner.log
    assert git("worktree", "list", cwd=runner.repository).count("\n") == 0


@pytest.mark.parametrize(("budget", "code"), [("2", 0), ("1", 1)])
def test_a_folder_of_plans_is_one_comparison(runner: Runner, budget: str, code: int) -> None:
    """As the example's workflow does it; a plan that moves is named, and the budget counts over all plans."""
    workflow = loaded(REPO / ".github" / "workflows" / "zoning.yml")
    (given,) = [s["with"] for s in workflow["jobs"]["zoning"]["steps"] if "kkpr-check" in s.get("uses", "")]
    prohibit_shops(runner.repository)
    home = runner.repository / "plans"
    (home / "rdtr-selatan").rename(home / "rdtr-kota-selatan")
    more = {"base": "main", "comment": "comment.md", "lang": "en"}
    wanted = {name.replace("-", "_"): given[name] for name in ("targets", "baseline", "plans", "parcels")}
    assert runner.run(**{**wanted, **more, "max_flips": budget, "baseline": ""}) in (code, 1), runner.log
    assert runner.outputs["diff"]["code"] == str(code)
    comment = (runner.repository / "comment.md").read_text("utf-8")
    assert "plans: 1 changed, 1 in another folder, 1 unchanged" in comment
    assert "2 worse, 0 better" in comment


def test_a_comment_of_many_plans_fits_a_pull_request(runner: Runner) -> None:
    """A plan in the pull request that cannot be read is named in the comment, and the comment is cut to whole lines."""
    fill = "\n".join(f"plans/plan-{number:05d}" for number in range(1500))
    path = runner.repository / "plans" / "rdtr-selatan" / "plan.toml"
    path.write_text(path.read_text("utf-8") + "[broken\n", "utf-8")
    plans = f"plans/rdtr-selatan\n{fill}"
    assert runner.run(targets="plans/rdtr-utara", plans=plans, base="main", comment="comment.md") == 2
    comment = (runner.repository / "comment.md").read_bytes()
    assert comment.startswith(b"could not be compared (see the log): plans/rdtr-selatan\n")
    assert 64_000 < len(comment) <= 65_536
    assert comment.endswith(b"the rest: summary of the run\n")
    rows = [line for line in comment.decode().splitlines() if line.startswith("not compared")]
    assert all(re.fullmatch(r"not compared.*: plans/plan-\d{5}", row) for row in rows)


HOSTILE = "x$(touch pwned)`touch pwned`\";touch pwned;'\n;touch pwned"


@pytest.mark.parametrize(
    "name", ["targets", "select", "ignore", "baseline", "sarif", "plans", "parcels", "max_flips", "comment"]
)
def test_hostile_inputs_run_nothing(runner: Runner, name: str) -> None:
    more = {"plans": "plans/rdtr-utara", "base": "main"}
    runner.run(**{**KNOWN, **more, name: HOSTILE})
    assert not list(runner.repository.rglob("pwned"))
    assert not list(runner.temp.rglob("pwned"))


@pytest.mark.parametrize(
    "base", ["--upload-pack=touch pwned", "$(touch pwned)", "main:refs/heads/other", "a b"]
)
def test_a_base_that_is_no_commit_is_refused(runner: Runner, base: str) -> None:
    assert runner.run(**KNOWN, plans="plans/rdtr-utara", base=base) == 2
    assert "base is no commit" in runner.log
    assert not list(runner.repository.rglob("pwned"))
    assert "other" not in git("branch", cwd=runner.repository)


@pytest.mark.parametrize(
    ("version", "package"),
    [("", str(ROOT)), ("0.1.0", "kkpr-check==0.1.0"), ("0.1.0 --index-url=x", None), ("--pre", None)],
)
def test_what_the_action_installs(runner: Runner, version: str, package: str | None) -> None:
    bin_ = runner.temp / "bin"
    bin_.mkdir()
    fake = bin_ / "python3"
    fake.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin"\n'
        'printf \'#!/bin/sh\\necho "asked: $*"\\n\' > "$3/bin/python"\nchmod +x "$3/bin/python"\n'
    )
    fake.chmod(0o755)
    (step,) = [s for s in ACTION["runs"]["steps"] if s.get("name") == "Install kkpr-check"]
    code = runner.step(step, {"version": version})
    if package is None:
        assert code == 2
        assert "asked:" not in runner.log
        return
    assert code == 0, runner.log
    assert runner.log.strip().endswith(f"--disable-pip-version-check {package}")
    assert (runner.temp / "path").read_text().strip() == str(runner.temp / "kkpr-check" / "bin")


def gitlab_job(name: str, repository: Path, temp: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script lines of a job as a GitLab runner does: one shell, stop at the first failure."""
    values = {key: str(value) for key, value in GITLAB["variables"].items()} | variables
    path = os.pathsep.join([str(command_folder(temp / "bin")), os.environ["PATH"]])
    script = "\n".join(GITLAB[name]["script"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=repository, capture_output=True, text=True,
        env=os.environ | values | {"PATH": path, "KKPR_LANG": "en", "CI_PROJECT_DIR": str(repository)}, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("broken", "code"), [(False, 0), (True, 1)])
def test_the_gitlab_job_leaves_its_reports(repository: Path, tmp_path: Path, broken: bool, code: int) -> None:
    if broken:
        drop_a_zone(repository)
    ours = loaded(REPO / ".gitlab-ci.yml")["variables"]
    assert set(ours) <= set(GITLAB["variables"])
    done = gitlab_job("kkpr-check:validate", repository, tmp_path, **ours)
    assert done.returncode == code, done.stdout + done.stderr
    reports = GITLAB["kkpr-check:validate"]["artifacts"]["reports"]
    issues = json.loads((repository / reports["codequality"]).read_text("utf-8"))
    assert bool(issues) == broken
    assert ET.parse(repository / reports["junit"]).getroot().tag == "testsuites"


def test_a_job_looks_once_and_at_everything_by_default(runner: Runner, tmp_path: Path) -> None:
    """The default target is the whole repository, in which the reports stand too."""
    lines = GITLAB["kkpr-check:validate"]["script"]
    assert sum("kkpr-check validate" in line for line in lines) == 1
    options = "--baseline=kkpr-baseline.json"
    done = gitlab_job("kkpr-check:validate", runner.repository, tmp_path, KKPR_OPTIONS=options)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [step["run"] for step in ACTION["runs"]["steps"] if "kkpr-check validate" in step.get("run", "")]
    assert len(steps) == 1 and steps[0].count("kkpr-check validate") == 1
    assert runner.run(baseline="kkpr-baseline.json", sarif="findings.sarif") == 0, runner.log
    assert json.loads((runner.repository / "findings.sarif").read_text("utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize(("budget", "code"), [("2", 0), ("1", 1)])
@pytest.mark.parametrize("plans", ["plans", "plans/rdtr-utara plans/rdtr-selatan"])
def test_the_gitlab_job_compares_with_the_target_branch(
    repository: Path, tmp_path: Path, budget: str, code: int, plans: str
) -> None:
    if not has_diff():
        pytest.skip("needs the diff command")
    git("remote", "add", "origin", str(repository), cwd=repository)
    base = git("rev-parse", "main", cwd=repository)
    prohibit_shops(repository)
    options = f"--parcels=parcels.geojson --max-flips={budget}"
    done = gitlab_job(
        "kkpr-check:diff", repository, tmp_path, CI_MERGE_REQUEST_DIFF_BASE_SHA=base,
        KKPR_PLANS=plans, KKPR_DIFF_OPTIONS=options,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    artifacts = GITLAB["kkpr-check:diff"]["artifacts"]
    (comment,) = artifacts["paths"]
    text = (repository / comment).read_text("utf-8")
    assert "KGT001" in text
    assert "rdtr-selatan" in text
    assert re.fullmatch(r"[\w -]+", artifacts["expose_as"])


def test_the_hooks_run_under_pre_commit(repository: Path, tmp_path: Path) -> None:
    pytest.importorskip("pre_commit")
    check = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    ours = loaded(REPO / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    hooks = []
    for hook in HOOKS:
        given = next((one for one in ours if one["id"] == hook["id"]), {})
        hooks.append({**hook, **given, "language": "system"})
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({"repos": [{"repo": "local", "hooks": hooks}]}))
    path = os.pathsep.join([str(command_folder(tmp_path / "bin")), os.environ["PATH"]])

    def run(hook: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", hook, "--all-files", "--config", str(config)], cwd=repository,
            capture_output=True, text=True, check=False, timeout=120,
            env=os.environ | {"PATH": path, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "KKPR_LANG": "en"},
        )  # fmt: skip

    for hook in ("kkpr-check-plans", "kkpr-check-layers"):
        done = run(hook)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Passed" in done.stdout
    double_a_zone(repository)
    for hook in ("kkpr-check-plans", "kkpr-check-layers"):
        done = run(hook)
        assert done.returncode == 1, (hook, done.stdout + done.stderr)
        assert "DAT1" in done.stdout


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("plans/a/plan.toml", True),
        ("plans/a/itbx.csv", True),
        ("plans/a/layers/zona.shp", True),
        ("a.gdb/a00000009.gdbtable", True),
        ("pyproject.toml", False),
        ("README.md", False),
    ],
)
def test_which_files_wake_the_plan_hook(path: str, fits: bool) -> None:
    assert bool(re.search(HOOKS[0]["files"], path)) == fits
