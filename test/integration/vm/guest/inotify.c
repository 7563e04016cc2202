/*
 * Logs with inotify when nodes and links are created and removed, and checks such a log. Independent of the project: it
 * uses directories only, not rules.
 *
 *   inotify record LOG           until SIGTERM; LOG is created when the watches exist; both directories must exist before
 *   inotify latency LOG          time from each node to the first link that points to it; status 1 if a node got no link
 *   inotify once LOG             status 1 if a link was created twice or removed, or if the log has no link
 *   inotify steady LOG           status 1 if a link was removed or led to another node, or if the log has no link
 *
 * A line of LOG: NANOSECONDS came|went node|name NAME [TARGET], by CLOCK_MONOTONIC when the event was read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define NODES "/dev/vfio/devices"
#define NAMES "/dev/vfio/pci"
#define CAME (IN_CREATE | IN_MOVED_TO)
#define WENT (IN_DELETE | IN_MOVED_FROM)

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int watch(int fd, const char *directory)
{
	int number = inotify_add_watch(fd, directory, CAME | WENT | IN_ONLYDIR);

	if (number < 0) {
		fprintf(stderr, "inotify: %s: %s\n", directory, strerror(errno));
		exit(2);
	}
	return number;
}

static void log_event(FILE *log, const struct inotify_event *event, int names)
{
	char path[512], target[512] = "";
	int name = event->wd == names;

	if (event->mask & IN_Q_OVERFLOW)
		fprintf(log, "%lld lost - -\n", now());
	if (!(event->mask & (CAME | WENT)) || event->name[0] == '.')
		return;
	if (name && event->mask & CAME) {
		snprintf(path, sizeof(path), NAMES "/%s", event->name);
		if (readlink(path, target, sizeof(target) - 1) < 0)
			strcpy(target, "gone");
	}
	fprintf(log, "%lld %s %s %s %s\n", now(), event->mask & CAME ? "came" : "went", name ? "name" : "node", event->name, target);
}

static int record(const char *path)
{
	static char buffer[1 << 16] __attribute__((aligned(8)));
	struct sched_param first = { .sched_priority = 1 };
	struct sigaction action = { .sa_handler = end };
	int fd = inotify_init1(IN_CLOEXEC), names;
	FILE *log;
	ssize_t length;

	/* Realtime priority, so that the time of reading is close to the time of the event. */
	sched_setscheduler(0, SCHED_FIFO, &first);
	/* No SA_RESTART: SIGTERM must interrupt read(2). */
	sigaction(SIGTERM, &action, NULL);
	watch(fd, NODES);
	names = watch(fd, NAMES);
	log = fopen(path, "w");
	if (fd < 0 || !log)
		return 2;
	while (!ended && (length = read(fd, buffer, sizeof(buffer))) > 0)
		for (char *at = buffer; at < buffer + length;) {
			struct inotify_event *event = (struct inotify_event *)at;

			log_event(log, event, names);
			at += sizeof(*event) + event->len;
		}
	return fclose(log) != 0;
}

struct event {
	long long time;
	char what[8], kind[8], name[64], target[128];
};

static struct event events[1 << 16];
static long count;

static void load(const char *path)
{
	char line[512];
	FILE *log = fopen(path, "r");

	while (log && count < 1 << 16 && fgets(line, sizeof(line), log))
		if (sscanf(line, "%lld %7s %7s %63s %127s", &events[count].time, events[count].what, events[count].kind, events[count].name, events[count].target) >= 4)
			count++;
	if (!log || count == 0) {
		fprintf(stderr, "inotify: %s: nothing to read\n", path);
		exit(2);
	}
	for (long i = 0; i < count; i++)
		if (!strcmp(events[i].what, "lost")) {
			fprintf(stderr, "inotify: the kernel's queue ran over\n");
			exit(2);
		}
}

static int is(const struct event *event, const char *what, const char *kind)
{
	return !strcmp(event->what, what) && !strcmp(event->kind, kind);
}

static int leads_to(const struct event *name, const struct event *node)
{
	return !strncmp(name->target, "../devices/", 11) && !strcmp(name->target + 11, node->name);
}

static int ascending(const void *a, const void *b)
{
	long long first = *(const long long *)a, second = *(const long long *)b;

	return (first > second) - (first < second);
}

static int latency(void)
{
	static long long spans[1 << 16];
	long nodes = 0, missed = 0;

	for (long i = 0; i < count; i++) {
		long j = i + 1;

		if (!is(&events[i], "came", "node"))
			continue;
		while (j < count && !(is(&events[j], "came", "name") && leads_to(&events[j], &events[i])))
			j++;
		if (j < count)
			spans[nodes++] = events[j].time - events[i].time;
		else {
			missed++;
			printf("no name: %s\n", events[i].name);
		}
	}
	qsort(spans, nodes, sizeof(*spans), ascending);
	if (nodes > 0)
		printf("%ld nodes; from node to name: p50 %.1f ms, p99 %.1f ms, max %.1f ms\n", nodes, spans[nodes / 2] / 1e6,
		       spans[(nodes * 99 + 99) / 100 - 1] / 1e6, spans[nodes - 1] / 1e6);
	return missed > 0 || nodes == 0;
}

/* is_steady: a link may be replaced by the same one, as udev does; else a second one is wrong. */
static int check_names(int is_steady)
{
	long names = 0, again = 0, bad = 0;

	for (long i = 0; i < count; i++) {
		const char *why = is(&events[i], "went", "name") ? "went" : NULL;

		if (!is(&events[i], "came", "name") && !why)
			continue;
		names++;
		for (long j = i - 1; !why && j >= 0; j--)
			if (is(&events[j], "came", "name") && !strcmp(events[j].name, events[i].name)) {
				if (strcmp(events[j].target, events[i].target))
					why = "came with another target";
				else if (!is_steady)
					why = "came twice";
				again++;
				break;
			}
		if (why) {
			bad++;
			printf("%s: %s %s\n", why, events[i].name, events[i].target);
		}
	}
	printf("%ld events of names, %ld replaced a link by the same one, %ld wrong\n", names, again, bad);
	return bad > 0 || names == 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "record"))
		return record(argv[2]);
	load(argv[2]);
	if (!strcmp(argv[1], "latency"))
		return latency();
	if (!strcmp(argv[1], "once"))
		return check_names(0);
	return strcmp(argv[1], "steady") ? 2 : check_names(1);
}
