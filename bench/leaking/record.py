"""What heaptrack recorded of a process: how many blocks, and how many bytes, each native call stack holds at certain moments."""
import collections
import dataclasses


@dataclasses.dataclass(frozen=True)
class Frame:
    library: str  # the name of its file
    function: str  # "" where the library does not say
    address: int

    def __str__(self):
        return f"{self.function or hex(self.address)} ({self.library})"


@dataclasses.dataclass(frozen=True)
class Held:
    """Blocks and bytes."""
    blocks: int = 0
    bytes: int = 0


class Record:
    """An interpreted recording, read line by line (heaptrack_interpret.cpp, file version 3). A block of `mark` bytes is a moment."""

    def __init__(self, lines, mark, names):
        self.strings, self.instructions, self.traces, self.kinds = [""], [None], [None], []
        self.live = []  # blocks of each kind: of one size, allocated by one stack
        self.moments = []  # what was alive then
        self.mark, self.names = mark, names
        self.stacks = {}
        for line in lines:
            self.read(line[0], line[2:])

    def read(self, what, rest):
        if what == "+":
            kind = int(rest, 16)
            self.live[kind] += 1
            if self.kinds[kind][0] == self.mark:
                self.moments.append(self.live.copy())
        elif what == "-":
            self.live[int(rest, 16)] -= 1
        elif what == "a":
            size, trace = rest.split()
            self.kinds.append((int(size, 16), int(trace, 16)))
            self.live.append(0)
        elif what == "t":
            instruction, caller = rest.split()
            self.traces.append((int(instruction, 16), int(caller, 16)))
        elif what == "i":
            self.instructions.append([int(number, 16) for number in rest.split()])
        elif what == "s":
            self.strings.append(rest.rstrip("\n").partition(" ")[2])

    def frame(self, instruction):
        """None for compiled Java code, which belongs to no library."""
        address, library, *where = self.instructions[instruction]
        name = self.strings[library].rpartition("/")[2] or self.names.library(address)
        return Frame(name, self.strings[where[0]] if where else "", address) if name else None

    def stack(self, trace):
        """From the innermost frame on to what Java called, if it did."""
        if trace not in self.stacks:
            frames, at = [], trace
            while at:
                instruction, at = self.traces[at]
                frame = self.frame(instruction)
                if frame is None:
                    break
                frames.append(frame)
            self.stacks[trace] = tuple(frames)
        return self.stacks[trace]

    def held(self, moment):
        """What each stack held at that moment, counted from 0."""
        blocks, size = collections.Counter(), collections.Counter()
        for (bytes_each, trace), live in zip(self.kinds, self.moments[moment]):
            if live:
                blocks[self.stack(trace)] += live
                size[self.stack(trace)] += live * bytes_each
        return collections.defaultdict(Held, {stack: Held(blocks[stack], size[stack]) for stack in blocks})

    def growth(self, first, last):
        """The stacks that held more blocks at the end of each of the rounds, from `first` to `last`, and how many more in all of them."""
        held = [self.held(moment) for moment in range(first - 1, last + 1)]
        grown = {}
        for stack in held[-1]:
            counts = [moment[stack].blocks for moment in held]
            if all(later > earlier for earlier, later in zip(counts, counts[1:])):
                grown[stack] = Held(counts[-1] - counts[0], held[-1][stack].bytes - held[0][stack].bytes)
        return grown
