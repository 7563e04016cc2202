/*
 * Binds and unbinds PCI functions in changing order and logs when each function had which number; then checks answers
 * that another program logged meanwhile. Independent of the project: it reads sysfs itself.
 *
 *   race rebind LOG STOP ADDRESS...   until the file STOP exists; a line of LOG: ADDRESS vfioN DEVNUM FROM TO
 *   race judge LOG ANSWERS            a line of ANSWERS: FROM TO ADDRESS vfioN DEVNUM; status 1 if any answer is wrong
 *
 * Times are CLOCK_MONOTONIC in nanoseconds. FROM is taken before the bind and TO after the unbind, so an answer counts as
 * wrong only if the device did not have that number at any moment between the answer's own FROM and TO.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

struct span {
	char address[32], node[32], devnum[32];
	long long from, to;
};

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		fprintf(stderr, "race: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	close(fd);
}

static void read_device(struct span *span)
{
	char path[1024];
	struct dirent *entry;
	DIR *directory;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "/%s/vfio-dev", span->address);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (!strncmp(entry->d_name, "vfio", 4))
			snprintf(span->node, sizeof(span->node), "%.31s", entry->d_name);
	if (directory)
		closedir(directory);
	snprintf(path, sizeof(path), DEVICES "/%s/vfio-dev/%s/dev", span->address, span->node);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%31s", span->devnum) != 1) {
		fprintf(stderr, "race: %s: nothing to read\n", path);
		exit(2);
	}
	fclose(file);
}

static int rebind(int argc, char **argv)
{
	FILE *log = fopen(argv[2], "w");
	int count = argc - 4;
	struct span spans[8];
	char path[1024];
	unsigned order = 1;
	long rounds = 0;

	if (!log || count > 8)
		return 2;
	memset(spans, 0, sizeof(spans));
	for (int i = 0; i < count; i++)
		snprintf(spans[i].address, sizeof(spans[i].address), "%.31s", argv[4 + i]);
	for (int i = 0; i < count; i++)
		read_device(&spans[i]);
	for (; access(argv[3], F_OK) < 0 || rounds == 0; rounds++) {
		for (int i = 0; i < count; i++) {
			snprintf(path, sizeof(path), DEVICES "/%s/driver/unbind", spans[i].address);
			write_file(path, spans[i].address);
			spans[i].to = now();
			fprintf(log, "%s %s %s %lld %lld\n", spans[i].address, spans[i].node, spans[i].devnum, spans[i].from, spans[i].to);
		}
		order = order * 1103515245 + 12345;
		for (int i = 0; i < count; i++) {
			struct span *span = &spans[(i + (order >> 16)) % count];

			span->from = now();
			write_file("/sys/bus/pci/drivers_probe", span->address);
			read_device(span);
		}
		/* Keep the devices bound for a while, so that the other program can resolve them. */
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
	for (int i = 0; i < count; i++)
		fprintf(log, "%s %s %s %lld %lld\n", spans[i].address, spans[i].node, spans[i].devnum, spans[i].from, now());
	printf("%ld rounds\n", rounds);
	return fclose(log) != 0;
}

static int judge(char **argv)
{
	static struct span spans[1 << 20];
	struct span answer;
	long count = 0, right = 0, wrong = 0;
	FILE *log = fopen(argv[2], "r"), *answers = fopen(argv[3], "r");

	if (!log || !answers)
		return 2;
	while (count < 1 << 20 && fscanf(log, "%31s %31s %31s %lld %lld", spans[count].address, spans[count].node, spans[count].devnum, &spans[count].from, &spans[count].to) == 5)
		count++;
	while (fscanf(answers, "%lld %lld %31s %31s %31s", &answer.from, &answer.to, answer.address, answer.node, answer.devnum) == 5) {
		long i = 0;

		while (i < count && (strcmp(spans[i].address, answer.address) || strcmp(spans[i].node, answer.node) || strcmp(spans[i].devnum, answer.devnum) || spans[i].from > answer.to || spans[i].to < answer.from))
			i++;
		if (i < count)
			right++;
		else {
			wrong++;
			printf("wrong: %s %s %s\n", answer.address, answer.node, answer.devnum);
		}
	}
	printf("%ld right, %ld wrong, %ld spans\n", right, wrong, count);
	return wrong > 0 || right == 0;
}

int main(int argc, char **argv)
{
	if (argc > 4 && !strcmp(argv[1], "rebind"))
		return rebind(argc, argv);
	if (argc == 4 && !strcmp(argv[1], "judge"))
		return judge(argv);
	return 2;
}
