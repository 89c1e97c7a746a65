"""What bench/leaks reads from a recording, against a recording by hand."""
import pathlib
import sys
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(BENCH))

from leaking.names import Names  # noqa: E402
from leaking.record import Frame, Held, Record  # noqa: E402

MARK = 0x1000
OPEN, ALLOCATE = Frame("libmodel.so", "open", 0x10), Frame("libmodel.so", "allocate", 0x20)
NAMES = Names("""\
heaptrack output will be written to "recording.zst"
code 1000-2000 r-xp 00000000 00:00 1 /a/libonnxruntime.so
code 3000-4000 r-xp 00000000 00:00 2 /a/libother.so
function 80 4608
function 2 4864
""", BENCH.parent / "server/src/main/java/dev/skiff/server/runtime")

# Strings, instructions (address, library, function), and the traces allocate < open < (Java) < main, open < (Java), and (Java).
KNOWN = """\
s 13 /a/libmodel.so
s 4 open
s 8 allocate
s 4 main
i 10 1 2
i 20 1 3
i 30 0
i 40 1 4
t 4 0
t 3 1
t 1 2
t 2 3
a 8 4
a 10 4
a 5 3
a 1000 2
""".splitlines(keepends=True)
MOMENT = ["+ 3\n", "- 3\n"]


def record(*rounds):
    """Of rounds of lines, such as "+ 0" for a block of the first kind."""
    return Record([*KNOWN, *(line for lines in rounds for line in [*(f"{line}\n" for line in lines), *MOMENT])], MARK, NAMES)


class NamesTest(unittest.TestCase):
    def test_an_address_is_in_one_library_or_in_none(self):
        self.assertEqual(["libonnxruntime.so", "libother.so", ""], [*map(NAMES.library, (0x1000, 0x3FFF, 0x2000))])

    def test_an_address_is_in_the_function_that_begins_before_it(self):
        self.assertEqual(["OrtApi.GET_VALUE", "OrtApi.GET_VALUE", "OrtApi.GET_ERROR_MESSAGE"], [*map(NAMES.function, (4608, 4863, 4864))])


class RecordTest(unittest.TestCase):
    def test_a_stack_ends_where_java_called(self):
        self.assertEqual({(ALLOCATE, OPEN), (), (OPEN,)}, set(record(["+ 0", "+ 2"]).held(0)))

    def test_blocks_of_one_stack_are_one_whatever_their_size(self):
        self.assertEqual(Held(3, 8 + 8 + 16), record(["+ 0", "+ 0", "+ 1"]).held(0)[ALLOCATE, OPEN])

    def test_what_grows_in_each_round(self):
        read = record(["+ 0", "+ 2"], ["+ 0", "+ 2", "- 2"], ["+ 1", "- 2", "+ 2", "+ 2"])
        self.assertEqual({(ALLOCATE, OPEN): Held(2, 8 + 16)}, read.growth(1, 2))

    def test_what_was_freed_in_the_same_round_has_not_grown(self):
        self.assertEqual({}, record(["+ 0"], ["+ 0", "- 0"], ["- 0", "+ 0"]).growth(1, 2))

    def test_rounds_before_do_not_count(self):
        self.assertEqual({}, record([], ["+ 0"], ["+ 0"], [], []).growth(3, 4))


if __name__ == "__main__":
    unittest.main()
