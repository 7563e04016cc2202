/*
 * The system calls of vfio-names as the QuickJS module `syscalls`: one function for each call, without decisions.
 *
 * A function checks its arguments and throws TypeError or RangeError for a wrong type, number or length, which is a bug of the
 * caller. A failed call returns the negative errno, which errnoName() turns into `ENOENT`; a path with a NUL byte fails with
 * EINVAL, and one with half of a surrogate pair with EILSEQ. Text is returned as a string, or as an ArrayBuffer if it is
 * not valid UTF-8. Every descriptor is opened with close-on-exec.
 */
#define _GNU_SOURCE
/* Machines of 32 bits: otherwise stat and readdir fail with EOVERFLOW for an inode number of 64 bits. */
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <quickjs.h>

extern char **environ;
JSModuleDef *js_init_module_syscalls(JSContext *ctx, const char *name);

#define CALL(name) static JSValue name(JSContext *ctx, JSValueConst this_val __attribute__((unused)), \
	int argc __attribute__((unused)), JSValueConst *argv __attribute__((unused)))
#define ARG(expression) do { if (!(expression)) return JS_EXCEPTION; } while (0)
/* Missing in older headers. */
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif
#define MAX_ID 4294967295.0
#define MAX_SAFE 9007199254740991.0
/* What _IO() adds to type and number; probe/ioctl.ts has them without it. */
#define IO_BITS _IO(0, 0)
/* Above every errno (MAX_ERRNO in include/linux/err.h). */
#define READ_FAILED (-4096)

/* The result of a call that returns -1 on failure. */
static JSValue result(JSContext *ctx, long value)
{
	return value < 0 ? JS_NewInt32(ctx, -errno) : JS_NewInt64(ctx, value);
}

static JSValue failure(JSContext *ctx, int number)
{
	return JS_NewInt32(ctx, -number);
}

/* Arguments: these functions return 0 after they threw an exception. */

static int number_of(JSContext *ctx, JSValueConst value, double least, double most, double *number)
{
	if (!JS_IsNumber(value)) {
		JS_ThrowTypeError(ctx, "expected a number");
		return 0;
	}
	if (JS_ToFloat64(ctx, number, value) < 0)
		return 0;
	if (*number >= least && *number <= most && *number == floor(*number))
		return 1;
	JS_ThrowRangeError(ctx, "expected an integer from %.0f to %.0f, found %f", least, most, *number);
	return 0;
}

static int int_of(JSContext *ctx, JSValueConst value, int *number)
{
	double found;

	if (!number_of(ctx, value, INT_MIN, INT_MAX, &found))
		return 0;
	*number = (int)found;
	return 1;
}

static int u32_of(JSContext *ctx, JSValueConst value, uint32_t *number)
{
	double found;

	if (!number_of(ctx, value, 0, MAX_ID, &found))
		return 0;
	*number = (uint32_t)found;
	return 1;
}

static int fd_of(JSContext *ctx, JSValueConst value, int *fd)
{
	double found;

	if (!number_of(ctx, value, 0, INT_MAX, &found))
		return 0;
	*fd = (int)found;
	return 1;
}

/* A descriptor, or AT_FDCWD. */
static int dirfd_of(JSContext *ctx, JSValueConst value, int *fd)
{
	return int_of(ctx, value, fd) && (*fd == AT_FDCWD || fd_of(ctx, value, fd));
}

/* A string in UTF-8; the caller frees it. `*problem` is an errno if it has a NUL or half of a surrogate pair. */
static int bytes_of_text(JSContext *ctx, JSValueConst value, const char **text, size_t *length, int *problem)
{
	size_t index;

	if (!JS_IsString(value)) {
		JS_ThrowTypeError(ctx, "expected a string");
		return 0;
	}
	*text = JS_ToCStringLen(ctx, length, value);
	if (!*text)
		return 0;
	if (memchr(*text, 0, *length))
		*problem = EINVAL;
	/* QuickJS encodes half of a pair in three bytes, ED A0 80 to ED BF BF. */
	for (index = 0; index + 1 < *length; index++)
		if ((unsigned char)(*text)[index] == 0xed && (unsigned char)(*text)[index + 1] >= 0xa0)
			*problem = EILSEQ;
	return 1;
}

/*
 * Replaces U+DC80 to U+DCFF, ED B2 80 to ED B3 BF, by the byte that they stand for in a path (text/file-names.ts), in the copy
 * that QuickJS made of such a string. Returns whether there are other halves of surrogate pairs.
 */
static int raw_bytes(unsigned char *text, size_t *length)
{
	size_t from, to = 0;
	int others = 0;

	for (from = 0; from < *length; from++) {
		int half = text[from] == 0xed && from + 2 < *length && text[from + 1] >= 0xa0;

		if (half && (text[from + 1] == 0xb2 || text[from + 1] == 0xb3)) {
			unsigned char byte = (unsigned char)((text[from + 1] & 1) << 6 | (text[from + 2] & 0x3f) | 0x80);

			text[to++] = byte;
			from += 2;
			continue;
		}
		others |= half;
		if (to != from)
			text[to] = text[from];
		to++;
	}
	if (to != *length)
		text[to] = 0;
	*length = to;
	return others;
}

static int text_of(JSContext *ctx, JSValueConst value, const char **text, int *problem)
{
	size_t length;
	int own = 0;

	if (!bytes_of_text(ctx, value, text, &length, &own))
		return 0;
	if (own == EILSEQ && !raw_bytes((unsigned char *)*text, &length))
		own = memchr(*text, 0, length) ? EINVAL : 0;
	if (own)
		*problem = own;
	return 1;
}

/* The memory of a typed array; valid until JavaScript runs again. */
static int bytes_of(JSContext *ctx, JSValueConst value, size_t element, uint8_t **bytes, size_t *length)
{
	size_t offset, size, each;
	uint8_t *start;
	JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, length, &each);

	if (JS_IsException(buffer))
		return 0;
	start = JS_GetArrayBuffer(ctx, &size, buffer);
	JS_FreeValue(ctx, buffer);
	/* An empty array may have no memory. */
	if (!start && size > 0)
		return 0;
	if (each != element || offset > size || *length > size - offset) {
		JS_ThrowRangeError(ctx, "expected an array with elements of %d bytes, found %d bytes of %d", (int)element,
				   (int)*length, (int)size);
		return 0;
	}
	*bytes = start ? start + offset : NULL;
	return 1;
}

static void free_strings(JSContext *ctx, char **strings)
{
	size_t index;

	for (index = 0; strings && strings[index]; index++)
		JS_FreeCString(ctx, strings[index]);
	js_free(ctx, strings);
}

