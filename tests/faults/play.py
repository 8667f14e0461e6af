"""Run cases on one system."""

import json

from tests.faults.environment import System


def play(database, environment, runs, log):
    """Run the cases up to the first run that fails, because its remains would make later runs fail too."""
    system, outcomes = System(database, **environment), []
    try:
        system.start()
        from tests.faults.run import perform  # noqa: PLC0415 - imports models, once Django is set up

        for name, cases, rng in runs:
            outcomes.append(vars(perform(system, name, cases, rng)) | {"database": database})
            say(describe(outcomes[-1]))
            if log:
                with log.open("a") as file:
                    file.write(json.dumps(outcomes[-1]) + "\n")
            if outcomes[-1]["faults"]:
                system.keep_log(name)
                break
    finally:
        system.stop()
    return outcomes


def describe(outcome):
    missed = "".join(f" (no moment for: {case})" for case in outcome["missed"])
    verdict = "; ".join(outcome["faults"]) or "all held"
    what = f"{' + '.join(outcome['cases'])}: {outcome['items']} people, {outcome['seconds']:.0f} s"
    return f"{outcome['name']} on {outcome['database']}: {what}{missed}: {verdict}"


def say(text):
    print(text, flush=True)  # noqa: T201 - this is a command
