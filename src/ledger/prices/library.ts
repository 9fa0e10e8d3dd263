// `@pydantic/genai-prices`, whose table takes a tenth of the program's start to read: it is loaded when prices are first needed.
import { GatewayError } from '../../model/errors.ts';

type Library = typeof import('@pydantic/genai-prices');

let library: Library | undefined;
let loading: Promise<void> | undefined;

/**
 * Resolves when prices can be computed; undefined where they already can. Rejects with a GatewayError `overloaded`, and
 * the next call tries anew: Bun says "Cannot find module" also where the process may open no more files.
 */
export function loadPrices(): Promise<void> | undefined {
  if (library !== undefined) return undefined;
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  try {
    library = await import('@pydantic/genai-prices');
  } catch (cause) {
    const message =
      'the table of prices could not be loaded: if this process has reached its limit of open files and connections, ' +
      'raise it (ulimit -n, LimitNOFILE=), or let fewer clients connect; otherwise install Sluice again';
    throw new GatewayError('overloaded', message, { cause });
  } finally {
    loading = undefined;
  }
}

/** Throws an Error before `loadPrices` has resolved. */
export function priceLibrary(): Library {
  if (library === undefined) throw new Error('a price was asked for before loadPrices() had resolved');
  return library;
}
