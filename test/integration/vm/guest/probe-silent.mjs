// A character device, /dev/lab-silent, that never answers an open: it speaks the CUSE protocol directly (linux/fuse.h).
// Prints its MAJOR:MINOR when the node exists.
import { existsSync, openSync, readSync, statSync, writeSync } from 'node:fs';

const cuse = openSync('/dev/cuse', 'r+');
const request = Buffer.alloc(1 << 17);
const major = 240;

// CUSE_INIT: the reply has the version, the sizes, the number and the name of the device.
readSync(cuse, request);
const name = Buffer.from('DEVNAME=lab-silent\0');
const reply = Buffer.alloc(16 + 72);
reply.writeUInt32LE(reply.length + name.length, 0);
request.copy(reply, 8, 8, 16);
reply.writeUInt32LE(7, 16);
reply.writeUInt32LE(31, 20);
reply.writeUInt32LE(4096, 32);
reply.writeUInt32LE(4096, 36);
reply.writeUInt32LE(major, 40);
reply.writeUInt32LE(7, 44);
writeSync(cuse, Buffer.concat([reply, name]));
while (!existsSync('/dev/lab-silent')) await new Promise((done) => setTimeout(done, 50));
const { rdev } = statSync('/dev/lab-silent');
writeSync(1, `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}\n`);
// Reads every request and answers none: a process that opens the device cannot even be killed.
for (;;) readSync(cuse, request);
