// `protect: true`, which refuses that an object is dropped or replaced.

/** Exists in declarations only, not in the catalog. The ledger keeps it, so that it outlives its stanza. */
export interface Protection {
  readonly protect?: true
}

/** Whether a declaration, current or from the ledger, is protected. */
export function isProtected(declared: unknown): boolean {
  return typeof declared === 'object' && declared !== null && 'protect' in declared && declared.protect === true
}