static int length_of(JSContext *ctx, JSValueConst value, uint32_t most, uint32_t *length)
{
	double found;
	JSValue property;
	int valid;

	if (JS_IsArray(ctx, value) != 1) {
		JS_ThrowTypeError(ctx, "expected an array");
		return 0;
	}
	property = JS_GetPropertyStr(ctx, value, "length");
	valid = number_of(ctx, property, 0, most, &found);
	JS_FreeValue(ctx, property);
	*length = valid ? (uint32_t)found : 0;
	return valid;
}

/* An array of strings as execve(2) expects it; the caller frees it with free_strings. */
static int strings_of(JSContext *ctx, JSValueConst value, char ***strings, int *problem)
{
	uint32_t length, index;

	if (!length_of(ctx, value, 1 << 20, &length))
		return 0;
	*strings = js_mallocz(ctx, (length + 1) * sizeof(char *));
	if (!*strings)
		return 0;
	for (index = 0; index < length; index++) {
		const char *text;
		JSValue item = JS_GetPropertyUint32(ctx, value, index);
		int valid = text_of(ctx, item, &text, problem);

		JS_FreeValue(ctx, item);
		if (!valid) {
			free_strings(ctx, *strings);
			return 0;
		}
		(*strings)[index] = (char *)text;
	}
	return 1;
}

static int signals_of(JSContext *ctx, JSValueConst value, sigset_t *set)
{
	uint32_t length, index;

	sigemptyset(set);
	if (!length_of(ctx, value, 64, &length))
		return 0;
	for (index = 0; index < length; index++) {
		double number;
		JSValue item = JS_GetPropertyUint32(ctx, value, index);
		int valid = number_of(ctx, item, 1, 64, &number);

		JS_FreeValue(ctx, item);
		if (!valid)
			return 0;
		sigaddset(set, (int)number);
	}
	return 1;
}

/* Results */

/* Whether bytes are well-formed UTF-8 (table 3-7 of Unicode 15). */
static int is_utf8(const unsigned char *byte, size_t length)
{
	const unsigned char *end = byte + length;

	while (byte < end) {
		unsigned char first = *byte++, low = 0x80, high = 0xbf;
		int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

		if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || end - byte < more)
			return 0;
		if (first == 0xe0)
			low = 0xa0;
		else if (first == 0xed)
			high = 0x9f;
		else if (first == 0xf0)
			low = 0x90;
		else if (first == 0xf4)
			high = 0x8f;
		for (; more > 0; more--, byte++, low = 0x80, high = 0xbf)
			if (*byte < low || *byte > high)
				return 0;
	}
	return 1;
}

static JSValue text_result(JSContext *ctx, const void *bytes, size_t length)
{
	return is_utf8(bytes, length) ? JS_NewStringLen(ctx, bytes, length) : JS_NewArrayBufferCopy(ctx, bytes, length);
}

/* Files */

