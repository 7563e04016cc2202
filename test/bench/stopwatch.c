/*
 * Runs a command: stopwatch PROGRAM [ARGUMENT...]. Prints its duration and its CPU time in nanoseconds, and its peak memory
 * in bytes. With STOPWATCH_FILE in the environment, it writes them to that file, and the command keeps its output.
 * Starting a process from a large one such as Node takes longer than a small program runs.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long nanoseconds(struct timeval time)
{
	return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	long long start, duration;
	pid_t pid;
	int status;
	const char *file = getenv("STOPWATCH_FILE");
	FILE *results = file ? fopen(file, "w") : stdout;

	if (!results) {
		perror(file);
		return 127;
	}
	if (argc < 2)
		return 2;
	posix_spawn_file_actions_init(&actions);
	if (!file)
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	start = now();
	if (posix_spawnp(&pid, argv[1], &actions, NULL, argv + 1, environ) || wait4(pid, &status, 0, &usage) < 0) {
		perror(argv[1]);
		return 127;
	}
	duration = now() - start;
	fprintf(results, "%lld %lld %lld\n", duration, nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime), usage.ru_maxrss * 1024LL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
