/* Reference for vfio_id: reads the same files of a PCI device and prints the same lines. id DIR DEVPATH */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *last_of_link(const char *directory, const char *name, char *target, size_t size)
{
	char path[1024];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	length = readlink(path, target, size - 1);
	target[length < 0 ? 0 : length] = 0;
	return strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
}

int main(int argc, char **argv)
{
	char parent[1024], class[1024], bus[512], group[512], devnum[64], *sysname, *name;
	int fd;

	if (argc != 3)
		return 2;
	snprintf(parent, sizeof(parent), "%s/sys%s", argv[1], argv[2]);
	sysname = strrchr(argv[2], '/') + 1;
	snprintf(class, sizeof(class), "%s/sys/class/vfio-dev", argv[1]);
	last_of_link(class, sysname, bus, sizeof(bus));
	snprintf(class, sizeof(class), "%s/dev", parent);
	fd = open(class, O_RDONLY);
	if (fd < 0 || read(fd, devnum, sizeof(devnum)) <= 0)
		return 1;
	close(fd);
	*strstr(parent, "/vfio-dev/") = 0;
	name = strrchr(parent, '/') + 1;
	printf("ID_VFIO_BUS=%s\n", last_of_link(parent, "subsystem", bus, sizeof(bus)));
	printf("ID_VFIO_NAME=%s\n", name);
	printf("ID_VFIO_GROUP=%s\n", last_of_link(parent, "iommu_group", group, sizeof(group)));
	return 0;
}
