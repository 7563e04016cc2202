# Functions for the scenarios of the service, with and without systemd; the scenarios source this file.

unit=vfio-names.service

# show PROPERTY: prints a property of the service's unit.
show() { systemctl show --property="$1" --value $unit; }

# has PROPERTY VALUE: the unit's property has this value.
has() { same "$(show "$1")" "$2"; }

# The service runs the native program; watch-basic runs that for Node.
program=/project/dist/native/vfio-names

# install_unit [DROPIN]...: installs the packaged unit and these drop-ins, with the path of the program replaced.
install_unit() {
  local dropin
  local dist="s|/usr/bin/vfio-names|$program|"
  sed "$dist" "/project/packaging/systemd/$unit" >"/run/systemd/system/$unit"
  mkdir -p "/run/systemd/system/$unit.d"
  # A longer start timeout, because the emulator is slow, and a short watchdog interval, so that a scenario can see it.
  printf '[Service]\nTimeoutStartSec=120\nWatchdogSec=20\n' >"/run/systemd/system/$unit.d/lab.conf"
  for dropin; do sed "$dist" "$dropin" >"/run/systemd/system/$unit.d/${dropin##*/}"; done
  systemctl daemon-reload
}

# end_udev: ends udevd under systemd. Stopping its unit would stop the scenario's unit, which requires it.
end_udev() {
  mkdir -p /run/systemd/system/systemd-udevd.service.d
  printf '[Service]\nRestart=no\n' >/run/systemd/system/systemd-udevd.service.d/lab.conf
  # The first start of a unit starts sysinit.target, which starts udevd.
  systemctl mask --runtime --quiet systemd-udevd.service systemd-udevd-{control,kernel}.socket
  systemctl daemon-reload
  systemctl stop systemd-udevd-{control,kernel}.socket
  systemctl kill systemd-udevd.service
  until_true 60 not pgrep -x systemd-udevd
  rm -f /run/udev/control
}

# end_bare_udev: ends a udevd that is not a unit.
end_bare_udev() {
  udevadm control --exit
  until_true 60 not pgrep -x systemd-udevd
  rm -f /run/udev/control
}

# start_watch [SECONDS]: starts the service as a child; $figures exists after its first pass. It rescans after an hour at
# the earliest, so it reacts to events only. Its output is in /tmp/lines and /tmp/troubles. Must not run in `check`, which
# uses a subshell.
figures=/tmp/figures.prom
start_watch() {
  rm -f $figures
  $program watch --json --interval "${1:-3600}" \
    --metrics $figures >>/tmp/lines 2>>/tmp/troubles &
  service=$!
}

# end_watch: ends the service by SIGTERM; returns its exit status.
end_watch() {
  kill -TERM $service
  wait $service
}

# passes: prints the number of passes that the service has completed.
passes() { sed -n 's/^vfio_names_passes_total //p' $figures; }

# reload_watch: reloads the service's policy and waits for the next pass.
reload_watch() {
  local before
  before=$(passes)
  kill -HUP $service
  until_true 120 eval "((\$(passes) > $before))"
}

observer=/project/test/integration/vm/guest/inotify

# record LOG: starts an observer that logs created and removed nodes and links; end_record ends it.
record() {
  $observer record "$1" &
  recorder=$!
  until_true 60 test -e "$1"
}

end_record() {
  kill -TERM $recorder
  wait $recorder
}
