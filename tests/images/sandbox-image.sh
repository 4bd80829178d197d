#!/bin/bash
# A sandbox image (python3 and NumPy) for tests, made from Debian packages: no registry, no docker build.
# usage: sandbox-image.sh TAG      needs apt, dpkg-deb, docker; does nothing where TAG is there already
set -euo pipefail
tag=$1
docker image inspect "$tag" >/dev/null 2>&1 && exit 0
packages=(python3 python3-numpy base-files dash coreutils libc-bin libstdc++6 netbase)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
root=$work/root; chmod 755 "$work"
mkdir -p "$work/cache/archives/partial" "$root"/usr/{bin,sbin,lib,lib64} "$root"/{tmp,proc,sys,dev,run,etc,box,root}
chmod 755 "$root"; chmod 1777 "$root/tmp"; : > "$work/status"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$root/$name"; done

# An empty list of installed packages makes apt fetch every dependency.
apt-get -qq -y --no-install-recommends --download-only -o Dir::State::Status="$work/status" \
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o Debug::NoLocking=1 install "${packages[@]}"
for package in "$work"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -xpf - -C "$root" --keep-directory-symlink \
    --exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='*/numpy/*/tests'
done

# What the packages' own scripts would have done: BLAS and LAPACK by their plain names.
for library in "$root"/usr/lib/*/{blas,lapack}/*.so.3; do
  [ -e "$library" ] && ln -sf "$(basename "$(dirname "$library")")/$(basename "$library")" "$(dirname "$library")/../"
done
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n' > "$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' > "$root/etc/group"
chroot "$root" python3 -m compileall -q -j 1 -x 'lib2to3|idlelib|/tests?/' /usr/lib/python3* > /dev/null || true
tar -C "$root" --numeric-owner --owner=0 --group=0 -c . |
  docker import -c 'ENV PATH=/usr/bin:/bin LANG=C.UTF-8' -c 'CMD ["python3"]' - "$tag" > /dev/null
