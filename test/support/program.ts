// The program as processes of tests start it without its launcher.
import { resolve } from 'node:path';
import { findMain } from '../../bin/find-main.js';

/** What the launcher would start: the build, which takes half the time, or the source where that is newer. */
export const MAIN = findMain(resolve(import.meta.dir, '..', '..'));