/* openat(2), or openat2(2) if `resolve` has flags. */
static int open_below(int dirfd, const char *path, int flags, uint32_t mode, uint32_t resolve)
{
	struct open_how how = { .flags = (unsigned int)flags | O_CLOEXEC, .mode = mode, .resolve = resolve };

	if (!resolve)
		return openat(dirfd, path, flags | O_CLOEXEC, mode);
	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

/* open(dirfd, path, flags, mode, resolve): a descriptor. */
CALL(js_open)
{
	int dirfd, flags, problem = 0;
	uint32_t mode, resolve;
	const char *path;
	JSValue value;

	ARG(dirfd_of(ctx, argv[0], &dirfd) && int_of(ctx, argv[2], &flags) && u32_of(ctx, argv[3], &mode) &&
	    u32_of(ctx, argv[4], &resolve) && text_of(ctx, argv[1], &path, &problem));
	value = problem ? failure(ctx, problem) : result(ctx, open_below(dirfd, path, flags, mode, resolve));
	JS_FreeCString(ctx, path);
	return value;
}

/*
 * Opens a regular file beneath a directory. Anything else is only opened with O_PATH: to open a device can have an effect, and
 * to read a FIFO can block. An errno of what follows the first call becomes errno - READ_FAILED. `sized`: whether the file has a
 * size, which those of /proc have not.
 */
static int open_file_below(int dirfd, const char *path, int flags, uint32_t resolve, int *sized, int *problem)
{
	char self[32];
	struct stat status;
	int fd = -1, held = open_below(dirfd, path, O_PATH, 0, resolve);

	if (held < 0) {
		*problem = errno;
		return -1;
	}
	if (fstat(held, &status) < 0 || !S_ISREG(status.st_mode)) {
		*problem = EINVAL - READ_FAILED;
	} else {
		*sized = status.st_size > 0;
		snprintf(self, sizeof(self), "/proc/self/fd/%d", held);
		fd = open(self, flags | O_CLOEXEC);
		if (fd < 0)
			*problem = errno - READ_FAILED;
	}
	close(held);
	return fd;
}

/*
 * readFile(dirfd, path, flags, resolve, limit, binary): opens, reads at most `limit` bytes, and closes; with `resolve`, only a
 * regular file. If read(2) fails, the result is READ_FAILED - errno; EFBIG stands for a text with more bytes.
 */
CALL(js_read_file)
{
	int dirfd, flags, fd = -1, binary, sized = 0, problem = 0;
	uint32_t resolve, limit;
	size_t length = 0, size, most, asked = 0;
	ssize_t got = 1;
	unsigned char page[4096], *bytes = page, *more;
	const char *path;
	JSValue value;

	ARG(dirfd_of(ctx, argv[0], &dirfd) && int_of(ctx, argv[2], &flags) && u32_of(ctx, argv[3], &resolve) &&
	    u32_of(ctx, argv[4], &limit) && text_of(ctx, argv[1], &path, &problem));
	binary = JS_ToBool(ctx, argv[5]);
	if (!problem && resolve) {
		fd = open_file_below(dirfd, path, flags, resolve, &sized, &problem);
	} else if (!problem) {
		fd = open_below(dirfd, path, flags, 0, 0);
		problem = fd < 0 ? errno : 0;
	}
	JS_FreeCString(ctx, path);
	if (problem)
		return failure(ctx, problem);
	/* One more byte shows that a text is too long. */
	most = binary ? limit : (size_t)limit + 1;
	size = most < sizeof(page) ? most : sizeof(page);
	/* A file of /proc may give less than it is asked for before its end. */
	while (got > 0 && length < most && !(sized && (size_t)got < asked)) {
		if (length == size) {
			size = size * 4 > most ? most : size * 4;
			more = bytes == page ? malloc(size) : realloc(bytes, size);
			if (!more) {
				problem = ENOMEM;
				break;
			}
			if (bytes == page)
				memcpy(more, page, length);
			bytes = more;
		}
		asked = size - length;
		got = read(fd, bytes + length, asked);
		if (got < 0)
			problem = errno - READ_FAILED;
		else
			length += (size_t)got;
	}
	close(fd);
	if (!problem && length > limit)
		problem = EFBIG - READ_FAILED;
	if (problem)
		value = failure(ctx, problem);
	else
		value = binary ? JS_NewArrayBufferCopy(ctx, bytes, length) : text_result(ctx, bytes, length);
	if (bytes != page)
		free(bytes);
	return value;
}

CALL(js_close)
{
	int fd;

	ARG(fd_of(ctx, argv[0], &fd));
	return result(ctx, close(fd));
}

/* read(fd, bytes): the number of bytes, 0 at the end. */
CALL(js_read)
{
	int fd;
	uint8_t *bytes;
	size_t length;

	ARG(fd_of(ctx, argv[0], &fd) && bytes_of(ctx, argv[1], 1, &bytes, &length));
	return result(ctx, read(fd, bytes, length));
}

/*
 * write(fd, text, left): writes the last `left` bytes of the text in UTF-8, or all of them if there are fewer. Returns how many
 * are left then.
 */
CALL(js_write)
{
	int fd, problem = 0;
	double left;
	size_t length, todo;
	ssize_t done;
	const char *text;

	ARG(fd_of(ctx, argv[0], &fd) && number_of(ctx, argv[2], 0, MAX_SAFE, &left));
	ARG(bytes_of_text(ctx, argv[1], &text, &length, &problem));
	todo = left > (double)length ? length : (size_t)left;
	done = problem == EILSEQ ? -1 : write(fd, text + length - todo, todo);
	if (done < 0 && problem != EILSEQ)
		problem = errno;
	JS_FreeCString(ctx, text);
	return done < 0 ? failure(ctx, problem) : JS_NewInt64(ctx, (int64_t)(todo - (size_t)done));
}

/* writeBytes(fd, bytes): the number of bytes. */
CALL(js_write_bytes)
{
	int fd;
	uint8_t *bytes;
	size_t length;

	ARG(fd_of(ctx, argv[0], &fd) && bytes_of(ctx, argv[1], 1, &bytes, &length));
	return result(ctx, write(fd, bytes, length));
}

/*
 * readdir(dirfd, path, resolve, directories): the names, without `.` and `..`; with `directories`, only those that may be
 * directories, by d_type.
 */
CALL(js_readdir)
{
	int dirfd, fd = -1, problem = 0;
	uint32_t resolve, count = 0;
	const char *path;
	struct dirent *entry;
	DIR *directory = NULL;
	int directories = JS_ToBool(ctx, argv[3]);
	JSValue names;

	ARG(dirfd_of(ctx, argv[0], &dirfd) && u32_of(ctx, argv[2], &resolve) && text_of(ctx, argv[1], &path, &problem));
	if (!problem) {
		fd = open_below(dirfd, path, O_RDONLY | O_DIRECTORY, 0, resolve);
		directory = fd < 0 ? NULL : fdopendir(fd);
		if (!directory)
			problem = errno;
	}
	JS_FreeCString(ctx, path);
	if (!directory) {
		if (fd >= 0)
			close(fd);
		return failure(ctx, problem);
	}
	names = JS_NewArray(ctx);
	while (!JS_IsException(names) && (errno = 0, entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (directories && entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (JS_DefinePropertyValueUint32(ctx, names, count++, text_result(ctx, entry->d_name, strlen(entry->d_name)),
						 JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, names);
			names = JS_EXCEPTION;
		}
	}
	problem = errno;
	closedir(directory);
	if (JS_IsException(names) || !problem)
		return names;
	JS_FreeValue(ctx, names);
	return failure(ctx, problem);
}

/* readlink(dirfd, path, resolve): the target. */
CALL(js_readlink)
{
	int dirfd, fd = -1, problem = 0;
	uint32_t resolve;
	char target[PATH_MAX];
	ssize_t length = -1;
	const char *path;

	ARG(dirfd_of(ctx, argv[0], &dirfd) && u32_of(ctx, argv[2], &resolve) && text_of(ctx, argv[1], &path, &problem));
	if (!problem && resolve) {
		fd = open_below(dirfd, path, O_PATH | O_NOFOLLOW, 0, resolve);
		length = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof(target));
		/* That is not a link (do_readlinkat in fs/stat.c). */
		problem = fd >= 0 && errno == ENOENT ? EINVAL : errno;
	} else if (!problem) {
		length = readlinkat(dirfd, path, target, sizeof(target));
		problem = errno;
	}
	if (fd >= 0)
		close(fd);
	JS_FreeCString(ctx, path);
	return length < 0 ? failure(ctx, problem) : text_result(ctx, target, (size_t)length);
}

/*
 * readlinks(path): the names in a directory, without `.` and `..`, each followed by the target of the link or the negative errno
 * of readlink(2), which is not called for what is not a link by d_type.
 */
CALL(js_readlinks)
{
	int problem = 0;
	uint32_t count = 0;
	char target[PATH_MAX];
	const char *path;
	struct dirent *entry;
	DIR *directory = NULL;
	JSValue entries;

	ARG(text_of(ctx, argv[0], &path, &problem));
	if (!problem) {
		directory = opendir(path);
		problem = errno;
	}
	JS_FreeCString(ctx, path);
	if (!directory)
		return failure(ctx, problem);
	entries = JS_NewArray(ctx);
	while (!JS_IsException(entries) && (errno = 0, entry = readdir(directory))) {
		ssize_t length = -1;
		JSValue name, found;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		errno = EINVAL;
		if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN)
			length = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target));
		found = length < 0 ? failure(ctx, errno) : text_result(ctx, target, (size_t)length);
		name = text_result(ctx, entry->d_name, strlen(entry->d_name));
		if (JS_DefinePropertyValueUint32(ctx, entries, count++, name, JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, found);
			JS_FreeValue(ctx, entries);
			entries = JS_EXCEPTION;
		} else if (JS_DefinePropertyValueUint32(ctx, entries, count++, found, JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, entries);
			entries = JS_EXCEPTION;
		}
	}
	problem = errno;
	closedir(directory);
	if (JS_IsException(entries) || !problem)
		return entries;
	JS_FreeValue(ctx, entries);
	return failure(ctx, problem);
}

