// The version that `--version`, health and the start-up line report.
import manifest from '../../package.json' with { type: 'json' };

/** From package.json, the only place that states it. */
export const VERSION = manifest.version;
