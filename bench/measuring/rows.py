"""What the table says: a row with a value for each round, or why there is none."""
import json
import statistics


class Row:
    """The median of the rounds' values, with the lowest and the highest beside it."""

    def __init__(self, name, measure, must, aim, values, runs, note=""):
        self.name, self.measure, self.must, self.aim = name, measure, must, aim
        self.values, self.runs, self.note = values, runs, note
        self.median = statistics.median(values)

    def line(self):
        return (f"| {self.name} | {self.measure} | {self.median:.2f} | {min(self.values):.2f} to {max(self.values):.2f} "
                f"| {self.must} | {self.aim} | {self.note} |")

    def write(self, folder, circumstances):
        """As JSON, one run a line."""
        fields = {
            "row": self.name, "measure": self.measure, "must": self.must, "aim": self.aim, "median": round(self.median, 4),
            "rounds": [round(value, 4) for value in self.values], "note": self.note, **circumstances,
        }
        head = json.dumps(fields, indent=2)[:-2]
        runs = ",\n".join(f"    {json.dumps(run)}" for run in self.runs)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(f"{head},\n  \"runs\": [\n{runs}\n  ]\n}}\n")


class Failure:
    """A row that could not be measured. It is in the table all the same, and the exit status is 1; no result is written."""

    def __init__(self, name, reason):
        self.name, self.reason = name, str(reason)

    def line(self):
        return f"| {self.name} | **FAILED**: {' '.join(self.reason.split()).replace('|', '/')} | | | | | |"


def errors(runs, but=""):
    """The end of a note: how many requests failed, if any did."""
    count = sum(number for run in runs for kind, number in run["errors"].items() if kind != but)
    return f"; {count:,} errors" if count else ""


def taken(runs):
    """Another end: how much of a core was not the run's, of the one that lost more; the least and the most of all runs."""
    def of(share):
        lost = [max(of_core[share] for of_core in run["taken"].values()) for run in runs]
        return f"{min(lost):.1f} to {max(lost):.1f} %"

    return f"; of a core the host took {of('hostPercent')}, other processes {of('othersPercent')}" if runs else ""


HEAD = "| row | measure | median | lowest to highest | must | aim | |\n| --- | --- | ---: | --- | ---: | ---: | --- |"