/*
 * stat(dirfd, path, flags, resolve, fields): mode, uid, gid, inode, major, minor, device, size, links, milliseconds of the last
 * modification. With `resolve`, of the path itself, and without `flags`.
 */
CALL(js_stat)
{
	enum { count = 10 };
	int dirfd, fd, flags, failed = 1, problem = 0;
	uint32_t resolve;
	struct stat status;
	const char *path;
	uint8_t *bytes;
	size_t length;

	ARG(dirfd_of(ctx, argv[0], &dirfd) && int_of(ctx, argv[2], &flags) && u32_of(ctx, argv[3], &resolve) &&
	    text_of(ctx, argv[1], &path, &problem));
	if (!problem && resolve) {
		fd = open_below(dirfd, path, O_PATH | O_NOFOLLOW, 0, resolve);
		failed = fd < 0 || fstat(fd, &status) < 0;
		problem = failed ? errno : 0;
		if (fd >= 0)
			close(fd);
	} else if (!problem) {
		failed = fstatat(dirfd, path, &status, flags) < 0;
		problem = failed ? errno : 0;
	}
	JS_FreeCString(ctx, path);
	ARG(bytes_of(ctx, argv[4], sizeof(double), &bytes, &length));
	if (length < count * sizeof(double))
		return JS_ThrowRangeError(ctx, "expected an array of %d numbers", count);
	if (failed)
		return failure(ctx, problem);
	memcpy(bytes,
	       (double[count]){ status.st_mode, status.st_uid, status.st_gid, (double)status.st_ino, major(status.st_rdev),
				minor(status.st_rdev), (double)status.st_dev, (double)status.st_size,
				(double)status.st_nlink,
				(double)status.st_mtim.tv_sec * 1e3 + (double)status.st_mtim.tv_nsec / 1e6 },
	       count * sizeof(double));
	return JS_NewInt32(ctx, 0);
}

/* symlink(target, dirfd, path) */
CALL(js_symlink)
{
	int dirfd, problem = 0;
	const char *target, *path;
	JSValue value;

	ARG(dirfd_of(ctx, argv[1], &dirfd) && text_of(ctx, argv[0], &target, &problem));
	if (!text_of(ctx, argv[2], &path, &problem)) {
		JS_FreeCString(ctx, target);
		return JS_EXCEPTION;
	}
	value = problem ? failure(ctx, problem) : result(ctx, symlinkat(target, dirfd, path));
	JS_FreeCString(ctx, target);
	JS_FreeCString(ctx, path);
	return value;
}

/* rename(fromDirfd, from, toDirfd, to, flags): renameat2(2), or renameat(2) without flags; link is linkat(2). */
enum { call_rename, call_link };

static JSValue two_path_call(JSContext *ctx, JSValueConst this_val __attribute__((unused)),
			     int argc __attribute__((unused)), JSValueConst *argv, int call)
{
	int from_dirfd, to_dirfd, problem = 0;
	long value = -1;
	uint32_t flags;
	const char *from, *to;

	ARG(dirfd_of(ctx, argv[0], &from_dirfd) && dirfd_of(ctx, argv[2], &to_dirfd) && u32_of(ctx, argv[4], &flags) &&
	    text_of(ctx, argv[1], &from, &problem));
	if (!text_of(ctx, argv[3], &to, &problem)) {
		JS_FreeCString(ctx, from);
		return JS_EXCEPTION;
	}
	if (!problem) {
		if (call == call_link)
			value = linkat(from_dirfd, from, to_dirfd, to, (int)flags);
		else if (flags)
			value = syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
		else
			value = renameat(from_dirfd, from, to_dirfd, to);
		problem = errno;
	}
	JS_FreeCString(ctx, from);
	JS_FreeCString(ctx, to);
	return value < 0 ? failure(ctx, problem) : JS_NewInt32(ctx, 0);
}

/* Calls that take a directory, a path and at most two numbers. */
enum { call_unlink, call_mkdir, call_chmod, call_chown };

static JSValue path_call(JSContext *ctx, JSValueConst this_val __attribute__((unused)),
			 int argc __attribute__((unused)), JSValueConst *argv, int call)
{
	int dirfd, problem = 0, value = -1;
	uint32_t first, second = 0;
	const char *path;

	ARG(dirfd_of(ctx, argv[0], &dirfd) && u32_of(ctx, argv[2], &first) &&
	    (call != call_chown || u32_of(ctx, argv[3], &second)) && text_of(ctx, argv[1], &path, &problem));
	if (!problem) {
		if (call == call_unlink)
			value = unlinkat(dirfd, path, (int)first);
		else if (call == call_mkdir)
			value = mkdirat(dirfd, path, first);
		else if (call == call_chmod)
			value = fchmodat(dirfd, path, first, 0);
		else
			value = fchownat(dirfd, path, first, second, 0);
		problem = errno;
	}
	JS_FreeCString(ctx, path);
	return value < 0 ? failure(ctx, problem) : JS_NewInt32(ctx, value);
}

CALL(js_fchmod)
{
	int fd;
	uint32_t mode;

	ARG(fd_of(ctx, argv[0], &fd) && u32_of(ctx, argv[1], &mode));
	return result(ctx, fchmod(fd, mode));
}

CALL(js_fsync)
{
	int fd;

	ARG(fd_of(ctx, argv[0], &fd));
	return result(ctx, fsync(fd));
}

/* getxattr(path, name, bytes): the length of the value. */
CALL(js_getxattr)
{
	int problem = 0;
	const char *path, *name;
	uint8_t *bytes;
	size_t length;
	JSValue value;

	ARG(text_of(ctx, argv[0], &path, &problem));
	if (!text_of(ctx, argv[1], &name, &problem)) {
		JS_FreeCString(ctx, path);
		return JS_EXCEPTION;
	}
	if (!bytes_of(ctx, argv[2], 1, &bytes, &length))
		value = JS_EXCEPTION;
	else
		value = problem ? failure(ctx, problem) : result(ctx, getxattr(path, name, bytes, length));
	JS_FreeCString(ctx, path);
	JS_FreeCString(ctx, name);
	return value;
}

CALL(js_isatty)
{
	int fd;

	ARG(fd_of(ctx, argv[0], &fd));
	return JS_NewBool(ctx, isatty(fd));
}

CALL(js_fcntl)
{
	int fd, command, argument;

	ARG(fd_of(ctx, argv[0], &fd) && int_of(ctx, argv[1], &command) && int_of(ctx, argv[2], &argument));
	if (command != F_GETFD && command != F_SETFD && command != F_GETFL && command != F_SETFL &&
	    command != F_DUPFD_CLOEXEC)
		return JS_ThrowRangeError(ctx, "expected a command without a pointer");
	return result(ctx, fcntl(fd, command, argument));
}

