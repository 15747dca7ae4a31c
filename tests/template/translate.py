"""Prints what AWS SAM makes of the template on standard input, as JSON; reaches no network.

Each argument is a parameter, as NAME=VALUE.
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse


def translate(text, parameters):
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam package` puts the upload's address here; the translator takes no folder.
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return Translator({}, Parser()).translate(template, parameters)


parameters = dict(argument.split("=", 1) for argument in sys.argv[1:])
json.dump(translate(sys.stdin.read(), parameters), sys.stdout)
