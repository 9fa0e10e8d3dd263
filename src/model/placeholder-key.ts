// The word that stands for "no key".

/** Given to clients that require a key; it is neither a client's own nor a provider's. */
export const PLACEHOLDER_KEY = 'sluice';
