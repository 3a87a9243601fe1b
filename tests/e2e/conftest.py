"""One set of vendors and one server for all tests here that do not need their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.office import office_environment
from tests.e2e.phones import Exchange
from tests.e2e.town import Town, Vendors, emulated_vendors, town
from tests.leads.receiver import Receiver


@pytest.fixture(scope="package")
def vendors() -> Iterator[Vendors]:
    with emulated_vendors() as started:
        yield started


@pytest.fixture(scope="package")
def exchange() -> Iterator[Exchange]:
    with Exchange() as started:
        yield started


@pytest.fixture(scope="package")
def house(vendors: Vendors, exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The server that the tests share: signed webhooks, all vendors in the cloud, tapes and samples of every call."""
    data = tmp_path_factory.mktemp("house")
    # Some callers hum, so that they can be told apart by ear: to the neural check that is no speech.
    env = {"LOG_CALLS": str(data / "tapes"), "SAMPLE_EVERY_CALLS": "1", "VAD_NEURAL": "off"}
    with town(vendors, exchange, data, env) as started:
        yield started


@pytest.fixture(name="town")
def fresh_town(house: Town) -> Iterator[Town]:
    """The shared server, its vendors well again; what it logged meanwhile is shown with a test that failed."""
    house.vendors.reset()
    before = len(house.server.log())
    yield house
    print(house.server.log()[before:])


@pytest.fixture(scope="package")
def desk() -> Iterator[Receiver]:
    """Where the office receives its leads."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="package")
def office(house: Town, desk: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A server with an office behind it."""
    data = tmp_path_factory.mktemp("office")
    with town(house.vendors, house.exchange, data, office_environment(desk), stock_from=house.data) as started:
        yield started
