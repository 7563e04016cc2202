# Reference for verify: lists every VFIO device with pyudev and checks its node and its link by stat.
import os
import sys

import pyudev

wrong = 0
for device in pyudev.Context().list_devices(subsystem="vfio-dev"):
    parent = device.parent
    bus = os.path.basename(os.readlink(parent.sys_path + "/subsystem"))
    for path in ("/dev/vfio/devices/" + device.sys_name, f"/dev/vfio/{bus}/{parent.sys_name}"):
        if os.stat(path).st_rdev != device.device_number:
            wrong += 1
sys.exit(wrong > 0)
