"""The load tester on a terminal, and on none."""
import http.server
import os
import pathlib
import pty
import subprocess
import threading
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[3]


class Silent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Terminal(unittest.TestCase):
    def setUp(self):
        server = http.server.HTTPServer(("127.0.0.1", 0), Silent)
        threading.Thread(target=server.serve_forever).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.command = [os.environ.get("JAVA", "java"), "-jar", BENCH / "target/skiff-bench.jar", "run", "--url",
                        f"http://127.0.0.1:{server.server_port}/", "--rate", "20", "--warm-up", "0s", "--duration", "1s"]

    def test_a_line_shows_how_the_run_goes(self):
        terminal, other = pty.openpty()
        with subprocess.Popen(self.command, stdin=other, stdout=other, stderr=other) as process:
            os.close(other)
            shown = b""
            while part := self.read(terminal):
                shown += part
        os.close(terminal)

        self.assertEqual(0, process.returncode, shown)
        self.assertRegex(shown, rb"\r\x1b\[Kmeasuring 1 s: \d+ requests/s, 0 errors\r")

    def test_where_there_is_no_terminal_there_is_no_such_line(self):
        run = subprocess.run(self.command, capture_output=True, stdin=subprocess.DEVNULL, check=True)

        self.assertIn(b"requests/s", run.stdout)
        self.assertEqual(b"", run.stderr)

    @staticmethod
    def read(terminal):
        try:
            return os.read(terminal, 65536)
        except OSError:  # what Linux says when the other end is closed
            return b""


if __name__ == "__main__":
    unittest.main()
