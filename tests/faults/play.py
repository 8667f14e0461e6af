"""The runs of one stage."""

import json

from tests.faults.environment import Stage


def play(database, environment, runs, log):
    """Perform runs up to the first one that fails: what is left over would be held against those that follow."""
    stage, outcomes = Stage(database, **environment), []
    try:
        stage.start()
        from tests.faults.run import perform  # noqa: PLC0415 - imports models, once Django is set up

        for name, cases, luck in runs:
            outcomes.append(vars(perform(stage, name, cases, luck)) | {"database": database})
            say(describe(outcomes[-1]))
            if log:
                with log.open("a") as file:
                    file.write(json.dumps(outcomes[-1]) + "\n")
            if outcomes[-1]["faults"]:
                stage.keep_log(name)
                break
    finally:
        stage.stop()
    return outcomes


def describe(outcome):
    missed = "".join(f" (no moment for: {case})" for case in outcome["missed"])
    verdict = "; ".join(outcome["faults"]) or "all held"
    what = f"{' + '.join(outcome['cases'])}: {outcome['items']} people, {outcome['seconds']:.0f} s"
    return f"{outcome['name']} on {outcome['database']}: {what}{missed}: {verdict}"


def say(text):
    print(text, flush=True)  # noqa: T201 - this is a command
