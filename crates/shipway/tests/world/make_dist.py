"""Builds a wheel and an sdist of the tiny project without any build tool, the same bytes every time."""
import base64
import gzip
import hashlib
import io
import pathlib
import re
import tarfile
import zipfile

source = pathlib.Path("tiny/version.py").read_text()
version = re.search(r'__version__ = "([^"]+)"', source).group(1)
metadata = f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\nSummary: A tiny project\n"
info = f"tiny-{version}.dist-info"
files = {
    "tiny/__init__.py": pathlib.Path("tiny/__init__.py").read_text(),
    "tiny/version.py": source,
    f"{info}/METADATA": metadata,
    f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{info}/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
}
record = ""
for name, text in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    record += f"{name},sha256={digest},{len(text.encode())}\n"
files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"

pathlib.Path("dist").mkdir(exist_ok=True)
with zipfile.ZipFile(f"dist/tiny-{version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
    for name, text in files.items():
        wheel.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
raw = io.BytesIO()
with tarfile.open(fileobj=raw, mode="w") as archive:
    for name, text in {"PKG-INFO": metadata, "tiny/__init__.py": files["tiny/__init__.py"], "tiny/version.py": source}.items():
        entry = tarfile.TarInfo(f"tiny-{version}/{name}")
        entry.size = len(text.encode())
        archive.addfile(entry, io.BytesIO(text.encode()))
with open(f"dist/tiny-{version}.tar.gz", "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
    packed.write(raw.getvalue())
