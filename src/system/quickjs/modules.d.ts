/** The modules of the native programs: parts of QuickJS's `std` and `os` (quickjs-libc.c), and our `syscalls` (syscalls.c). */

declare module 'qjs:std' {
  export function exit(status: number): never;
}

declare module 'qjs:os' {
  /** The event loop: select(2) over the descriptors with a handler and the timers; `null` removes a handler. */
  export function setReadHandler(fd: number, handler: (() => void) | null): void;
  export type Timer = { readonly __timer: never };
  export function setTimeout(handler: () => void, milliseconds: number): Timer;
  export function clearTimeout(timer: Timer): void;
}

/**
 * One function for each system call. Numbers below zero are a negative errno; text that is not valid UTF-8 is an
 * ArrayBuffer. `dirfd` may be AT_FDCWD, and `resolve` the flags of openat2(2), which is called if there are any.
 */
declare module 'qjs:syscalls' {
  type Text = string | ArrayBuffer;

  export function open(dirfd: number, path: string, flags: number, mode: number, resolve: number): number;
  /**
   * open, read and close; with `resolve`, only of a regular file. If a later call than the first fails, the result is READ_FAILED -
   * errno. Text with more than `limit` bytes fails with EFBIG; of a binary file, the first `limit` bytes are read.
   */
  export function readFile(
    dirfd: number,
    path: string,
    flags: number,
    resolve: number,
    limit: number,
    binary: false,
  ): Text | number;
  export function readFile(
    dirfd: number,
    path: string,
    flags: number,
    resolve: number,
    limit: number,
    binary: true,
  ): ArrayBuffer | number;
  export function close(fd: number): number;
  export function read(fd: number, bytes: Uint8Array): number;
  /**
   * Writes the last `left` bytes of the text in UTF-8, or all of them if there are fewer. Returns how many are left then;
   * EILSEQ for half of a surrogate pair, except U+DC80 to U+DCFF, which stand for bytes (text/file-names.ts).
   */
  export function write(fd: number, text: string, left: number): number;
  export function writeBytes(fd: number, bytes: Uint8Array): number;
  /** With `directories`, only the names that may be directories, by d_type. */
  export function readdir(
    dirfd: number,
    path: string,
    resolve: number,
    directories: boolean,
  ): Text[] | number;
  export function readlink(dirfd: number, path: string, resolve: number): Text | number;
  /** The names in a directory, each followed by its target or the negative errno of readlink(2). */
  export function readlinks(path: string): (Text | number)[] | number;
  /**
   * Sets mode, uid, gid, inode, major, minor, device, size, the number of links and the time of the last modification in
   * milliseconds. With `resolve`, of the path itself, and `flags` are not used.
   */
  export function stat(
    dirfd: number,
    path: string,
    flags: number,
    resolve: number,
    fields: Float64Array,
  ): number;
  export function symlink(target: string, dirfd: number, path: string): number;
  /** renameat2(2), or renameat(2) if there are no flags. */
  export function rename(fromDirfd: number, from: string, toDirfd: number, to: string, flags: number): number;
  export function link(fromDirfd: number, from: string, toDirfd: number, to: string, flags: number): number;
  export function unlink(dirfd: number, path: string, flags: number): number;
  export function mkdir(dirfd: number, path: string, mode: number): number;
  export function chmod(dirfd: number, path: string, mode: number): number;
  export function chown(dirfd: number, path: string, uid: number, gid: number): number;
  export function fchmod(fd: number, mode: number): number;
  export function fsync(fd: number): number;
  export function getxattr(path: string, name: string, bytes: Uint8Array): number;
  export function isatty(fd: number): boolean;
  export function fcntl(fd: number, command: number, argument: number): number;
  export function dup3(from: number, to: number, flags: number): number;
  export function closeRange(first: number, last: number, flags: number): number;
  export function ioctl(fd: number, request: number, argument: number | Uint8Array): number;
  export function address(bytes: Uint8Array): bigint;
  export function socket(domain: number, type: number, protocol: number): number;
  /** An empty address means the peer of a connected socket. */
  export function sendto(fd: number, bytes: Uint8Array, flags: number, address: Uint8Array): number;
  export function connect(fd: number, address: Uint8Array): number;
  /** A non-blocking descriptor. */
  export function inotifyInit(): number;
  export function inotifyAddWatch(fd: number, path: string, mask: number): number;
  export function poll(fd: number, events: number, milliseconds: number): number;
  export function pipe(): [number, number] | number;
  /** A pair of connected sockets that send messages. */
  export function socketpair(): [number, number] | number;
  /** Sends a byte, and a descriptor unless `fd` is AT_FDCWD. */
  export function sendFd(socket: number, byte: number, fd: number): number;
  /** Receives a byte, and a descriptor, which is the result; -ENODATA if there is none. */
  export function receiveFd(socket: number, byte: Uint8Array): number;
  /** The pid of a child without blocked or ignored signals. `path` is not looked up in PATH. */
  export function spawn(
    path: string,
    argv: readonly string[],
    env: readonly string[],
    stdin: number,
    stdout: number,
    stderr: number,
  ): number;
  /** The exit status, 128 and the signal that ended the child, or -EAGAIN while it runs with WNOHANG. */
  export function wait(pid: number, flags: number): number;
  export function execve(path: string, argv: readonly string[], env: readonly string[]): number;
  export function kill(pid: number, signal: number): number;
  /** A non-blocking descriptor that is readable while one of the signals is pending. */
  export function signalfd(signals: readonly number[]): number;
  export function sigprocmask(how: number, signals: readonly number[]): number;
  export function ignoreSignal(signal: number, isIgnored: boolean): number;
  export function environ(): Text[];
  export function getpid(): number;
  export function setgroups(groups: Uint32Array): number;
  /** Sets the real, the effective and the saved id. */
  export function setgid(gid: number): number;
  export function setuid(uid: number): number;
  /** capset(2) with empty sets. */
  export function clearCapabilities(): number;
  export function keyctl(operation: number, first: number, second: number): number;
  export function addFilter(program: Uint8Array): number;
  /** setrlimit(2) that keeps the hard limit. */
  export function setSoftLimit(resource: number, soft: number): number;
  export function exit(status: number): never;
  /** Milliseconds with a fraction. */
  export function clock(id: number): number;
  export function getrandom(bytes: Uint8Array): number;
  /** `ENOENT` for 2; `null` for a number without a name. */
  export function errnoName(number: number): string | null;

