#!/bin/bash
# Stands in for llama.cpp's server image in tests: the server of the wheel xllamacpp behind llama-server's flags, made
# from Debian packages and the wheel on this machine; no registry, no docker build.
# usage: llama-server-image.sh TAG [PYTHON]     PYTHON has xllamacpp installed; does nothing where TAG is up to date
set -euo pipefail
tag=$1 python=${2:-python3}
here=$(dirname "$(realpath "$0")")
server=$here/../../bench/servers/xllamacpp_server.py
wheel=$("$python" -c 'import importlib.util as u; print(u.find_spec("xllamacpp").submodule_search_locations[0])')
made=$(cat "$0" "$server" "$wheel/_version.py" | sha256sum | cut -c1-16)
[ "$(docker image inspect --format '{{index .Config.Labels "bench.made"}}' "$tag" 2>/dev/null)" != "$made" ] || exit 0

packages=(python3 base-files dash coreutils libc-bin libstdc++6 libgomp1 netbase)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
root=$work/root; chmod 755 "$work"
mkdir -p "$work/cache/archives/partial" "$root"/usr/{bin,sbin,lib,lib64} "$root"/{tmp,proc,sys,dev,run,etc,app,models,root}
chmod 755 "$root"; chmod 1777 "$root/tmp"; : > "$work/status"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done

# To apt, nothing is installed: it fetches every dependency.
apt-get -qq -y --no-install-recommends --download-only -o Dir::State::Status="$work/status" \
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1 install "${packages[@]}"
for package in "$work"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -xpf - -C "$root" --keep-directory-symlink \
    --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale'
done
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\n' > "$root/etc/group"
cp -r "$wheel" "$root/app/xllamacpp"
cp "$server" "$root/app/llama_server.py"
tar -C "$root" --numeric-owner --owner=0 --group=0 -c . |
  docker import -c 'ENV PATH=/usr/bin:/bin LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1' -c 'WORKDIR /app' \
    -c 'ENTRYPOINT ["python3", "/app/llama_server.py"]' -c "LABEL bench.made=$made" - "$tag" > /dev/null
