/** Keys of MANIFEST.md that this release does not know yet, wherever they stand. */
const laterKeys: ReadonlySet<string> = new Set(['refresh'])

/** Whether a key is one of MANIFEST.md that this release does not know yet, rather than a mistake. */
export function isLater(key: string): boolean {
  return laterKeys.has(key)
}
