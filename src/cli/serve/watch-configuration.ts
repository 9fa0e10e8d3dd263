// Watches what a running gateway's configuration consists of (its file, modules, certificates, stored credentials, files with secrets),
// and applies changes.
import { findConfigFile, type LoadedConfig } from '../../config/load.ts';
import type { ResolvedConfig, SecretFile } from '../../config/resolved.ts';
import { awaitFile, stampOf, watchConfigFile, watchStore, watchTogether } from '../../config/watch.ts';
import { vaultPath } from '../../credentials/vault.ts';
import { createTurns } from '../../model/turns.ts';
import { moduleFile } from '../../server/load-modules.ts';
import { type ChangedCredentials, createCredentialChanges } from './credential-changes.ts';
import { moduleDirectory } from './load-with-code.ts';
import { type Change, fieldsOf, type ReloadOptions, reloadConfig } from './reload.ts';

export interface Watched {
  /** Reads the configuration again now. */
  reload(): void;
  stop(): void;
}

/** The state of the credential store at a certain moment. */
export interface SeenCredentials {
  path: string;
  stamp: string | undefined;
  /** Which credentials have changed since that moment. */
  changes(): ChangedCredentials;
}

export function seeCredentials(home: string): SeenCredentials {
  const path = vaultPath(home);
  const stamp = stampOf(path);
  return { path, stamp, changes: createCredentialChanges(home) };
}

type WatchOptions = Omit<ReloadOptions, 'path'>;

/**
 * Applies changes until it is stopped, even if there is no file yet: one may be written while the gateway runs.
 *
 * @param credentials their state before `loaded` was read, so that no change is missed.
 */
export function watchConfiguration(
  { path, text }: LoadedConfig,
  credentials: SeenCredentials,
  options: WatchOptions,
): Watched {
  if (path !== null) return watchChanges(path, text ?? '', credentials, options);
  const { log, load } = options;
  let found: Watched | undefined;
  const stop = awaitFile(
    () => findConfigFile(load),
    (path) => {
      log('info', 'a configuration file has appeared', { file: path });
      found = watchChanges(path, '', credentials, options);
    },
  );
  return {
    reload() {
      if (found === undefined) log('warn', 'there is no readable configuration file');
      else found.reload();
    },
    stop() {
      stop();
      found?.stop();
    },
  };
}

/** @param seen the contents of the file at `path` when it was read. */
function watchChanges(
  path: string,
  seen: string,
  credentials: SeenCredentials,
  options: WatchOptions,
): Watched {
  const { load, started, apply } = options;
  const directory = moduleDirectory({ path }, load);
  const watchNamed = ({ transformers, providers, server, secretFiles }: ResolvedConfig) => {
    const stops = transformers.modules.map((module) => {
      const file = moduleFile(module, directory);
      return watchStore(file, module.stamp, () => reload({ of: 'module', file }));
    });
    for (const { files, stamp } of [server, ...providers].flatMap(({ tls }) => tls ?? [])) {
      const file = files.cert ?? Object.values(files).join(', ');
      stops.push(watchTogether(Object.values(files), stamp, () => reload({ of: 'certificate', file })));
    }
    if (secretFiles.length > 0) stops.push(watchSecrets(secretFiles));
    return stops;
  };
  const watchSecrets = (files: readonly SecretFile[]) => {
    const paths = files.map((file) => file.path);
    const seen = files.map((file) => file.stamp).join(' ');
    return watchTogether(paths, seen, () => {
      // Without it a provider would be disabled, though it may only be on its way from one place to another.
      const gone = files.filter((file) => file.stamp !== undefined && stampOf(file.path) === undefined);
      if (gone.length === 0) reload({ of: 'secret file', file: paths.join(', ') });
      else
        options.log('warn', 'a secret file is gone; its secret stays in use', {
          file: gone.map((file) => file.path).join(', '),
        });
    });
  };
  const inTurn = createTurns();
  const reload = (change: Change) =>
    inTurn(async () => {
      try {
        await reloadConfig(change, {
          ...options,
          path,
          apply(changed) {
            for (const stop of named) stop();
            named = watchNamed(changed);
            return apply(changed);
          },
        });
      } catch (error) {
        const message = `the changed ${change.of} did not reach all processes: change it again, or restart`;
        options.log('error', message, { ...fieldsOf(change, path), error });
      }
    });
  let named = watchNamed(started);
  const readAgain = () => reload({ of: 'configuration' });
  const onGone = () =>
    inTurn(async () => {
      // The file's content is in use again, so a change that was refused is gone.
      options.refuse(null);
      options.log('warn', 'the configuration file is gone; its settings stay in use', { file: path });
    });
  const stops = [watchConfigFile(path, seen, readAgain, onGone)];
  // A changed credential matters only if the file refers to it.
  const { path: vault, stamp, changes } = credentials;
  stops.push(watchStore(vault, stamp, () => reload({ of: 'credential', ...changes() })));
  return {
    reload: readAgain,
    stop() {
      for (const stop of [...stops, ...named]) stop();
    },
  };
}
