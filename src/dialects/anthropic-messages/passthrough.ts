// What changes if client and provider both speak this dialect: nothing, except for Google Cloud, and for what other vendors' servers refuse
// while their models think.
import type { Passthrough } from '../dialect.ts';
import { LossReport } from '../shared/losses/loss-report.ts';
import { adaptThinking } from './adapt-thinking.ts';
import { cloudBetas, cloudEdits } from './cloud.ts';
import { holdsRefused } from '../claude/refused-history.ts';
import { ID } from './wire.ts';

export const passthrough: Passthrough = {
  edits(body, quirks, headers) {
    const losses = new LossReport(ID);
    return quirks.cloudMethods === true
      ? cloudEdits(body, headers, losses)
      : adaptThinking(body, quirks, losses);
  },
  losses(body, quirks) {
    const losses = new LossReport(ID);
    if (quirks.cloudMethods === true) cloudEdits(body, undefined, losses);
    else adaptThinking(body, quirks, losses);
    return losses.list();
  },
  headers: (body, { cloudMethods }) => (cloudMethods === true ? cloudBetas(body) : undefined),
  refuses: holdsRefused,
};
