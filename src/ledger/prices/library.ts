// `@pydantic/genai-prices`: reading its table takes a tenth of the program's start, so it is loaded when prices are first needed.
import { loadPackage } from '../../model/lazy-package.ts';

type Library = typeof import('@pydantic/genai-prices');

let library: Library | undefined;
let loading: Promise<void> | undefined;

/** Resolves when prices can be computed; undefined where they already can. Rejects as `loadPackage` does. */
export function loadPrices(): Promise<void> | undefined {
  if (library !== undefined) return undefined;
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  try {
    library = await loadPackage('the table of prices', () => import('@pydantic/genai-prices'));
  } finally {
    loading = undefined;
  }
}

/** Throws an Error before `loadPrices` has resolved. */
export function priceLibrary(): Library {
  if (library === undefined) throw new Error('a price was asked for before loadPrices() had resolved');
  return library;
}
