// Who may not enter every folder: root may, but not as any other user in a namespace of its own.

/** What a command is preceded by, so that it runs as such a user; nothing where the tests do. */
export const AS_OTHER_USER: readonly string[] =
  process.getuid?.() === 0 ? [Bun.which('unshare') ?? '', '--user', '--map-user=4711'] : [];

/** Whether a folder without permissions is closed to what runs so. */
export const mayBeRefused =
  process.platform !== 'win32' && (AS_OTHER_USER.length === 0 || canRun([...AS_OTHER_USER, 'true']));

function canRun(command: readonly string[]): boolean {
  return !command.includes('') && Bun.spawnSync([...command]).exitCode === 0;
}
