"""How is the simulator started? `python -m tests.ade_simulator [--port N] [--devices N] [--demo] [--control]`.

It prints one line of JSON with its base URL when it listens.
"""

import argparse
import json

from tests.ade_simulator.demo import DEVICES, demo_service
from tests.ade_simulator.server import Server
from tests.ade_simulator.service import FIRST, Service


def main() -> None:
    """Listen until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.ade_simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1; a free port without it")
    parser.add_argument("--devices", type=int, help=f"how many devices the account has; {DEVICES} in a demo, else none")
    parser.add_argument("--demo", action="store_true", help="show a page that makes token files and buys devices")
    parser.add_argument("--control", action="store_true", help="let tests change what it does")
    arguments = parser.parse_args()
    if arguments.demo:
        service = demo_service(DEVICES if arguments.devices is None else arguments.devices)
    else:
        service = Service()
        service.account(FIRST).fleet.buy(arguments.devices or 0, {})
    server = Server(arguments.port, service, with_control=arguments.control, with_page=arguments.demo)
    print(json.dumps({"base_url": server.base_url}), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
