"""A Debian package as a test looks at it."""
import functools
import io
import subprocess
import tarfile


class DebianPackage:
    def __init__(self, path):
        self.path = path
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True, capture_output=True,
                             timeout=60).stdout
        self.tar = tarfile.open(fileobj=io.BytesIO(tar))
        self.members = {member.name: member for member in self.tar.getmembers()}

    @property
    def files(self):
        """Names of all but folders."""
        return {name for name, member in self.members.items() if not member.isdir()}

    def bytes_of(self, name):
        return self.tar.extractfile(self.members[name]).read()

    def field(self, name):
        return subprocess.run(["dpkg-deb", "--field", self.path, name], check=True, text=True,
                              capture_output=True, timeout=60).stdout.strip()

    @property
    def depends(self):
        """Names of packages, without versions."""
        return {each.split()[0] for each in self.field("Depends").split(", ")}

    def unpack_control(self, folder):
        subprocess.run(["dpkg-deb", "--control", self.path, folder], check=True, timeout=60)
        return folder


@functools.cache
def elf_header(path):
    """What readelf says of a file's header, sections and dynamic section."""
    return subprocess.run(["readelf", "-h", "-d", "-S", "-W", path], check=True, text=True,
                          capture_output=True, timeout=60).stdout
