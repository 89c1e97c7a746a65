"""A server of known speed: answers each POST with STATUS and REPLY, and each GET with RATE and its own process id."""
import http.server
import json
import os
import sys

port, rate, reply, status = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], int(sys.argv[4])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, json.dumps({"rate": rate, "pid": os.getpid()}))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(status, reply)

    def answer(self, code, text):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
