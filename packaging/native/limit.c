/*
 * Ends vfio_id after a second of waiting, so that a sysfs attribute that blocks delays only its own facts and not the event.
 *
 * Only time in which the process sleeps counts. On a busy machine a millisecond of work may take more than a second, but the
 * process is then runnable and not asleep, and ending it would lose links without need. A sleeping process causes a
 * voluntary context switch after each tick that wakes it. Five seconds of CPU time are the limit in any case.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { tick_us = 100000, max_idle_ticks = 10, progress_ns = 500000, max_cpu_s = 5 };

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
	static long switches;
	static int idle_ticks;
	long long now = cpu_time();
	struct rusage usage;

	(void)signal;
	getrusage(RUSAGE_SELF, &usage);
	idle_ticks = now - last < progress_ns && usage.ru_nvcsw > switches ? idle_ticks + 1 : 0;
	last = now;
	switches = usage.ru_nvcsw;
	if (idle_ticks < max_idle_ticks && now < max_cpu_s * 1000000000LL)
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
