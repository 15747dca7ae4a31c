"""Prints what the SAM CLI reads from each `--parameter-overrides` on standard input.

Standard input is a JSON list of command lines' rests, as a shell would be given them. The result is
a list of objects with the values by their names, or of the error's text.
"""

import json
import shlex
import sys

import click
from samcli.cli.types import CfnParameterOverridesType


def read(text):
    try:
        return CfnParameterOverridesType().convert(tuple(shlex.split(text)), None, None)
    except click.ClickException as error:
        return str(error)


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
