"""What all tests share: the products that `make` has built, and machines made of them."""

import pytest

import machine


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: a long campaign, run by `make soak` only")


@pytest.fixture(scope="session", autouse=True)
def built():
    kinds = machine.products(), machine.products(debug=True), machine.products(plant=True)
    for kind in kinds:
        for name in ("kernel.elf", "fs.img"):
            product = kind / name
            assert product.exists(), f"{product} is missing: run the tests with `make test`"


@pytest.fixture(scope="module")
def shell():
    """A machine at its prompt, shared by the tests of one file; its disk is checked at the end."""
    with machine.Machine(cpus=2, mem="64M") as m:
        m.boot()
        yield m
        m.line("")
        m.expect(r"\$ $")
        m.halt()
