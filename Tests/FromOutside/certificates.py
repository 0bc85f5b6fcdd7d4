"""Certificates, made by the openssl command when the tests run."""

import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


class Authority:
    """A certificate authority that lives in a directory, and the certificates that it has signed."""

    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.name = name
        self.certificate = directory / f"{name}.pem"
        self.key = directory / f"{name}.key"
        self.count = 0
        openssl("req", "-x509", *CURVE, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                "keyUsage=critical,keyCertSign", "-keyout", self.key, "-out", self.certificate)  # fmt: skip

    def sign(self, name, subject=None, days=2):
        """The files of a new certificate for localhost and of its key."""
        self.count += 1
        certificate, key, request, extensions = (
            self.directory / f"{name}.{ending}" for ending in ("pem", "key", "csr", "ext")
        )
        openssl("req", *CURVE, "-nodes", "-subj", subject or f"/CN={name}", "-keyout", key, "-out", request)
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", str(days),
                "-set_serial", str(self.count), "-extfile", extensions, "-out", certificate)  # fmt: skip
        return certificate, key
