"""What docker-py does with the credential helper that config.json names, told as one JSON value.

Called by tests/it/other_clients.rs with an action and its arguments; DOCKER_CONFIG says which configuration."""

import json
import sys

import docker
from docker.auth import load_config
from docker.credentials import Store
from docker.credentials.errors import CredentialsNotFound


def get(server):
    try:
        return Store("pass").get(server)
    except CredentialsNotFound:
        return "CredentialsNotFound"


def store(server, user, secret):
    Store("pass").store(server, user, secret)


def erase(server):
    Store("pass").erase(server)


def list_():
    return Store("pass").list()


def resolve(server):
    return load_config().resolve_authconfig(server)


def transfer(host, image, verb):
    """The first error among the daemon's progress lines, or of the request itself."""
    repository, tag = image.rsplit(":", 1)
    client = docker.APIClient(base_url=host)
    try:
        lines = getattr(client, verb)(repository, tag=tag, stream=True, decode=True)
        errors = [line["error"] for line in lines if "error" in line]
    except docker.errors.APIError as error:
        errors = [str(error)]
    return {"error": errors[0] if errors else None}


def push(host, image):
    return transfer(host, image, "push")


def pull(host, image):
    return transfer(host, image, "pull")


ACTIONS = {"get": get, "store": store, "erase": erase, "list": list_, "resolve": resolve, "push": push, "pull": pull}

if __name__ == "__main__":
    json.dump(ACTIONS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
