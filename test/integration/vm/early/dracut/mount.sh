#!/bin/sh
# Sourced by dracut: mounts the root as the kernel would without an image.
mount -t 9p -o "$(getarg rootflags=),ro" rootfs "$NEWROOT"
# For guest/init, which has no modules yet; a part of most kernels of the lab.
modprobe -q overlay || true
