/* Reference for probe without --bind: reads lines `NODE ATTRIBUTE` and makes the same system calls for each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <linux/vfio.h>
#include <unistd.h>

int main(void)
{
	char node[512], attribute[512], value[64];
	unsigned major_number, minor_number;
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct stat status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (scanf("%511s %511s", node, attribute) == 2) {
		int device = open(node, O_RDWR | O_CLOEXEC | O_NOFOLLOW), file, openable;
		ssize_t length;

		if (device < 0 || fstat(device, &status) < 0)
			return 1;
		file = open(attribute, O_RDONLY | O_CLOEXEC);
		length = read(file, value, sizeof(value) - 1);
		close(file);
		value[length < 0 ? 0 : length] = 0;
		openable = sscanf(value, "%u:%u", &major_number, &minor_number) == 2 &&
			   status.st_rdev == makedev(major_number, minor_number) &&
			   ioctl(device, VFIO_DEVICE_GET_INFO, &info) < 0 && errno == EINVAL;
		close(device);
		printf("answer {\"openable\":%s}\n", openable ? "true" : "false");
	}
	return 0;
}
