"""
A receiver of webhooks as clients write them: an HTTP server in Node on loopback that has npm's standardwebhooks, which
is not ours, verify every post. It answers 204 to what is genuine, and 400 to the rest.
"""

import os
import subprocess

from .stack import BUILD

LIBRARY = "standardwebhooks@1.0.0"

_PROGRAM = """
const { Webhook } = require('standardwebhooks');
let webhook;
const server = require('http').createServer((request, response) => {
  const parts = [];
  request.on('data', part => parts.push(part)).on('end', () => {
    let status = 204;
    try { webhook.verify(Buffer.concat(parts), request.headers); } catch (error) { status = 400; }
    response.writeHead(status);
    response.end();
  });
});
server.keepAliveTimeout = 60000;
require('readline').createInterface({ input: process.stdin })
  .on('line', secret => { webhook = new Webhook(secret); console.log('known'); })
  .on('close', () => process.exit());
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


def _library():
    """Installed once a build directory."""
    tools = os.path.join(BUILD, "npm-standardwebhooks")
    if not os.path.isdir(tools + "/node_modules/standardwebhooks"):
        subprocess.run(["npm", "install", "--prefix", tools, "--no-audit", "--no-fund", "--loglevel=error", LIBRARY],
                       check=True, timeout=300, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return tools


class Verifier:
    def __init__(self):
        self._node = subprocess.Popen(["node", "-e", _PROGRAM], cwd=_library(), stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self._node.stdout.readline())}/hook"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def know(self, secret):
        """What is posted from now on must be signed with this secret (`whsec_…`)."""
        print(secret, file=self._node.stdin, flush=True)
        assert self._node.stdout.readline() == "known\n"

    def close(self):
        self._node.stdin.close()        # the end of its input is the end of it
        self._node.wait(10)
        self._node.stdout.close()
