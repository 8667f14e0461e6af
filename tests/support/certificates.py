"""Certificates for servers of tests, signed by themselves."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def write_certificate(directory, host):
    """Write fullchain.pem and privkey.pem for a name or an address, as nginx reads them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        host = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        host = x509.DNSName(host)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now.replace(year=now.year + 1, day=1)
    ).add_extension(x509.SubjectAlternativeName([host]), critical=False)
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "privkey.pem").write_bytes(private)
    (directory / "fullchain.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(encoding))
