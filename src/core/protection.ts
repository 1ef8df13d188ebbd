/** Of a declaration only: the database knows nothing of it. The ledger keeps it, so that it outlives the stanza. */
export interface Protection {
  readonly protect?: true
}

/** Whether a declaration, of today or as the ledger has it, refuses that its object is dropped or replaced. */
export function isProtected(declared: unknown): boolean {
  return typeof declared === 'object' && declared !== null && 'protect' in declared && declared.protect === true
}
