# Runs the master under twistd; at the first start it makes its database by itself.
import os
from pathlib import Path

from buildbot.config.master import MasterConfig
from buildbot.master import BuildMaster
from sandbox.layout import SOURCE, Layout
from sqlalchemy import event
from sqlalchemy.engine import Engine
from twisted.application import service
from twisted.internet import defer
from twisted.python import log
from twisted.python.log import FileLogObserver, ILogObserver
from twisted.python.logfile import LogFile

FOLDER = Layout(Path(os.environ["WARDROOM_SANDBOX_HOME"])).ci / "master"


async def make_database():
    """Create the tables as `buildbot create-master` does, without a second process."""
    maker = BuildMaster(str(FOLDER))
    maker.config = MasterConfig()
    await maker.db.setup(check_version=False)
    await maker.db.model.upgrade()


@event.listens_for(Engine, "connect")
def spare_the_disk(connection, _record):
    """Let a power cut take the last builds, not a kill: the write-ahead log stays whole."""
    connection.execute("PRAGMA synchronous = NORMAL")


class Opening(service.Service):
    """Adds the master to the application once its database is there."""

    async def _open(self, application):
        if not (FOLDER / "state.sqlite").exists():
            await make_database()
        BuildMaster(str(FOLDER), str(SOURCE / "ci" / "master.cfg")).setServiceParent(application)

    def startService(self):
        super().startService()
        opening = defer.Deferred.fromCoroutine(self._open(service.IServiceCollection(application)))
        opening.addErrback(log.err, "the CI master cannot open its database")


application = service.Application("buildmaster")
logfile = LogFile.fromFullPath(str(FOLDER / "twistd.log"), rotateLength=1_000_000, maxRotatedFiles=2)
application.setComponent(ILogObserver, FileLogObserver(logfile).emit)
Opening().setServiceParent(application)
