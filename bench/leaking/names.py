"""Names for addresses of native code that has none."""
import bisect
import pathlib
import re

RUNTIME = "libonnxruntime.so"


class Names:
    """From what ClosePaths told, and the server's own names for the functions of ONNX Runtime's C API."""

    def __init__(self, told, sources):
        self.code, self.functions = [], []
        for line in told.splitlines():
            if found := re.match(r"code (\w+)-(\w+) .* \S*/(\S+)$", line):
                self.code.append((int(found[1], 16), int(found[2], 16), found[3]))
            elif found := re.match(r"function (\d+) (\d+)$", line):
                self.functions.append((int(found[2]), int(found[1])))
        self.functions.sort()
        callers = [text for file in pathlib.Path(sources).glob("*.java") if "CApi" in (text := file.read_text())]
        self.known = {int(index): name for name, index in re.findall(r"static final int ([A-Z_]+) = (\d+);", "".join(callers))}

    def library(self, address):
        return next((name for start, end, name in self.code if start <= address < end), "")

    def function(self, address):
        """The function of the C API that an address in it belongs to, if it is one's that Java called."""
        at = bisect.bisect_right(self.functions, (address, 1 << 32)) - 1
        index = self.functions[at][1]
        return f"OrtApi.{self.known.get(index, index)}"