  export const READ_FAILED: number;
  export const AT_EMPTY_PATH: number;
  export const AT_FDCWD: number;
  export const AT_REMOVEDIR: number;
  export const AT_SYMLINK_NOFOLLOW: number;
  export const CLOCK_MONOTONIC: number;
  export const CLOSE_RANGE_CLOEXEC: number;
  export const F_DUPFD_CLOEXEC: number;
  export const F_GETFD: number;
  export const F_SETFD: number;
  export const FD_CLOEXEC: number;
  export const F_SETFL: number;
  export const KEYCTL_GET_KEYRING_ID: number;
  export const KEYCTL_JOIN_SESSION_KEYRING: number;
  export const KEY_SPEC_SESSION_KEYRING: number;
  export const RLIMIT_NOFILE: number;
  export const IN_ATTRIB: number;
  export const IN_CREATE: number;
  export const IN_DELETE: number;
  export const IN_DELETE_SELF: number;
  export const IN_MODIFY: number;
  export const IN_MOVED_FROM: number;
  export const IN_MOVED_TO: number;
  export const IN_MOVE_SELF: number;
  export const IN_ONLYDIR: number;
  export const IN_IGNORED: number;
  export const IN_ISDIR: number;
  export const IN_Q_OVERFLOW: number;
  export const O_CREAT: number;
  export const O_DIRECTORY: number;
  export const O_EXCL: number;
  export const O_NOCTTY: number;
  export const O_NOFOLLOW: number;
  export const O_NONBLOCK: number;
  export const O_PATH: number;
  export const O_RDONLY: number;
  export const O_RDWR: number;
  export const O_WRONLY: number;
  export const POLLIN: number;
  export const POLLOUT: number;
  export const SIGHUP: number;
  export const SIGINT: number;
  export const SIGKILL: number;
  export const SIGPIPE: number;
  export const SIGTERM: number;
  export const SIG_BLOCK: number;
  export const SIG_SETMASK: number;
  export const SIG_UNBLOCK: number;
  export const SOCK_DGRAM: number;
  export const SOCK_NONBLOCK: number;
  export const SOCK_STREAM: number;
  export const AF_UNIX: number;
  export const MSG_DONTWAIT: number;
  export const MSG_NOSIGNAL: number;
  export const WNOHANG: number;
  /** What `_IO()` adds to type and number: nothing in most machines. */
  export const IO_BITS: number;
  export const TIOCGWINSZ: number;
  export const RENAME_NOREPLACE: number;
  export const RESOLVE_IN_ROOT: number;
  export const RESOLVE_NO_MAGICLINKS: number;
}

declare const scriptArgs: readonly string[];
