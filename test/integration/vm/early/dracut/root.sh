#!/bin/sh
# Sourced by dracut: sets a root that dracut does not interpret or wait for.
# shellcheck disable=SC2034 # read by dracut
root=lab rootok=1
