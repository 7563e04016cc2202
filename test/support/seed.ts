/**
 * Seeds fast-check, so that every test run has the same cases and failures are reproducible. VFIO_NAMES_SEED=random (or
 * a number) selects other cases; fast-check prints the seed of a failure.
 */
import fc from 'fast-check';

const seed = process.env['VFIO_NAMES_SEED'] ?? '1';
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) });
