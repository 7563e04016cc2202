#!/bin/sh
# Gives devices the drivers of the policy before udev starts in the initramfs; sourced by dracut as a hook (pre-udev).
/usr/bin/vfio-names bind --installed --quiet || true
