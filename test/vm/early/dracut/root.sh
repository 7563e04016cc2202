#!/bin/sh
# Sourced by dracut: the root is none that it would know or wait for.
# shellcheck disable=SC2034 # read by dracut
root=lab rootok=1
