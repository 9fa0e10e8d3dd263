// Whether a request asks for no thinking.
import type { ReasoningSettings } from '../../../model/request.ts';

/** The client says so in either setting: the switch, or an effort of none. */
export function isOff(settings: ReasoningSettings | undefined): boolean {
  return settings?.mode === 'off' || settings?.effort === 'none';
}

/** The same where an effort of none counts only if the switch says nothing else. */
export function isOffUnlessOn(settings: ReasoningSettings | undefined): boolean {
  return settings?.mode === 'off' || (settings?.mode === undefined && settings?.effort === 'none');
}
