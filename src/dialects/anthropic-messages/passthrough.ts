// Changes where client and provider both speak this dialect: none, except for what other
// vendors' servers refuse while their models think.
import type { Passthrough } from '../dialect.ts';
import { createLossReport } from '../shared/loss-report.ts';
import { adaptThinking } from './adapt-thinking.ts';
import { holdsUnsealed } from './unsealed.ts';
import { ID } from './wire.ts';

export const passthrough: Passthrough = {
  edits: (body, quirks) => adaptThinking(body, quirks, createLossReport(ID)),
  losses(body, quirks) {
    const losses = createLossReport(ID);
    adaptThinking(body, quirks, losses);
    return losses.list();
  },
  refuses: holdsUnsealed,
};
