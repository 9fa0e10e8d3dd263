// Whether a request asks for no thinking.
import type { ReasoningSettings } from '../../../model/request.ts';

/** True if either setting says so: the switch, or an effort of none. */
export function isOff(settings: ReasoningSettings | undefined): boolean {
  return settings?.mode === 'off' || settings?.effort === 'none';
}

/** Like `isOff`, except that an effort of none does not count if the switch says otherwise. */
export function isOffUnlessOn(settings: ReasoningSettings | undefined): boolean {
  return settings?.mode === 'off' || (settings?.mode === undefined && settings?.effort === 'none');
}
