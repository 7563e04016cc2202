/*
 * vfio_id never waits longer than a second: an attribute that does not answer costs its facts, not the event.
 *
 * What counts is time in which the process slept and did nothing. On a machine so busy that a millisecond of work takes more
 * than a second it is ready to run and does not sleep: giving up then would lose names for nothing. A process that sleeps
 * gives up the CPU by itself each time that a tick has woken it. Five seconds of work are the end in any case.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { tick_us = 100000, still_ticks = 10, progress_ns = 500000, most_s = 5 };

static long long cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void tick(int signal)
{
	static const char line[] = "vfio_id: a file of sysfs did not answer within a second\n";
	static long long last;
	static long slept;
	static int still;
	long long now = cpu_time();
	struct rusage usage;

	(void)signal;
	getrusage(RUSAGE_SELF, &usage);
	still = now - last < progress_ns && usage.ru_nvcsw > slept ? still + 1 : 0;
	last = now;
	slept = usage.ru_nvcsw;
	if (still < still_ticks && now < most_s * 1000000000LL)
		return;
	_exit(write(STDERR_FILENO, line, sizeof(line) - 1) < 0 ? 2 : 1);
}

__attribute__((constructor)) static void limit(void)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, tick_us }, { 0, tick_us } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}