CALL(js_dup3)
{
	int from, to, flags;

	ARG(fd_of(ctx, argv[0], &from) && fd_of(ctx, argv[1], &to) && int_of(ctx, argv[2], &flags));
	return result(ctx, dup3(from, to, flags));
}

CALL(js_close_range)
{
	uint32_t first, last, flags;

	ARG(u32_of(ctx, argv[0], &first) && u32_of(ctx, argv[1], &last) && u32_of(ctx, argv[2], &flags));
	return result(ctx, syscall(SYS_close_range, first, last, flags));
}

/* Devices */

/* ioctl(fd, request, argument): a number, or the bytes of a struct. */
CALL(js_ioctl)
{
	int fd;
	uint32_t request, number;
	uint8_t *bytes;
	size_t length;

	ARG(fd_of(ctx, argv[0], &fd) && u32_of(ctx, argv[1], &request));
	if (JS_IsNumber(argv[2])) {
		ARG(u32_of(ctx, argv[2], &number));
		return result(ctx, ioctl(fd, request, (unsigned long)number));
	}
	ARG(bytes_of(ctx, argv[2], 1, &bytes, &length));
	if (length == 0 || length < _IOC_SIZE(request))
		return JS_ThrowRangeError(ctx, "expected at least %d bytes, found %d", (int)_IOC_SIZE(request), (int)length);
	return result(ctx, ioctl(fd, request, bytes));
}

/* address(bytes): where the bytes are, for a struct that points to them. */
CALL(js_address)
{
	uint8_t *bytes;
	size_t length;

	ARG(bytes_of(ctx, argv[0], 1, &bytes, &length));
	return JS_NewBigUint64(ctx, (uintptr_t)bytes);
}

/* Sockets, inotify, poll */

CALL(js_socket)
{
	int domain, type, protocol;

	ARG(int_of(ctx, argv[0], &domain) && int_of(ctx, argv[1], &type) && int_of(ctx, argv[2], &protocol));
	return result(ctx, socket(domain, type | SOCK_CLOEXEC, protocol));
}

/* sendto(fd, bytes, flags, address): an empty address means the peer of a connected socket. */
CALL(js_sendto)
{
	int fd, flags;
	uint8_t *bytes, *address;
	size_t length, size;

	ARG(fd_of(ctx, argv[0], &fd) && int_of(ctx, argv[2], &flags) && bytes_of(ctx, argv[1], 1, &bytes, &length) &&
	    bytes_of(ctx, argv[3], 1, &address, &size));
	if (size > sizeof(struct sockaddr_storage))
		return failure(ctx, EINVAL);
	return result(ctx, sendto(fd, bytes, length, flags, size ? (struct sockaddr *)address : NULL, (socklen_t)size));
}

CALL(js_connect)
{
	int fd;
	uint8_t *address;
	size_t size;

	ARG(fd_of(ctx, argv[0], &fd) && bytes_of(ctx, argv[1], 1, &address, &size));
	if (size > sizeof(struct sockaddr_storage))
		return failure(ctx, EINVAL);
	return result(ctx, connect(fd, (struct sockaddr *)address, (socklen_t)size));
}

CALL(js_inotify_init)
{
	return result(ctx, inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

CALL(js_inotify_add_watch)
{
	int fd, problem = 0;
	uint32_t mask;
	const char *path;
	JSValue value;

	ARG(fd_of(ctx, argv[0], &fd) && u32_of(ctx, argv[2], &mask) && text_of(ctx, argv[1], &path, &problem));
	value = problem ? failure(ctx, problem) : result(ctx, inotify_add_watch(fd, path, mask));
	JS_FreeCString(ctx, path);
	return value;
}

/* poll(fd, events, milliseconds): the events that occurred, 0 after the time; -1 waits without limit. */
CALL(js_poll)
{
	int fd, events, milliseconds, count;
	struct pollfd entry;

	ARG(fd_of(ctx, argv[0], &fd) && int_of(ctx, argv[1], &events) && int_of(ctx, argv[2], &milliseconds));
	entry = (struct pollfd){ .fd = fd, .events = (short)events };
	count = poll(&entry, 1, milliseconds);
	return count <= 0 ? result(ctx, count) : JS_NewInt32(ctx, entry.revents);
}

/* Two descriptors as an array. */
static JSValue pair_result(JSContext *ctx, const int *fds)
{
	JSValue pair;

	pair = JS_NewArray(ctx);
	if (!JS_IsException(pair) &&
	    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewInt32(ctx, fds[0]), JS_PROP_C_W_E) >= 0 &&
	    JS_DefinePropertyValueUint32(ctx, pair, 1, JS_NewInt32(ctx, fds[1]), JS_PROP_C_W_E) >= 0)
		return pair;
	JS_FreeValue(ctx, pair);
	close(fds[0]);
	close(fds[1]);
	return JS_EXCEPTION;
}

CALL(js_pipe)
{
	int fds[2];

	return pipe2(fds, O_CLOEXEC) < 0 ? failure(ctx, errno) : pair_result(ctx, fds);
}

CALL(js_socketpair)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return failure(ctx, errno);
	return pair_result(ctx, fds);
}

/* A message of one byte, and room for one descriptor. */
struct message {
	char byte;
	struct iovec part;
	struct msghdr header;
	union {
		struct cmsghdr aligned;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
};

static struct cmsghdr *prepare(struct message *message)
{
	memset(message, 0, sizeof(*message));
	message->part = (struct iovec){ &message->byte, 1 };
	message->header = (struct msghdr){ .msg_iov = &message->part,
					   .msg_iovlen = 1,
					   .msg_control = &message->control,
					   .msg_controllen = sizeof(message->control) };
	return CMSG_FIRSTHDR(&message->header);
}

/* sendFd(socket, byte, fd): sendmsg(2) of a byte, and of a descriptor unless it is AT_FDCWD. */
CALL(js_send_fd)
{
	int socket, byte, fd;
	struct message message;
	struct cmsghdr *control;

	ARG(fd_of(ctx, argv[0], &socket) && int_of(ctx, argv[1], &byte) && dirfd_of(ctx, argv[2], &fd));
	control = prepare(&message);
	message.byte = (char)byte;
	if (fd == AT_FDCWD) {
		message.header.msg_controllen = 0;
	} else {
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_RIGHTS;
		control->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	}
	return result(ctx, sendmsg(socket, &message.header, MSG_NOSIGNAL));
}

/* receiveFd(socket, bytes): recvmsg(2) of a byte, and of a descriptor, which is the result; -ENODATA if there is none. */
CALL(js_receive_fd)
{
	int socket, fd = -1;
	uint8_t *bytes;
	size_t length;
	struct message message;
	struct cmsghdr *control;

	ARG(fd_of(ctx, argv[0], &socket) && bytes_of(ctx, argv[1], 1, &bytes, &length));
	if (length != 1)
		return JS_ThrowRangeError(ctx, "expected one byte");
	prepare(&message);
	if (recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC) < 0)
		return failure(ctx, errno);
	*bytes = (uint8_t)message.byte;
	control = CMSG_FIRSTHDR(&message.header);
	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
	    control->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd < 0 ? failure(ctx, ENODATA) : JS_NewInt32(ctx, fd);
}

