/** The program under test: that of VFIO_NAMES_PROGRAM, or else the source on Node. */
import { join, resolve } from 'node:path';

const given = process.env['VFIO_NAMES_PROGRAM'];

/** An absolute path of VFIO_NAMES_PROGRAM, which test/integration/native/run sets to the native program. */
export const givenProgram: string | undefined = given === undefined ? undefined : resolve(given);

export const programCommand: readonly [string, ...string[]] =
  givenProgram === undefined ? [process.execPath, join(import.meta.dirname, 'main.cjs')] : [givenProgram];
