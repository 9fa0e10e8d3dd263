// The word that stands for "no key".

/** Clients that require a key are given this one, which is neither a client's own nor a provider's. */
export const PLACEHOLDER_KEY = 'sluice';
