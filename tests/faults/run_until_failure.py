"""Run cases on one system."""

import json

from tests.faults.environment import System


def run_until_failure(database, settings, runs, log):
    """Run cases until a run fails. What it leaves behind would make later runs on the same system fail too."""
    system, results = System(database, **settings), []
    try:
        system.start()
        from tests.faults.run import run_cases  # noqa: PLC0415 - imports models, once Django is set up

        for name, cases, rng in runs:
            result = vars(run_cases(system, name, cases, rng)) | {"database": database}
            results.append(result)
            report(format_result(result))
            if log:
                with log.open("a") as file:
                    file.write(json.dumps(result) + "\n")
            if result["faults"]:
                system.keep_log(name)
                break
    finally:
        system.stop()
    return results


def format_result(result):
    missed = "".join(f" (no moment for: {case})" for case in result["missed"])
    verdict = "; ".join(result["faults"]) or "no faults"
    what = f"{' + '.join(result['cases'])}: {result['items']} people, {result['seconds']:.0f} s"
    return f"{result['name']} on {result['database']}: {what}{missed}: {verdict}"


def report(text):
    print(text, flush=True)  # noqa: T201 - this is a command
