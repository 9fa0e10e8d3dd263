// The flag shared by all commands that read the configuration.
import type { Flag } from './command.ts';

export const CONFIG_FLAG: Flag = {
  value: 'FILE',
  summary:
    'Configuration file; default: $SLUICE_CONFIG, then sluice.yaml (.yml .toml .json .jsonc) here or in $SLUICE_HOME.',
};
