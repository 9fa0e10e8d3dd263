// The log of a serving process: as SLUICE_LOG says and, in what that leaves open, as the configuration says, also after a change.
import type { ResolvedConfig } from '../../config/resolved.ts';
import { createLog, type Log, type LogOptions, noteLostLines, parseLogSetting } from '../../server/log.ts';

export interface ServedLog {
  log: Log;
  /** Whether its lines are JSON under the present configuration. */
  writesJson(): boolean;
  configure(config: Pick<ResolvedConfig, 'log'>): void;
}

/** @param setting the value of SLUICE_LOG. */
export function createServedLog(setting: string | undefined, write?: LogOptions['write']): ServedLog {
  const forced = parseLogSetting(setting);
  const options: LogOptions = {
    format: 'text',
    level: 'info',
    ...forced,
    ...(write !== undefined && { write }),
  };
  const log = createLog(options);
  noteLostLines(log);
  return {
    log,
    writesJson: () => options.format === 'json',
    configure(config) {
      Object.assign(options, config.log, forced);
    },
  };
}
