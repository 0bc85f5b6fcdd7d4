import pytest

from server import Client, Server


@pytest.fixture
def start(tmp_path):
    """Starts servers with arguments of the test's, and stops them in the end."""
    servers = []

    def start(*arguments, env=None):
        directory = tmp_path / f"server-{len(servers)}"
        directory.mkdir()
        servers.append(Server(directory, *arguments, env=env))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def client(server):
    with Client(server) as client:
        yield client
