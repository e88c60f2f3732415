# Runs the worker under twistd.
import json
import os
from pathlib import Path

from buildbot_worker.bot import Worker
from sandbox.layout import Layout
from twisted.application import service
from twisted.python.log import FileLogObserver, ILogObserver
from twisted.python.logfile import LogFile

layout = Layout(Path(os.environ["WARDROOM_SANDBOX_HOME"]))
folder = layout.ci / "worker"
facts = json.loads(layout.facts.read_text("utf-8"))

# The steps of a build end with the worker, however it ends; so they must know it.
os.environ["WARDROOM_SANDBOX_WORKER"] = str(os.getpid())

application = service.Application("buildbot-worker")
logfile = LogFile.fromFullPath(str(folder / "twistd.log"), rotateLength=1_000_000, maxRotatedFiles=2)
application.setComponent(ILogObserver, FileLogObserver(logfile).emit)
Worker(
    "127.0.0.1",
    facts["ci"]["worker_port"],
    "worker",
    layout.worker_password.read_text("utf-8").strip(),
    str(folder),
    keepalive=60,
    maxdelay=5,
).setServiceParent(application)
