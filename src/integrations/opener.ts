/** The system calls that open a device node; tests replace them. */
import * as fs from 'node:fs';
import type { DeviceCalls } from '../system/calls.ts';
import { statusOf } from '../system/node-files.ts';
import { deviceOpenFlags } from '../system/open-flags.ts';

/** A failed call throws an error whose `code` is the name of the errno. */
export type OpenCalls = Pick<DeviceCalls, 'open' | 'close' | 'status'>;

export const nodeOpenCalls: OpenCalls = {
  open: (_step, path) => fs.openSync(path, deviceOpenFlags),
  close: (fd) => fs.closeSync(fd),
  status: (_step, fd) => statusOf(fs.fstatSync(fd)),
};
