// How messages name the program: so that what they advise can be typed where it runs.

const OWN_PACKAGE = 'sluice';
/** Of the package file. */
const OWN_SCRIPTS = ['start', 'sluice'];

/**
 * In a clone `sluice` is not on the `PATH`: npm runs it there (`npm start`, `npm run sluice`), and tells so in the environment.
 * `line`: a message that quotes commands as `"sluice …"`.
 */
export function typable(line: string, environment: Readonly<Record<string, string | undefined>>): string {
  if (!startedByNpm(environment)) return line;
  return line.replaceAll(/"sluice (?=[a-z-])/g, `"${programName(environment)} `);
}

/** What begins a command line of this program. */
export function programName(environment: Readonly<Record<string, string | undefined>>): string {
  return startedByNpm(environment) ? 'npm run -s sluice --' : 'sluice';
}

/** Started by a script of this package, to which npm passes only those flags that follow `--`. */
export function startedByNpm({
  npm_package_name: packageName,
  npm_lifecycle_event: script = '',
}: Readonly<Record<string, string | undefined>>): boolean {
  return packageName === OWN_PACKAGE && OWN_SCRIPTS.includes(script);
}
