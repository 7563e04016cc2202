/*
 * Uses devices through the descriptors of their group and of a container, as a program does that `exec --interface group` starts.
 * Independent of the project: it has nothing but the two descriptors and the names.
 *
 *   group-fds GROUPFD CONTAINERFD NAME...   prints a line for each step; status 1 at the first call that fails
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void need(int result, const char *call)
{
	if (result >= 0)
		return;
	printf("%s: %s\n", call, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int group, container, index;

	if (argc < 4)
		return 2;
	group = atoi(argv[1]);
	container = atoi(argv[2]);
	printf("uid %d\n", (int)getuid());
	need(ioctl(group, VFIO_GROUP_GET_STATUS, &status), "VFIO_GROUP_GET_STATUS");
	printf("viable %d\n", (status.flags & VFIO_GROUP_FLAGS_VIABLE) != 0);
	printf("in a container %d\n", (status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET) != 0);
	printf("version %d\n", ioctl(container, VFIO_GET_API_VERSION));
	need(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
	need(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), "VFIO_SET_IOMMU");
	for (index = 3; index < argc; index++) {
		struct vfio_device_info info = { .argsz = sizeof(info) };
		int device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, argv[index]);

		need(device, "VFIO_GROUP_GET_DEVICE_FD");
		need(ioctl(device, VFIO_DEVICE_GET_INFO, &info), "VFIO_DEVICE_GET_INFO");
		printf("%s: %u regions, pci %d\n", argv[index], info.num_regions,
		       (info.flags & VFIO_DEVICE_FLAGS_PCI) != 0);
	}
	return 0;
}
