#!/bin/sh
# Sourced by dracut: mounts the root as the kernel would without an image.
mount -t 9p -o "$(getarg rootflags=),ro" rootfs "$NEWROOT"
