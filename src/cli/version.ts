// The version that `--version`, health and the start-up line tell.
import manifest from '../../package.json' with { type: 'json' };

/** Of package.json, the one place where it stands. */
export const VERSION = manifest.version;
