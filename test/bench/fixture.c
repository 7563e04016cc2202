/* Creates a tree with N VFIO devices below DIR, with device nodes and correct default links: fixture DIR N */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *root;

static void die(const char *what)
{
	fprintf(stderr, "fixture: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *at(const char *format, ...) __attribute__((format(printf, 1, 2)));
#include <stdarg.h>
static char *at(const char *format, ...)
{
	static char buffers[4][512];
	static int next;
	char *buffer = buffers[next++ & 3];
	va_list arguments;
	int length = snprintf(buffer, 512, "%s", root);

	va_start(arguments, format);
	vsnprintf(buffer + length, 512 - length, format, arguments);
	va_end(arguments);
	return buffer;
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die(path);
}

static void write_file(const char *path, const char *value)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(value, file) < 0 || fclose(file))
		die(path);
}

static void make_link(const char *target, const char *path)
{
	if (symlink(target, path) < 0)
		die(path);
}

int main(int argc, char **argv)
{
	static const char *const directories[] = { "", "/sys", "/sys/class", "/sys/class/vfio-dev", "/sys/bus", "/sys/bus/pci",
		"/sys/bus/pci/devices", "/sys/bus/pci/drivers", "/sys/bus/pci/drivers/vfio-pci", "/sys/kernel",
		"/sys/kernel/iommu_groups", "/sys/devices", "/dev", "/dev/vfio", "/dev/vfio/devices", "/dev/vfio/pci" };
	long count = argc == 3 ? atol(argv[2]) : 0;

	if (count <= 0)
		return 2;
	root = argv[1];
	umask(0);
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		make_directory(at("%s", directories[i]));
	for (long n = 0; n < count; n++) {
		char name[32], bridge[32], value[64];

		snprintf(bridge, sizeof(bridge), "pci%04lx:00", n / 256);
		snprintf(name, sizeof(name), "%04lx:00:%02lx.%lx", n / 256, n / 8 % 32, n % 8);
		make_directory(at("/sys/devices/%s", bridge));
		make_directory(at("/sys/devices/%s/%s", bridge, name));
		make_directory(at("/sys/devices/%s/%s/vfio-dev", bridge, name));
		make_directory(at("/sys/devices/%s/%s/vfio-dev/vfio%ld", bridge, name, n));
		make_directory(at("/sys/kernel/iommu_groups/%ld", n));
		snprintf(value, sizeof(value), "511:%ld\n", n);
		write_file(at("/sys/devices/%s/%s/vfio-dev/vfio%ld/dev", bridge, name, n), value);
		snprintf(value, sizeof(value), "MAJOR=511\nMINOR=%ld\nDEVNAME=vfio/devices/vfio%ld\n", n, n);
		write_file(at("/sys/devices/%s/%s/vfio-dev/vfio%ld/uevent", bridge, name, n), value);
		make_link("../../../../../class/vfio-dev", at("/sys/devices/%s/%s/vfio-dev/vfio%ld/subsystem", bridge, name, n));
		write_file(at("/sys/devices/%s/%s/uevent", bridge, name), "DRIVER=vfio-pci\n");
		write_file(at("/sys/devices/%s/%s/vendor", bridge, name), "0x8086\n");
		write_file(at("/sys/devices/%s/%s/device", bridge, name), "0x10d3\n");
		make_link("../../../bus/pci", at("/sys/devices/%s/%s/subsystem", bridge, name));
		make_link("../../../bus/pci/drivers/vfio-pci", at("/sys/devices/%s/%s/driver", bridge, name));
		snprintf(value, sizeof(value), "../../../kernel/iommu_groups/%ld", n);
		make_link(value, at("/sys/devices/%s/%s/iommu_group", bridge, name));
		snprintf(value, sizeof(value), "../../../devices/%s/%s", bridge, name);
		make_link(value, at("/sys/bus/pci/devices/%s", name));
		char target[128];
		snprintf(target, sizeof(target), "../../devices/%s/%s/vfio-dev/vfio%ld", bridge, name, n);
		make_link(target, at("/sys/class/vfio-dev/vfio%ld", n));
		if (mknod(at("/dev/vfio/devices/vfio%ld", n), S_IFCHR | 0600, makedev(511, n)) < 0)
			die("mknod");
		snprintf(value, sizeof(value), "../devices/vfio%ld", n);
		make_link(value, at("/dev/vfio/pci/%s", name));
	}
	return 0;
}
