// How messages name the program, so that the commands they suggest can be typed as they stand.

const OWN_PACKAGE = 'sluice';
/** The scripts of the package file that start this program. */
const OWN_SCRIPTS = ['start', 'sluice'];

/**
 * In a clone `sluice` is not on the `PATH`: npm runs it there (`npm start`, `npm run sluice`), which the environment shows.
 * @param line a message that quotes commands as `"sluice …"`.
 */
export function typable(line: string, environment: Readonly<Record<string, string | undefined>>): string {
  if (!startedByNpm(environment)) return line;
  return line.replaceAll(/"sluice (?=[a-z-])/g, `"${programName(environment)} `);
}

/** The beginning of a command line for this program. */
export function programName(environment: Readonly<Record<string, string | undefined>>): string {
  return startedByNpm(environment) ? 'npm run -s sluice --' : 'sluice';
}

/** Whether a script of this package started it, to which npm passes only the flags after `--`. */
export function startedByNpm({
  npm_package_name: packageName,
  npm_lifecycle_event: script = '',
}: Readonly<Record<string, string | undefined>>): boolean {
  return packageName === OWN_PACKAGE && OWN_SCRIPTS.includes(script);
}
