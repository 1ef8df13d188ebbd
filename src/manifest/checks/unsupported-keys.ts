/** Keys of MANIFEST.md that this release does not know yet, wherever they stand. */
const unsupportedKeys: ReadonlySet<string> = new Set(['refresh'])

/** Whether a key is one of MANIFEST.md that this release does not know yet, rather than a mistake. */
export function isUnsupportedKey(key: string): boolean {
  return unsupportedKeys.has(key)
}
