#!/bin/sh
# Sourced by dracut: mounts the root as the kernel does without an image.
mount -t 9p -o "$(getarg rootflags=),ro" rootfs "$NEWROOT"
