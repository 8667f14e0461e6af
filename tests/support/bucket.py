"""An S3 server for tests, in a thread of this process, that speaks HTTP."""

import logging

import boto3
import requests
from moto.server import ThreadedMotoServer

NAME = "skipportal-files"


class BucketServer:
    """A server with one empty bucket."""

    def __init__(self):
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self.server = ThreadedMotoServer(port=0, verbose=False)

    def start(self):
        self.server.start()
        _, port = self.server.get_host_and_port()
        self.address = f"http://127.0.0.1:{port}"
        return self

    def stop(self):
        self.server.stop()

    @property
    def options(self):
        """The options of a BucketStorage for this bucket."""
        return {
            "bucket_name": NAME,
            "endpoint_url": self.address,
            "region_name": "us-east-1",
            "access_key": "test",
            "secret_key": "test",
        }

    def make_bucket(self):
        """Delete everything, and create the bucket. Return it."""
        requests.post(f"{self.address}/moto-api/reset", timeout=30).raise_for_status()
        credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.resource("s3", endpoint_url=self.address, **credentials).create_bucket(Bucket=NAME)
