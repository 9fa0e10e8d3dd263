/**
 * What clients that require a key are given where there is none. It belongs to no one: neither a client's own key nor a
 * provider's.
 */
export const PLACEHOLDER_KEY = 'sluice';
