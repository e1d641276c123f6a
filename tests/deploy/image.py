"""The image of infra/deploy/Containerfile, and programs out of it as an engine runs them."""

import json
import os
import signal
import tarfile

from harness import Program

# An engine's part: the image's files, read-only, a /proc, what is mounted, and an ordinary user without a way to be more.
RUN = """
set -e
root=$1 user=$2 path=$3
shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do
    mount --bind "$1" "$root/$2"
    shift 2
done
shift
mount -o remount,bind,ro "$root"
exec env PATH="$path" /usr/bin/setpriv --no-new-privs /usr/sbin/chroot --groups= --userspec="$user" "$root" "$@"
"""


class Image:
    def __init__(self, archive, root):
        """Unpacks an OCI archive."""
        self.root = root
        root.mkdir(mode=0o755)
        with tarfile.open(archive) as archive:
            def blob(descriptor):
                return archive.extractfile("blobs/" + descriptor["digest"].replace(":", "/"))

            index = json.load(archive.extractfile("index.json"))
            manifest = json.load(blob(index["manifests"][0]))
            self.config = json.load(blob(manifest["config"]))["config"]
            self.size = sum(layer["size"] for layer in manifest["layers"])
            for layer in manifest["layers"]:
                with tarfile.open(fileobj=blob(layer)) as files:
                    files.extractall(root)
        self.files = {"/" + str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
        (root / "proc").mkdir()
        self.environment = dict(variable.split("=", 1) for variable in self.config["Env"])
        self.path = self.environment.pop("PATH")


class Container(Program):
    """A running program of the image; mounts: what is to be seen where, below its root."""

    def __init__(self, image, command, environment, path, mounts={}):
        for place in mounts.values():
            (image.root / place).mkdir(parents=True, exist_ok=True)
        pairs = [str(word) for pair in mounts.items() for word in pair]
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", RUN, "run"]
        arguments = [*unshare, image.root, image.config["User"], image.path, *pairs, "--", *command]
        super().__init__(arguments, {**image.environment, **environment}, path)

    def stop(self, seconds=25):
        for child in self.children():
            os.kill(child, signal.SIGTERM)
        return self.process.wait(seconds)
