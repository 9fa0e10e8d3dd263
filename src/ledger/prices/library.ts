// `@pydantic/genai-prices`, whose table takes a tenth of the program's start to read: it is loaded when prices are first needed.
type Library = typeof import('@pydantic/genai-prices');

let library: Library | undefined;
let loading: Promise<void> | undefined;

/** Resolves when prices can be computed; undefined where they already can. Rejects where the package is not installed. */
export function loadPrices(): Promise<void> | undefined {
  if (library !== undefined) return undefined;
  loading ??= import('@pydantic/genai-prices').then((loaded) => {
    library = loaded;
  });
  return loading;
}

/** Throws an Error before `loadPrices` has resolved. */
export function priceLibrary(): Library {
  if (library === undefined) throw new Error('a price was asked for before loadPrices() had resolved');
  return library;
}
