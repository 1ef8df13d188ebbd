// Keys that MANIFEST.md specifies, but this release does not support yet.

const unsupportedKeys: ReadonlySet<string> = new Set(['refresh'])

/** Whether a key is planned for a later release, rather than a mistake. */
export function isUnsupportedKey(key: string): boolean {
  return unsupportedKeys.has(key)
}