/* Processes and signals */

/* spawn(path, argv, env, stdin, stdout, stderr): the pid of a child without blocked or ignored signals. */
CALL(js_spawn)
{
	int fds[3], index, problem = 0;
	pid_t pid = -1;
	char **arguments = NULL, **variables = NULL;
	const char *path;
	sigset_t none, all;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	for (index = 0; index < 3; index++)
		ARG(fd_of(ctx, argv[3 + index], &fds[index]));
	ARG(text_of(ctx, argv[0], &path, &problem));
	if (!strings_of(ctx, argv[1], &arguments, &problem)) {
		JS_FreeCString(ctx, path);
		return JS_EXCEPTION;
	}
	if (!strings_of(ctx, argv[2], &variables, &problem)) {
		JS_FreeCString(ctx, path);
		free_strings(ctx, arguments);
		return JS_EXCEPTION;
	}
	sigemptyset(&none);
	sigemptyset(&all);
	sigaddset(&all, SIGPIPE);
	if (!problem && !(problem = posix_spawn_file_actions_init(&actions))) {
		if (!(problem = posix_spawnattr_init(&attributes))) {
			posix_spawnattr_setsigmask(&attributes, &none);
			posix_spawnattr_setsigdefault(&attributes, &all);
			posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
			for (index = 0; index < 3 && !problem; index++)
				problem = posix_spawn_file_actions_adddup2(&actions, fds[index], index);
			if (!problem)
				problem = posix_spawn(&pid, path, &actions, &attributes, arguments, variables);
			posix_spawnattr_destroy(&attributes);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	JS_FreeCString(ctx, path);
	free_strings(ctx, arguments);
	free_strings(ctx, variables);
	return problem ? failure(ctx, problem) : JS_NewInt32(ctx, pid);
}

/* wait(pid, flags): exit status, 128 and the number of the signal that ended it, or -EAGAIN while it runs. */
CALL(js_wait)
{
	int pid, flags, status;
	pid_t found;

	ARG(int_of(ctx, argv[0], &pid) && int_of(ctx, argv[1], &flags));
	found = waitpid(pid, &status, flags);
	if (found <= 0)
		return failure(ctx, found < 0 ? errno : EAGAIN);
	return JS_NewInt32(ctx, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

CALL(js_execve)
{
	int problem = 0;
	char **arguments = NULL, **variables = NULL;
	const char *path;

	ARG(text_of(ctx, argv[0], &path, &problem));
	if (!strings_of(ctx, argv[1], &arguments, &problem)) {
		JS_FreeCString(ctx, path);
		return JS_EXCEPTION;
	}
	if (!strings_of(ctx, argv[2], &variables, &problem)) {
		JS_FreeCString(ctx, path);
		free_strings(ctx, arguments);
		return JS_EXCEPTION;
	}
	if (!problem) {
		execve(path, arguments, variables);
		problem = errno;
	}
	JS_FreeCString(ctx, path);
	free_strings(ctx, arguments);
	free_strings(ctx, variables);
	return failure(ctx, problem);
}

CALL(js_kill)
{
	int pid, signal;

	ARG(int_of(ctx, argv[0], &pid) && int_of(ctx, argv[1], &signal));
	return result(ctx, kill(pid, signal));
}

/* signalfd(signals): a descriptor that becomes readable when one of them is pending. */
CALL(js_signalfd)
{
	sigset_t set;

	ARG(signals_of(ctx, argv[0], &set));
	return result(ctx, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* sigprocmask(how, signals) */
CALL(js_sigprocmask)
{
	int how;
	sigset_t set;

	ARG(int_of(ctx, argv[0], &how) && signals_of(ctx, argv[1], &set));
	return result(ctx, sigprocmask(how, &set, NULL));
}

/* ignoreSignal(signal, isIgnored): SIG_IGN or SIG_DFL. */
CALL(js_ignore_signal)
{
	double number;
	int ignored = JS_ToBool(ctx, argv[1]);

	ARG(number_of(ctx, argv[0], 1, 64, &number));
	return result(ctx, signal((int)number, ignored ? SIG_IGN : SIG_DFL) == SIG_ERR ? -1 : 0);
}

CALL(js_environ)
{
	uint32_t index;
	JSValue list = JS_NewArray(ctx);

	for (index = 0; !JS_IsException(list) && environ && environ[index]; index++)
		if (JS_DefinePropertyValueUint32(ctx, list, index,
						 text_result(ctx, environ[index], strlen(environ[index])),
						 JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, list);
			return JS_EXCEPTION;
		}
	return list;
}

CALL(js_getpid)
{
	return JS_NewInt32(ctx, getpid());
}

CALL(js_setgroups)
{
	uint8_t *bytes;
	size_t length;

	ARG(bytes_of(ctx, argv[0], sizeof(gid_t), &bytes, &length));
	return result(ctx, setgroups(length / sizeof(gid_t), (gid_t *)bytes));
}

CALL(js_setgid)
{
	uint32_t id;

	ARG(u32_of(ctx, argv[0], &id));
	return result(ctx, setresgid(id, id, id));
}

CALL(js_setuid)
{
	uint32_t id;

	ARG(u32_of(ctx, argv[0], &id));
	return result(ctx, setresuid(id, id, id));
}

/* capset with empty sets, which empties the ambient set, too. */
CALL(js_clear_capabilities)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return result(ctx, syscall(SYS_capset, &header, data));
}

/* keyctl(operation, argument, argument) */
CALL(js_keyctl)
{
	int operation, first, second;

	ARG(int_of(ctx, argv[0], &operation) && int_of(ctx, argv[1], &first) && int_of(ctx, argv[2], &second));
	if (operation != KEYCTL_GET_KEYRING_ID && operation != KEYCTL_JOIN_SESSION_KEYRING)
		return JS_ThrowRangeError(ctx, "expected an operation without a pointer");
	return result(ctx, syscall(SYS_keyctl, operation, (long)first, (long)second));
}

/* addFilter(program): an array of struct sock_filter. */
CALL(js_add_filter)
{
	uint8_t *bytes;
	size_t length;
	struct sock_fprog program;

	ARG(bytes_of(ctx, argv[0], 1, &bytes, &length));
	if (length == 0 || length % sizeof(struct sock_filter) || length / sizeof(struct sock_filter) > USHRT_MAX)
		return JS_ThrowRangeError(ctx, "expected an array of struct sock_filter");
	program.len = (unsigned short)(length / sizeof(struct sock_filter));
	program.filter = (struct sock_filter *)bytes;
	return result(ctx, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* setSoftLimit(resource, soft): setrlimit(2) that keeps the hard limit. */
CALL(js_set_soft_limit)
{
	int resource;
	double soft;
	struct rlimit limit;

	ARG(int_of(ctx, argv[0], &resource) && number_of(ctx, argv[1], 0, MAX_SAFE, &soft));
	if (getrlimit(resource, &limit) < 0)
		return failure(ctx, errno);
	limit.rlim_cur = (rlim_t)soft;
	return result(ctx, setrlimit(resource, &limit));
}

/* exit(status): _exit(2), without the exit handlers of the C library. */
CALL(js_exit)
{
	int status;

	ARG(int_of(ctx, argv[0], &status));
	_exit(status);
}

/* Clock and random numbers */

/* clock(id): milliseconds with a fraction. */
CALL(js_clock)
{
	int id;
	struct timespec now;

	ARG(int_of(ctx, argv[0], &id));
	if (clock_gettime(id, &now) < 0)
		return failure(ctx, errno);
	return JS_NewFloat64(ctx, (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6);
}

CALL(js_getrandom)
{
	uint8_t *bytes;
	size_t length;

	ARG(bytes_of(ctx, argv[0], 1, &bytes, &length));
	return result(ctx, getrandom(bytes, length, 0));
}

/* Names of errno numbers */

CALL(js_errno_name)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
#define E(name) { name, #name }
		E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC), E(EBADF), E(ECHILD),
		E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(ENOTBLK), E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV),
		E(ENOTDIR), E(EISDIR), E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC),
		E(ESPIPE), E(EROFS), E(EMLINK), E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG), E(ENOLCK),
		E(ENOSYS), E(ENOTEMPTY), E(ELOOP), E(ENODATA), E(ETIME), E(EPROTO), E(EBADMSG), E(EOVERFLOW), E(EBADFD),
		E(EILSEQ), E(ERESTART), E(EUSERS), E(ENOTSOCK), E(EDESTADDRREQ), E(EMSGSIZE), E(EPROTOTYPE),
		E(ENOPROTOOPT), E(EPROTONOSUPPORT), E(EOPNOTSUPP), E(EAFNOSUPPORT), E(EADDRINUSE), E(EADDRNOTAVAIL),
		E(ENETDOWN), E(ENETUNREACH), E(ECONNABORTED), E(ECONNRESET), E(ENOBUFS), E(EISCONN), E(ENOTCONN),
		E(ETIMEDOUT), E(ECONNREFUSED), E(EHOSTUNREACH), E(EALREADY), E(EINPROGRESS), E(ESTALE), E(EREMOTEIO),
		E(EDQUOT), E(ENOMEDIUM), E(EMEDIUMTYPE), E(ECANCELED), E(ENOKEY), E(EKEYEXPIRED), E(EKEYREVOKED),
		E(EKEYREJECTED), E(EOWNERDEAD), E(ENOTRECOVERABLE), E(ERFKILL), E(EHWPOISON),
#undef E
	};
	int number;
	size_t index;

	ARG(int_of(ctx, argv[0], &number));
	for (index = 0; index < sizeof(names) / sizeof(*names); index++)
		if (names[index].number == number)
			return JS_NewString(ctx, names[index].name);
	return JS_NULL;
}

/* importPart(name): a promise of the exports of a module of the program, like import(). */
CALL(js_import_part)
{
	int problem = 0;
	const char *name;
	JSValue promise;

	ARG(text_of(ctx, argv[0], &name, &problem));
	promise = JS_LoadModule(ctx, "", name);
	JS_FreeCString(ctx, name);
	return promise;
}

#define CONSTANT(name) JS_PROP_INT32_DEF(#name, name, JS_PROP_ENUMERABLE)

static const JSCFunctionListEntry exports[] = {
	JS_CFUNC_DEF("open", 5, js_open),
	JS_CFUNC_DEF("readFile", 6, js_read_file),
	JS_CFUNC_DEF("close", 1, js_close),
	JS_CFUNC_DEF("read", 2, js_read),
	JS_CFUNC_DEF("write", 3, js_write),
	JS_CFUNC_DEF("writeBytes", 2, js_write_bytes),
	JS_CFUNC_DEF("readdir", 4, js_readdir),
	JS_CFUNC_DEF("readlink", 3, js_readlink),
	JS_CFUNC_DEF("readlinks", 1, js_readlinks),
	JS_CFUNC_DEF("stat", 5, js_stat),
	JS_CFUNC_DEF("symlink", 3, js_symlink),
	JS_CFUNC_MAGIC_DEF("rename", 5, two_path_call, call_rename),
	JS_CFUNC_MAGIC_DEF("link", 5, two_path_call, call_link),
	JS_CFUNC_MAGIC_DEF("unlink", 3, path_call, call_unlink),
	JS_CFUNC_MAGIC_DEF("mkdir", 3, path_call, call_mkdir),
	JS_CFUNC_MAGIC_DEF("chmod", 3, path_call, call_chmod),
	JS_CFUNC_MAGIC_DEF("chown", 4, path_call, call_chown),
	JS_CFUNC_DEF("fchmod", 2, js_fchmod),
	JS_CFUNC_DEF("fsync", 1, js_fsync),
	JS_CFUNC_DEF("getxattr", 3, js_getxattr),
	JS_CFUNC_DEF("isatty", 1, js_isatty),
	JS_CFUNC_DEF("fcntl", 3, js_fcntl),
	JS_CFUNC_DEF("dup3", 3, js_dup3),
	JS_CFUNC_DEF("closeRange", 3, js_close_range),
	JS_CFUNC_DEF("ioctl", 3, js_ioctl),
	JS_CFUNC_DEF("address", 1, js_address),
	JS_CFUNC_DEF("socket", 3, js_socket),
	JS_CFUNC_DEF("sendto", 4, js_sendto),
	JS_CFUNC_DEF("connect", 2, js_connect),
	JS_CFUNC_DEF("inotifyInit", 0, js_inotify_init),
	JS_CFUNC_DEF("inotifyAddWatch", 3, js_inotify_add_watch),
	JS_CFUNC_DEF("poll", 3, js_poll),
	JS_CFUNC_DEF("pipe", 0, js_pipe),
	JS_CFUNC_DEF("socketpair", 0, js_socketpair),
	JS_CFUNC_DEF("sendFd", 3, js_send_fd),
	JS_CFUNC_DEF("receiveFd", 2, js_receive_fd),
	JS_CFUNC_DEF("spawn", 6, js_spawn),
	JS_CFUNC_DEF("wait", 2, js_wait),
	JS_CFUNC_DEF("execve", 3, js_execve),
	JS_CFUNC_DEF("kill", 2, js_kill),
	JS_CFUNC_DEF("signalfd", 1, js_signalfd),
	JS_CFUNC_DEF("sigprocmask", 2, js_sigprocmask),
	JS_CFUNC_DEF("ignoreSignal", 2, js_ignore_signal),
	JS_CFUNC_DEF("environ", 0, js_environ),
	JS_CFUNC_DEF("getpid", 0, js_getpid),
	JS_CFUNC_DEF("setgroups", 1, js_setgroups),
	JS_CFUNC_DEF("setgid", 1, js_setgid),
	JS_CFUNC_DEF("setuid", 1, js_setuid),
	JS_CFUNC_DEF("clearCapabilities", 0, js_clear_capabilities),
	JS_CFUNC_DEF("keyctl", 3, js_keyctl),
	JS_CFUNC_DEF("addFilter", 1, js_add_filter),
	JS_CFUNC_DEF("setSoftLimit", 2, js_set_soft_limit),
	JS_CFUNC_DEF("exit", 1, js_exit),
	JS_CFUNC_DEF("clock", 1, js_clock),
	JS_CFUNC_DEF("getrandom", 1, js_getrandom),
	JS_CFUNC_DEF("errnoName", 1, js_errno_name),
	JS_CFUNC_DEF("importPart", 1, js_import_part),
	CONSTANT(READ_FAILED),
	CONSTANT(AT_EMPTY_PATH), CONSTANT(AT_FDCWD), CONSTANT(AT_REMOVEDIR), CONSTANT(AT_SYMLINK_NOFOLLOW),
	CONSTANT(CLOCK_MONOTONIC),
	CONSTANT(CLOSE_RANGE_CLOEXEC), CONSTANT(F_DUPFD_CLOEXEC), CONSTANT(F_GETFD), CONSTANT(F_SETFD),
	CONSTANT(F_SETFL), CONSTANT(FD_CLOEXEC),
	CONSTANT(KEYCTL_GET_KEYRING_ID), CONSTANT(KEYCTL_JOIN_SESSION_KEYRING), CONSTANT(KEY_SPEC_SESSION_KEYRING),
	CONSTANT(RLIMIT_NOFILE),
	CONSTANT(IN_ATTRIB), CONSTANT(IN_CREATE), CONSTANT(IN_DELETE), CONSTANT(IN_DELETE_SELF), CONSTANT(IN_MODIFY),
	CONSTANT(IN_MOVED_FROM), CONSTANT(IN_MOVED_TO), CONSTANT(IN_MOVE_SELF), CONSTANT(IN_ONLYDIR),
	CONSTANT(IN_IGNORED), CONSTANT(IN_ISDIR), CONSTANT(IN_Q_OVERFLOW),
	CONSTANT(O_CREAT), CONSTANT(O_DIRECTORY), CONSTANT(O_EXCL), CONSTANT(O_NOCTTY), CONSTANT(O_NOFOLLOW),
	CONSTANT(O_NONBLOCK), CONSTANT(O_PATH), CONSTANT(O_RDONLY), CONSTANT(O_RDWR), CONSTANT(O_WRONLY),
	CONSTANT(POLLIN), CONSTANT(POLLOUT),
	CONSTANT(SIGHUP), CONSTANT(SIGINT), CONSTANT(SIGKILL), CONSTANT(SIGPIPE), CONSTANT(SIGTERM),
	CONSTANT(SIG_BLOCK), CONSTANT(SIG_SETMASK), CONSTANT(SIG_UNBLOCK),
	CONSTANT(SOCK_DGRAM), CONSTANT(SOCK_NONBLOCK), CONSTANT(SOCK_STREAM), CONSTANT(AF_UNIX), CONSTANT(MSG_NOSIGNAL), CONSTANT(MSG_DONTWAIT),
	CONSTANT(WNOHANG),
	CONSTANT(IO_BITS), CONSTANT(TIOCGWINSZ),
	CONSTANT(RENAME_NOREPLACE), CONSTANT(RESOLVE_IN_ROOT), CONSTANT(RESOLVE_NO_MAGICLINKS),
};

static int set_exports(JSContext *ctx, JSModuleDef *module)
{
	return JS_SetModuleExportList(ctx, module, exports, sizeof(exports) / sizeof(*exports));
}

/* The modules of the program, except its first (packaging/native/compile.sh). */
extern const struct part {
	const char *name;
	const uint8_t *bytes;
	size_t size;
} vfio_names_parts[];

/* Reads a module of the program; never a file, which QuickJS's own loader would look for in the working directory. */
static JSModuleDef *load_part(JSContext *ctx, const char *name, void *opaque __attribute__((unused)))
{
	const struct part *part;
	JSModuleDef *module;
	JSValue value;

	for (part = vfio_names_parts; part->name; part++) {
		if (strcmp(part->name, name))
			continue;
		value = JS_ReadObject(ctx, part->bytes, part->size, JS_READ_OBJ_BYTECODE);
		if (JS_IsException(value))
			return NULL;
		/* The context holds the module. */
		module = JS_VALUE_GET_PTR(value);
		JS_FreeValue(ctx, value);
		return module;
	}
	JS_ThrowReferenceError(ctx, "no module %s in this program", name);
	return NULL;
}

JSModuleDef *js_init_module_syscalls(JSContext *ctx, const char *name)
{
	JSModuleDef *module = JS_NewCModule(ctx, name, set_exports);

	JS_SetModuleLoaderFunc(JS_GetRuntime(ctx), NULL, load_part, NULL);
	if (!module || JS_AddModuleExportList(ctx, module, exports, sizeof(exports) / sizeof(*exports)) < 0)
		return NULL;
	return module;
}
