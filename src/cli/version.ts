/** The version of the package; the build inlines it into the bundle. */
import manifest from '../../package.json' with { type: 'json' };

export const version: string = manifest.version;
